import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ProgramOutcome, Project } from '../sidecar/project/project.ts';
import { ColloquyError } from '../wire/errors.ts';

export interface EditorRunOptions {
  /** The sandbox to run in, which stays open; without one, the best of this machine is opened for this run. */
  readonly project?: Project;
  /** Wall time. Default: 60. */
  readonly seconds?: number;
  readonly signal?: AbortSignal;
  /** What the program prints, as it comes. */
  readonly onOutput?: (text: string) => void;
}

/**
 * A program in Python that is edited by lines, which count from 1; ranges include both ends. Text may hold several
 * lines; a newline at its end makes no line of its own. What does not exist cannot be edited: ColloquyError `no-line`.
 */
export class CodeEditor {
  #lines: readonly string[];
  readonly #past: (readonly string[])[] = [];
  readonly #future: (readonly string[])[] = [];

  constructor(source = '') {
    this.#lines = linesOf(source);
  }

  /** The whole program, with a newline at its end; empty where there are no lines. */
  get source(): string {
    return this.#lines.map((line) => `${line}\n`).join('');
  }

  get lineCount(): number {
    return this.#lines.length;
  }

  /** Puts text before `line`; without it, or with the number after the last, at the end. */
  add(text: string, line = this.lineCount + 1): this {
    if (!Number.isInteger(line) || line < 1 || line > this.lineCount + 1) {
      throw noLine(`line ${line} cannot be added`, `lines can be added at 1 to ${this.lineCount + 1}`);
    }
    return this.#become(this.#lines.toSpliced(line - 1, 0, ...linesOf(text)));
  }

  /** Puts text in the place of lines. */
  change(first: number, last: number, text: string): this {
    this.#check(first, last);
    return this.#become(this.#lines.toSpliced(first - 1, last - first + 1, ...linesOf(text)));
  }

  delete(first: number, last = first): this {
    this.#check(first, last);
    return this.#become(this.#lines.toSpliced(first - 1, last - first + 1));
  }

  /** Lines with their numbers, for people and for models: `12 | print(x)`. */
  display(first = 1, last = this.lineCount): string {
    if (this.lineCount === 0) return '';
    this.#check(first, last);
    const width = String(last).length;
    return this.#lines
      .slice(first - 1, last)
      .map((line, index) => `${String(first + index).padStart(width)} | ${line}\n`)
      .join('');
  }

  /** Takes the last change back. False: there is none. */
  undo(): boolean {
    return this.#step(this.#past, this.#future);
  }

  /** Makes a change again that was taken back. False: there is none. */
  redo(): boolean {
    return this.#step(this.#future, this.#past);
  }

  /** Runs the program in the sandbox. Rejects with ColloquyError `no-tier` where there is none. */
  async run(options: EditorRunOptions = {}): Promise<ProgramOutcome> {
    const { seconds = 60, signal = new AbortController().signal, onOutput } = options;
    const folder = mkdtempSync(path.join(tmpdir(), 'colloquy-editor-'));
    const project = options.project ?? (await openDefaultProject());
    try {
      writeFileSync(path.join(folder, 'main.py'), this.source);
      return await project.run({
        folder,
        entry: 'main.py',
        seconds,
        signal,
        ...(onOutput ? { onOutput } : {}),
      });
    } finally {
      if (!options.project) await project.close();
      rmSync(folder, { recursive: true, force: true });
    }
  }

  #become(lines: readonly string[]): this {
    this.#past.push(this.#lines);
    this.#future.length = 0;
    this.#lines = lines;
    return this;
  }

  #step(from: (readonly string[])[], to: (readonly string[])[]): boolean {
    const lines = from.pop();
    if (!lines) return false;
    to.push(this.#lines);
    this.#lines = lines;
    return true;
  }

  #check(first: number, last: number): void {
    const range = first === last ? `line ${first} does` : `lines ${first} to ${last} do`;
    const there = this.lineCount === 0 ? 'there are no lines' : `there are lines 1 to ${this.lineCount}`;
    const isWhole = Number.isInteger(first) && Number.isInteger(last);
    if (!isWhole || first < 1 || last > this.lineCount) throw noLine(`${range} not exist`, there);
    if (last < first)
      throw noLine(`lines ${first} to ${last} are no range`, 'the first comes before the last');
  }
}

async function openDefaultProject(): Promise<Project> {
  const { proxySchema } = await import('../config/schema.ts');
  const { openProject } = await import('../sidecar/project/project.ts');
  return openProject({ config: proxySchema.parse({}).execution });
}

function linesOf(text: string): readonly string[] {
  if (text === '') return [];
  const lines = text.split(/\r\n|\n|\r/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

function noLine(what: string, instead: string): ColloquyError {
  return new ColloquyError(`${what}: ${instead}`, { code: 'no-line' });
}
