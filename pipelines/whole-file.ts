import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import type * as z from 'zod';
import { ColloquyError, messageOf } from '../wire/errors.ts';

/** Undefined where there is no such file, or it holds something else. */
export function readJson<T>(file: string, schema: z.ZodType<T>): T | undefined {
  if (!existsSync(file)) return undefined;
  try {
    return schema.safeParse(JSON.parse(readFileSync(file, 'utf8'))).data;
  } catch {
    return undefined;
  }
}

/** Makes a folder where there is none. Throws ColloquyError `run-failed`. */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new ColloquyError(`${folder} cannot be made: ${messageOf(error)}`, {
      code: 'run-failed',
      cause: error,
    });
  }
}

/**
 * Writes a file so that nobody ever finds half of it, not after a power cut either. Throws ColloquyError `run-failed`,
 * and what was there before stays.
 */
export function writeWhole(file: string, text: string): void {
  const draft = `${file}.${randomBytes(4).toString('hex')}.draft`;
  try {
    const descriptor = openSync(draft, 'wx');
    try {
      const bytes = Buffer.from(text);
      for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(draft, file);
  } catch (error) {
    rmSync(draft, { force: true });
    throw new ColloquyError(`${file} cannot be written: ${messageOf(error)}`, {
      code: 'run-failed',
      cause: error,
    });
  }
}
