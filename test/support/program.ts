import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { programPath } from '../../config/paths.ts';

/** The built program, as a user starts it. */
export class Program {
  readonly child: ChildProcessWithoutNullStreams;
  stdout = '';
  stderr = '';
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  #wake = new Set<() => void>();

  constructor(command: string, args: readonly string[], options: { cwd: string; env?: NodeJS.ProcessEnv }) {
    // No settings, keys or folders of the person who runs the tests.
    const { PATH, HOME } = process.env;
    const env = { PATH, HOME, NO_COLOR: '1', ...options.env };
    this.child = spawn(command, args, { cwd: options.cwd, env, stdio: 'pipe' });
    this.child.stdin.on('error', () => {});
    this.child.stdout.setEncoding('utf8').on('data', (text: string) => this.#hear('stdout', text));
    this.child.stderr.setEncoding('utf8').on('data', (text: string) => this.#hear('stderr', text));
    this.ended = new Promise((resolve) => {
      this.child.once('close', (code, signal) => {
        resolve({ code, signal });
        for (const wake of this.#wake) wake();
      });
    });
    onTestFinished(() => void this.child.kill('SIGKILL'));
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Resolves with the match as soon as `pattern` is found in what was written. */
  async until(pattern: RegExp, where: 'stdout' | 'stderr' = 'stdout'): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this[where]);
      if (match) return match;
      if (this.child.exitCode !== null || this.child.signalCode !== null) {
        throw new Error(
          `ended before ${String(pattern)} came\nstdout: ${this.stdout}\nstderr: ${this.stderr}`,
        );
      }
      await new Promise<void>((resolve) => this.#wake.add(resolve));
    }
  }

  #hear(where: 'stdout' | 'stderr', text: string): void {
    this[where] += text;
    for (const wake of this.#wake) wake();
  }
}

export function colloquy(cwd: string, ...args: string[]): Program {
  return new Program(process.execPath, [programPath, ...args], { cwd });
}

/** Runs it to its end. */
export async function run(
  cwd: string,
  ...args: string[]
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const program = colloquy(cwd, ...args);
  program.child.stdin.end();
  const { code } = await program.ended;
  return { code, stdout: program.stdout, stderr: program.stderr };
}

/** The processes that `pid` has started, and those that they have. Source: proc(5). */
export function descendantsOf(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => {
      try {
        const stat = readFileSync(path.join('/proc', name, 'stat'), 'utf8');
        return { pid: Number(name), parent: Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) };
      } catch {
        return undefined;
      }
    })
    .filter((process) => process !== undefined);
  const children = parents.filter(({ parent }) => parent === pid).map((child) => child.pid);
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}

/** Whether a process is there and no zombie. */
function isAlive(pid: number): boolean {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return false;
  try {
    const stat = readFileSync(file, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3) !== 'Z';
  } catch {
    return false;
  }
}

/** Resolves when none of them is left; rejects after `limitMs`, naming those that are. */
export async function untilGone(pids: readonly number[], limitMs: number): Promise<void> {
  const end = performance.now() + limitMs;
  while (pids.some(isAlive)) {
    if (performance.now() > end) throw new Error(`still there: ${pids.filter(isAlive).join(', ')}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
