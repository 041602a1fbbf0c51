import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { randomBytes } from 'node:crypto';
import { ColloquyError } from '../wire/errors.ts';
import type { Exchange } from './module.ts';
import {
  exchangeSchema,
  runSchema,
  stepSchema,
  workSchema,
  type KeptExchange,
  type KeptWork,
  type RunRecord,
  type StepRecord,
} from './run-records.ts';
import { makeFolder, readJson, writeWhole } from './whole-file.ts';

/**
 * What a run leaves behind: `run.json`, the pipeline, the files it made in `output/`, and for each step a folder with
 * `step.json`, `output.md` and what was asked of models. A step is done when its `step.json` says so and its
 * `output.md` is there.
 */
export class RunFolder {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Throws ColloquyError `run-failed` where the folder cannot be made. */
  static create(runs: string, run: RunRecord, pipelineText: string): RunFolder {
    const stamp = run.startedAt.replace(/[-:]|\..*/g, '').replace('T', '-');
    const folder = new RunFolder(
      path.join(runs, `${stamp}-${run.pipeline}-${randomBytes(2).toString('hex')}`),
    );
    makeFolder(folder.outputFolder);
    writeWhole(folder.pipelineFile, pipelineText);
    folder.writeRun(run);
    return folder;
  }

  /** Throws ColloquyError `no-run` where there is none, or it cannot be read. */
  readRun(): RunRecord {
    const file = path.join(this.folder, 'run.json');
    const read = readJson(file, runSchema);
    if (read === undefined) {
      throw new ColloquyError(
        `${this.folder} holds no run that can be gone on with: ${file} is missing or broken`,
        {
          code: 'no-run',
        },
      );
    }
    return read;
  }

  writeRun(run: RunRecord): void {
    writeWhole(path.join(this.folder, 'run.json'), JSON.stringify(run, null, 2));
  }

  get outputFolder(): string {
    return path.join(this.folder, 'output');
  }

  get pipelineFile(): string {
    return path.join(this.folder, 'pipeline.yml');
  }

  /** The run goes on with another text; the one before is kept as `pipeline.1.yml`, `pipeline.2.yml` … */
  replacePipeline(text: string): void {
    const before = existsSync(this.pipelineFile) ? readFileSync(this.pipelineFile, 'utf8') : '';
    for (let count = 1; before !== ''; count++) {
      const kept = path.join(this.folder, `pipeline.${count}.yml`);
      if (existsSync(kept)) continue;
      writeWhole(kept, before);
      break;
    }
    writeWhole(this.pipelineFile, text);
  }

  /** Of one step; it is there from now on. */
  stepFolder(step: string): string {
    const folder = path.join(this.folder, 'steps', step);
    makeFolder(folder);
    return folder;
  }

  readStep(step: string): { record: StepRecord; output: string } | undefined {
    const folder = path.join(this.folder, 'steps', step);
    const record = readJson(path.join(folder, 'step.json'), stepSchema);
    if (!record) return undefined;
    const file = path.join(folder, 'output.md');
    if (existsSync(file)) return { record, output: readFileSync(file, 'utf8') };
    return record.state === 'done' ? undefined : { record, output: '' };
  }

  /** The output first: whoever is killed in between has not finished the step. */
  writeStep(step: string, record: StepRecord, output: string): void {
    const folder = this.stepFolder(step);
    if (record.state === 'done') writeWhole(path.join(folder, 'output.md'), output);
    writeWhole(path.join(folder, 'step.json'), JSON.stringify(record, null, 2));
  }

  /**
   * Keeps what is being asked before it is answered, so that nothing that is paid for is lost; what is returned
   * writes the answer over it.
   */
  beginExchange(step: string, exchange: Exchange): (exchange: Exchange) => void {
    const folder = this.#exchangesFolder(step);
    makeFolder(folder);
    const last = exchangeNames(folder).at(-1);
    const number = last === undefined ? 1 : Number.parseInt(last, 10) + 1;
    const file = path.join(folder, `${String(number).padStart(3, '0')}.json`);
    const write = (text: Exchange): void => writeWhole(file, JSON.stringify(text, null, 2));
    write(exchange);
    return write;
  }

  /** What a step has asked, in its order; what cannot be read is left out. */
  readExchanges(step: string): readonly KeptExchange[] {
    const folder = this.#exchangesFolder(step);
    if (!existsSync(folder)) return [];
    return exchangeNames(folder).flatMap((name) => {
      const exchange = readJson(path.join(folder, name), exchangeSchema);
      return exchange === undefined ? [] : [exchange];
    });
  }

  /** What the attempt at a step that goes on has done so far: the value of its n-th piece of work, and what it depends on. */
  readWork(step: string, number: number): KeptWork | undefined {
    return readJson(this.#workFile(step, number), workSchema);
  }

  /** Throws ColloquyError `run-failed`. */
  writeWork(step: string, number: number, work: KeptWork): void {
    makeFolder(this.#workFolder(step));
    writeWhole(this.#workFile(step, number), JSON.stringify(work, null, 2));
  }

  /** Another attempt at a step begins with nothing done. */
  clearWork(step: string): void {
    rmSync(this.#workFolder(step), { recursive: true, force: true });
  }

  /** Halves of files that somebody who was killed has left. */
  removeDrafts(): void {
    const steps = path.join(this.folder, 'steps');
    const names = existsSync(steps) ? readdirSync(steps) : [];
    const folders = names.flatMap((name) => [
      path.join(steps, name),
      this.#exchangesFolder(name),
      this.#workFolder(name),
    ]);
    for (const folder of [this.folder, ...folders].filter((each) => existsSync(each))) {
      for (const name of readdirSync(folder)) {
        if (name.endsWith('.draft')) rmSync(path.join(folder, name), { force: true });
      }
    }
  }

  #exchangesFolder(step: string): string {
    return path.join(this.folder, 'steps', step, 'exchanges');
  }

  #workFolder(step: string): string {
    return path.join(this.folder, 'steps', step, 'work');
  }

  #workFile(step: string, number: number): string {
    return path.join(this.#workFolder(step), `${String(number).padStart(3, '0')}.json`);
  }
}

function exchangeNames(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /^\d+\.json$/.test(name))
    .sort((one, other) => Number.parseInt(one, 10) - Number.parseInt(other, 10));
}
