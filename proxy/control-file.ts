import { randomBytes } from 'node:crypto';
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod/mini';
import { thisProcess, writePrivately } from './seats-file.ts';

/** Stands beside the journal as long as the meeting goes on, for its moderator. */
const controlFileName = 'control.json';

const controlFile = z.object({
  pid: z.number().check(z.int(), z.nonnegative()),
  processStart: z.optional(z.string()),
  host: z.string(),
  /** On this machine only. */
  port: z.number().check(z.int(), z.positive()),
  /** Of this meeting, and no other. */
  token: z.string().check(z.minLength(1)),
});
export type ControlFile = Readonly<z.infer<typeof controlFile>>;

/** Only the owner may read it: who knows the token may do anything with the meeting. Throws the system's error. */
export function writeControlFile(folder: string, file: Pick<ControlFile, 'port' | 'token'>): void {
  const content: ControlFile = { ...thisProcess(), ...file };
  writePrivately(path.join(folder, controlFileName), content);
}

/** Undefined where there is none that can be read. */
export function readControlFile(folder: string): ControlFile | undefined {
  try {
    return controlFile.parse(JSON.parse(readFileSync(path.join(folder, controlFileName), 'utf8')));
  } catch {
    return undefined;
  }
}

export function removeControlFile(folder: string): void {
  rmSync(path.join(folder, controlFileName), { force: true });
}

/** 128 bits: nobody guesses it. */
export function newControlToken(): string {
  return randomBytes(16).toString('hex');
}
