import path from 'node:path';
import type { PriceList } from '../config/prices.ts';
import { messageOf } from '../wire/errors.ts';
import { renderPrompts } from './prompts-document.ts';
import { renderReport } from './report.ts';
import type { Step } from './pipeline.ts';
import type { RunFolder } from './run-folder.ts';
import { readRunView } from './run-view.ts';
import type { RunEvent } from './run-options.ts';
import { writeWhole } from './whole-file.ts';

/** A page of many steps takes a while to make; nobody reads it more often than that. */
const intervalMs = 500;

/** `report.html` and `prompts.md` in the folder of a run, written again as it goes on. */
export class RunDocuments {
  readonly #folder: RunFolder;
  readonly #steps: readonly Step[];
  readonly #prices: PriceList;
  readonly #onProblem: (problem: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #hasFailed = false;

  constructor(
    folder: RunFolder,
    steps: readonly Step[],
    prices: PriceList,
    onProblem: (problem: string) => void,
  ) {
    this.#folder = folder;
    this.#steps = steps;
    this.#prices = prices;
    this.#onProblem = onProblem;
  }

  see({ type }: RunEvent): void {
    if (type === 'text' || type === 'restart' || type === 'status') return;
    this.#timer ??= setTimeout(() => this.#write(true), intervalMs).unref();
  }

  /** For the last time. */
  finish(): void {
    this.#write(false);
  }

  /** They are made from what is kept: the run does not need them. */
  #write(isRunning: boolean): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    try {
      const view = readRunView(this.#folder, this.#steps, { prices: this.#prices, isRunning });
      writeWhole(path.join(this.#folder.folder, 'report.html'), renderReport(view));
      writeWhole(path.join(this.#folder.folder, 'prompts.md'), renderPrompts(view));
    } catch (error) {
      if (!this.#hasFailed) this.#onProblem(`the report cannot be written: ${messageOf(error)}`);
      this.#hasFailed = true;
    }
  }
}
