import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import type { Exchange } from './module.ts';

const recordSchema = z.object({
  v: z.literal(1),
  state: z.enum(['done', 'skipped', 'failed']),
  key: z.string(),
  startedAt: z.string(),
  ms: z.number(),
  attempts: z.number(),
  fromCache: z.boolean(),
  error: z.string().optional(),
});

/** What became of a step. */
export type StepRecord = z.infer<typeof recordSchema>;

const runSchema = z.object({
  v: z.literal(1),
  pipeline: z.string(),
  request: z.string().optional(),
  startedAt: z.string(),
  software: z.string(),
});
export type RunRecord = z.infer<typeof runSchema>;

/**
 * What a run leaves behind: `run.json`, the pipeline, the files it made in `output/`, and for each step a folder with
 * `step.json`, `output.md` and what was asked of models. A step counts as done when its `step.json` is there.
 */
export class RunFolder {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  static create(runs: string, run: RunRecord, pipelineText: string): RunFolder {
    const stamp = run.startedAt.replace(/[-:]|\..*/g, '').replace('T', '-');
    const folder = path.join(runs, `${stamp}-${run.pipeline}-${randomBytes(2).toString('hex')}`);
    mkdirSync(path.join(folder, 'output'), { recursive: true });
    writeFileSync(path.join(folder, 'pipeline.yml'), pipelineText);
    writeWhole(path.join(folder, 'run.json'), JSON.stringify(run, null, 2));
    return new RunFolder(folder);
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

  get outputFolder(): string {
    return path.join(this.folder, 'output');
  }

  get pipelineFile(): string {
    return path.join(this.folder, 'pipeline.yml');
  }

  /** Of one step; it is there from now on. */
  stepFolder(step: string): string {
    const folder = path.join(this.folder, 'steps', step);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  readStep(step: string): { record: StepRecord; output: string } | undefined {
    const folder = path.join(this.folder, 'steps', step);
    const record = readJson(path.join(folder, 'step.json'), recordSchema);
    if (!record) return undefined;
    const output = path.join(folder, 'output.md');
    return { record, output: existsSync(output) ? readFileSync(output, 'utf8') : '' };
  }

  /** The output first: whoever is killed in between has not finished the step. */
  writeStep(step: string, record: StepRecord, output: string): void {
    const folder = this.stepFolder(step);
    if (record.state === 'done') writeWhole(path.join(folder, 'output.md'), output);
    writeWhole(path.join(folder, 'step.json'), JSON.stringify(record, null, 2));
  }

  /** As they happen, so that nothing that was paid for is lost. */
  writeExchange(step: string, exchange: Exchange): void {
    const folder = path.join(this.stepFolder(step), 'exchanges');
    mkdirSync(folder, { recursive: true });
    const name = `${String(readdirSync(folder).length + 1).padStart(3, '0')}.json`;
    writeWhole(path.join(folder, name), JSON.stringify(exchange, null, 2));
  }
}

/** What was written by steps of other runs, by what they depended on. */
export class StepCache {
  readonly #folder: string;

  constructor(runs: string) {
    this.#folder = path.join(runs, '.cache');
  }

  read(key: string): string | undefined {
    return readJson(this.#file(key), z.object({ output: z.string() }))?.output;
  }

  write(key: string, output: string): void {
    mkdirSync(this.#folder, { recursive: true });
    writeWhole(this.#file(key), JSON.stringify({ output }));
  }

  #file(key: string): string {
    return path.join(this.#folder, `${key}.json`);
  }
}

/** What an output depends on, as one word. */
export function keyOf(parts: unknown): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}

function readJson<T>(file: string, schema: z.ZodType<T>): T | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return schema.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

/** Half a file must never be taken for one. Throws ColloquyError `run-failed`. */
function writeWhole(file: string, text: string): void {
  const draft = `${file}.${randomBytes(4).toString('hex')}.draft`;
  try {
    writeFileSync(draft, text);
    renameSync(draft, file);
  } catch (error) {
    throw new ColloquyError(`${file} cannot be written: ${messageOf(error)}`, {
      code: 'run-failed',
      cause: error,
    });
  }
}
