import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { readJson, writeWhole } from './whole-file.ts';

const entrySchema = z.object({ output: z.string() });

/** What was written by steps of other runs, by what they depended on. */
export class StepCache {
  readonly #folder: string;

  constructor(runs: string) {
    this.#folder = path.join(runs, '.cache');
  }

  read(key: string): string | undefined {
    return readJson(this.#file(key), entrySchema)?.output;
  }

  /** Throws ColloquyError `run-failed`. */
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
