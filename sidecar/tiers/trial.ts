import { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { messageOf } from '../../wire/errors.ts';
import type { Launch, Limits } from './tier.ts';

/** How long a trial may take: a cold disk, and a machine that is busy. */
const trialMs = 20_000;

/** What a trial sandbox gets: enough for an interpreter, and nothing it would miss. */
export const trialLimits: Limits = {
  seconds: 10,
  cpuSeconds: 10,
  memoryMiB: 512,
  outputKiB: 64,
  processes: 32,
  openFiles: 128,
  diskMiB: 16,
};

/** Imports what the driver cannot do without and some distributions package apart. */
export const trialProgram = 'import ast, asyncio, json, resource, subprocess; print("ready")';

export interface Trial {
  /** Whether `trialProgram` ran to its end. */
  readonly isReady: boolean;
  /** What it wrote to stderr, or why it did not start. */
  readonly complaint: string;
}

/** Starts what a launch describes and lets it run to its end, to see whether it can be used. Never rejects. */
export async function runTrial(launch: Launch): Promise<Trial> {
  try {
    return await runToEnd(launch);
  } catch (error) {
    return { isReady: false, complaint: messageOf(error) };
  } finally {
    launch.onEnded?.();
  }
}

/** Rejects when there is no such program, or the user may not be changed to. */
async function runToEnd(launch: Launch): Promise<Trial> {
  const descriptors = launch.descriptors ?? [];
  const child = spawn(launch.file, launch.args, {
    env: { ...launch.env },
    cwd: launch.cwd ?? '/',
    ...(launch.uid === undefined ? {} : { uid: launch.uid, gid: launch.gid ?? launch.uid }),
    stdio: ['ignore', 'pipe', 'pipe', ...descriptors.map(() => 'pipe' as const)],
    timeout: trialMs,
    killSignal: 'SIGKILL',
  });
  descriptors.forEach((content, index) => {
    const pipe = child.stdio[3 + index] as Writable | undefined;
    pipe?.on('error', () => {});
    pipe?.end(content);
  });
  let output = '';
  let complaint = '';
  child.stdout?.on('data', (piece: Buffer) => (output += piece.toString()));
  child.stderr?.on('data', (piece: Buffer) => (complaint += piece.toString()));
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  const ending = `it ended with ${signal ?? `exit code ${code ?? '?'}`}`;
  return { isReady: output.trim() === 'ready', complaint: complaint.trim() || ending };
}
