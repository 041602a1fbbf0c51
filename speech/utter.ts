import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Engine, Utterance } from './engines.ts';
import { runProgram } from './run-program.ts';

/** A program that takes longer hangs: spd-say waits for ever where there is no sound. */
const startLimitMs = 30_000;
/** Slow readers manage a character in a tenth of a second, Chinese ones in a fifth. */
const characterLimitMs = 500;

/** Says it aloud, to its end. Rejects with the reason of `signal`, or with ColloquyError `speech-failed`. */
export async function sayAloud(engine: Engine, utterance: Utterance, signal: AbortSignal): Promise<void> {
  try {
    if (!engine.usesFile) return await runSteps(engine, utterance, signal);
    await withScratchFolder((folder) => runSteps(engine, utterance, signal, path.join(folder, 'turn.wav')));
  } catch (error) {
    if (signal.aborted && engine.hush) {
      await runProgram(engine.hush, AbortSignal.timeout(startLimitMs), 2_000).catch(() => {});
    }
    throw error;
  }
}

/** Has it in `file`, a WAV. Rejects as `sayAloud` does. */
export async function writeSpeech(
  engine: Engine,
  utterance: Utterance,
  file: string,
  signal: AbortSignal,
): Promise<void> {
  await runSteps(engine, utterance, signal, file);
}

/** A folder that only its owner reads, gone when `use` is done. */
export async function withScratchFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(path.join(tmpdir(), 'colloquy-speech-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runSteps(
  engine: Engine,
  utterance: Utterance,
  signal: AbortSignal,
  file?: string,
): Promise<void> {
  const limitMs = startLimitMs + characterLimitMs * utterance.text.length;
  for (const step of engine.steps(utterance, file)) await runProgram(step, signal, limitMs);
}
