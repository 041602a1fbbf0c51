import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { visibleLine } from '../journal/render/visible-controls.ts';
import { ColloquyError } from '../wire/errors.ts';

/** One program to be run: its arguments are handed over as they are, there is no shell. */
export interface Step {
  readonly program: string;
  readonly args: readonly string[];
  /** What is written to its stdin, in UTF-8. */
  readonly input: string;
  /** What it writes to stderr when it has failed although it leaves with code 0. */
  readonly complaint?: { readonly pattern: RegExp; readonly meaning: string };
}

/** How long a program that was told to end may take. */
const killGraceMs = 500;
const longestStderrCharacters = 4_000;

/**
 * Runs it to its end. It has a process group of its own, so that a Ctrl-C of the terminal, which may mean
 * something else, does not reach it, and so that what it starts ends with it.
 *
 * Rejects with the reason of `signal` as soon as the program is gone, or with ColloquyError `speech-failed`,
 * also after `limitMs`.
 */
export async function runProgram(step: Step, signal: AbortSignal, limitMs: number): Promise<void> {
  signal.throwIfAborted();
  const { program, args, input } = step;
  const child = spawn(program, args, { stdio: ['pipe', 'ignore', 'pipe'], detached: true });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-longestStderrCharacters);
  });
  // A program may end without having read all of it.
  child.stdin.on('error', () => {});
  child.stdin.end(input);

  let isLate = false;
  const stop = (): void => endGroup(child);
  const timer = setTimeout(() => {
    isLate = true;
    stop();
  }, limitMs);
  signal.addEventListener('abort', stop, { once: true });
  // Nobody is left who could stop it later.
  const killAtExit = (): void => kill(child, 'SIGKILL');
  process.once('exit', killAtExit);
  try {
    const { code, killedBy } = await endOf(child, program);
    signal.throwIfAborted();
    const why = isLate
      ? `did not end within ${Math.round(limitMs / 1_000)} s`
      : killedBy
        ? `was killed by ${killedBy}`
        : code !== 0
          ? `left with code ${code}`
          : step.complaint?.pattern.test(stderr)
            ? step.complaint.meaning
            : undefined;
    if (why !== undefined) throw failure(`${program} ${why}${lastLine(stderr)}`);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
    process.off('exit', killAtExit);
  }
}

type Child = ChildProcessByStdio<Writable, null, Readable>;

function endOf(
  child: Child,
  program: string,
): Promise<{ code: number | null; killedBy: NodeJS.Signals | null }> {
  return new Promise((resolve, reject) => {
    child.once('error', (error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'ENOENT' ? 'is not there' : `cannot be started (${error.code ?? error.message})`;
      reject(failure(`${program} ${why}`));
    });
    // Not "close": what it leaves behind may hold its stderr open.
    child.once('exit', (code, killedBy) => setImmediate(() => resolve({ code, killedBy })));
  });
}

/** Politely first: spd-say has to tell its server. */
function endGroup(child: Child): void {
  if (child.exitCode !== null || child.signalCode !== null) return;
  kill(child, 'SIGTERM');
  const timer = setTimeout(() => kill(child, 'SIGKILL'), killGraceMs);
  child.once('exit', () => {
    clearTimeout(timer);
    kill(child, 'SIGKILL');
  });
}

function kill(child: Child, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // All of them have left.
  }
}

function lastLine(stderr: string): string {
  const line = stderr.trimEnd().split('\n').at(-1)?.trim() ?? '';
  return line === '' ? '' : `: ${visibleLine(line).slice(0, 200)}`;
}

function failure(message: string): ColloquyError {
  return new ColloquyError(message, { code: 'speech-failed' });
}
