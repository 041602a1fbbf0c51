import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { coderSchema } from '../config/coder-schema.ts';
import { makeFolder, writeWhole } from '../pipelines/whole-file.ts';
import { ColloquyError } from '../wire/errors.ts';

const runSchema = z.object({
  v: z.literal(1),
  kind: z.literal('code'),
  /** `running` in a folder that nobody works in: it was killed. */
  state: z.enum(['running', 'interrupted', 'solved', 'written', 'failed', 'error']),
  startedAt: z.string(),
  endedAt: z.string().optional(),
  software: z.string(),
  task: z.string(),
  tests: z.string().optional(),
  out: z.string(),
  settings: coderSchema,
  error: z.string().optional(),
});
export type CodingRunRecord = z.infer<typeof runSchema>;

const kept = z.object({ key: z.string(), value: z.unknown() });

/**
 * What a coding task leaves behind, written as it happens: `run.json`, `task.md`, `plan.md`, what models were asked
 * in `exchanges/`, programs and how they did in `attempts/`, `prompts.md` and `events.jsonl`, `report.md` at the end.
 */
export class CodingFolder {
  readonly folder: string;
  #hasEvents = false;

  constructor(folder: string) {
    this.folder = folder;
  }

  static create(runs: string, run: CodingRunRecord): CodingFolder {
    const stamp = run.startedAt.replace(/[-:]|\..*/g, '').replace('T', '-');
    const made = new CodingFolder(path.join(runs, `${stamp}-code-${randomBytes(2).toString('hex')}`));
    made.writeRun(run);
    made.write('task.md', `${run.task.trimEnd()}\n`);
    if (run.tests !== undefined) made.write('tests.py', run.tests);
    return made;
  }

  /** Throws ColloquyError `no-run` where there is none, or it cannot be read. */
  readRun(): CodingRunRecord {
    const run = runSchema.safeParse(this.#readJson('run.json')).data;
    if (run) return run;
    throw new ColloquyError(
      `${this.folder} holds no coding task that can be gone on with: ${path.join(this.folder, 'run.json')} is missing or broken`,
      { code: 'no-run' },
    );
  }

  writeRun(run: CodingRunRecord): void {
    this.write('run.json', `${JSON.stringify(run, null, 2)}\n`);
  }

  /** A file of the run, whole or not at all. */
  write(name: string, text: string): void {
    const file = this.path(name);
    makeFolder(path.dirname(file));
    writeWhole(file, text);
  }

  path(name: string): string {
    return path.join(this.folder, name);
  }

  /** What was done before with the same `key` is not done again; undefined where it was not. */
  recall<T>(name: string, key: string): T | undefined {
    const found = kept.safeParse(this.#readJson(`${name}.json`)).data;
    return found?.key === key ? (found.value as T) : undefined;
  }

  keep(name: string, key: string, value: unknown): void {
    this.write(`${name}.json`, `${JSON.stringify({ key, value }, null, 2)}\n`);
  }

  appendEvent(event: object): void {
    const file = this.path('events.jsonl');
    // A line that a killed run left behind half written must not swallow the next.
    const isTorn = !this.#hasEvents && existsSync(file) && !readFileSync(file, 'utf8').endsWith('\n');
    this.#hasEvents = true;
    appendFileSync(file, `${isTorn ? '\n' : ''}${JSON.stringify(event)}\n`);
  }

  #readJson(name: string): unknown {
    try {
      return JSON.parse(readFileSync(this.path(name), 'utf8'));
    } catch {
      return undefined;
    }
  }
}

/** What something depends on, as one word. */
export function keyOf(...parts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
