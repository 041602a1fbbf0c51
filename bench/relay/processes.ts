import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { accessSync, constants, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net, { type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** The path of a program; servers of Debian are in /usr/sbin, which not everybody searches. */
export function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), '/usr/sbin'];
  return folders
    .map((folder) => path.join(folder, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Leaves the benchmark with one sentence where a program is missing. */
export function requireProgram(name: string, debianPackage: string): string {
  const found = findProgram(name);
  if (found !== undefined) return found;
  console.error(`${name} is not installed: apt-get install ${debianPackage}`);
  process.exit(1);
}

export interface Server {
  readonly pid: number;
  /** Resolves with the exit code, or null where a signal ended it. */
  readonly ended: Promise<number | null>;
  readonly stderr: NodeJS.ReadableStream;
  /** SIGTERM, and after `graceMs` SIGKILL. */
  stop(graceMs?: number): Promise<number | null>;
}

/** Starts a program, on one processor if asked; `taskset` becomes that program, so the pid is its own. */
export function startServer(command: readonly string[], options: { readonly core?: number } = {}): Server {
  const { core } = options;
  const pinned =
    core === undefined || !findProgram('taskset') ? command : ['taskset', '-c', String(core), ...command];
  const [program, ...args] = pinned as [string, ...string[]];
  const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', resolve);
  });
  ended.catch(() => {});
  const killWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', killWithUs);
  void ended.finally(() => process.off('exit', killWithUs));
  child.stderr.resume();
  return {
    pid: child.pid ?? 0,
    ended,
    stderr: child.stderr,
    stop: (graceMs = 10_000) => stopChild(child, ended, graceMs),
  };
}

async function stopChild(
  child: ChildProcess,
  ended: Promise<number | null>,
  graceMs: number,
): Promise<number | null> {
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  return ended.finally(() => clearTimeout(timer));
}

/** Puts this process and all its threads on one processor. */
export function pinMyself(core: number): void {
  spawnSync('taskset', ['-a', '-c', '-p', String(core), String(process.pid)]);
}

/** Processor time that a process has used, user and system, in seconds. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // utime and stime, in ticks of 10 ms on every Linux there is. Source: proc(5).
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Time that a processor had nothing to do since the machine was started, in seconds. */
export function idleSeconds(core: number): number {
  const line = new RegExp(`^cpu${core} (.*)$`, 'm').exec(readFileSync('/proc/stat', 'latin1'))?.[1] ?? '';
  // Fields idle and iowait, in the same ticks. Source: proc(5).
  const [, , , idle, iowait] = line.split(' ').map(Number);
  return ((idle ?? 0) + (iowait ?? 0)) / 100;
}

/** Memory of a process that is in use, in MiB; undefined when it is gone. */
export function residentMiB(pid: number): number | undefined {
  try {
    return Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]) / 1024;
  } catch {
    return undefined;
  }
}

export async function freePort(): Promise<number> {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Resolves with a connection as soon as something listens there. */
export async function connectTo(port: number, patienceMs = 10_000): Promise<net.Socket> {
  const until = performance.now() + patienceMs;
  for (;;) {
    const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
    const error = await new Promise<Error | undefined>((resolve) => {
      socket.once('connect', () => resolve(undefined));
      socket.once('error', resolve);
    });
    if (!error) return socket;
    if (performance.now() > until) throw error;
    await sleep(20);
  }
}

/** A folder that is gone when this process is. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'colloquy-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));
  return folder;
}
