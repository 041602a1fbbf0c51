import { spawn, spawnSync } from 'node:child_process';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { programPath } from '../../config/paths.ts';
import { findProgram, freePort } from './processes.ts';

/** One run, as relaybench reports it. */
export type Run = { readonly round: number; readonly cell: string; readonly relay: string } & {
  readonly ok: boolean;
  /** The host took processor time away. */
  readonly noisy?: boolean;
  readonly err?: string;
  readonly [key: string]: unknown;
};

export interface GeneratorOptions {
  /** Where compare.mjs and relaybench.c are. */
  readonly folder: string;
  readonly scratch: string;
  /** A run is repeated when the host took away more of its time than so many percent. */
  readonly calm: number;
  /** More flags for the proxy. */
  readonly proxyFlags: string;
}

/** Why there is nothing to measure with. */
export function whyNoGenerator(folder: string): string | undefined {
  if (!existsSync(path.join(folder, 'compare.mjs')) || !existsSync(path.join(folder, 'relaybench.c'))) {
    return `no load generator in ${folder}: say where compare.mjs and relaybench.c are with --generator DIR`;
  }
  if (!findProgram('cc')) return 'no C compiler: apt-get install gcc libc6-dev';
  if (!findProgram('taskset')) return 'taskset is not installed: apt-get install util-linux';
  return undefined;
}

/** Compiles relaybench. Returns what the compiler had to say where it failed. */
export function compile({ folder, scratch }: GeneratorOptions): string | undefined {
  mkdirSync(scratch, { recursive: true });
  const source = path.join(scratch, 'relaybench.c');
  copyFileSync(path.join(folder, 'relaybench.c'), source);
  const args = ['-O2', '-std=gnu11', '-o', path.join(scratch, 'relaybench'), source];
  const { status, stderr } = spawnSync('cc', args, { encoding: 'utf8' });
  return status === 0 ? undefined : `relaybench.c does not compile: ${stderr}`;
}

/** Runs every relay in every cell, in turn, for so many rounds; each relay is started afresh for each run. */
export async function measure(
  options: GeneratorOptions,
  plan: { cells: readonly string[]; relays: readonly string[]; rounds: number; seconds: number },
  onProgress: (runs: number) => void,
): Promise<Run[]> {
  const { folder, scratch, proxyFlags, calm } = options;
  const results = path.join(scratch, 'results.jsonl');
  const journals = path.join(scratch, 'journals');
  rmSync(results, { force: true });
  mkdirSync(journals, { recursive: true });
  const ports = [await freePort(), await freePort()] as const;
  const launcher = path.join(scratch, 'launch.sh');
  writeFileSync(launcher, launchScript(journals, ports, proxyFlags));
  const child = spawn(
    process.execPath,
    [
      ...[path.join(folder, 'compare.mjs'), '--work', scratch, '--out', results, '--nosummary', 'yes'],
      ...['--proxy', `colloquy=sh ${launcher}`, '--ports', ports.join(',')],
      ...['--cells', plan.cells.join(','), '--relays', plan.relays.join(',')],
      ...['--rounds', String(plan.rounds), '--secs', String(plan.seconds)],
      ...['--calm', String(calm)],
    ],
    // A group of its own, to end it with the relay it runs just then.
    { stdio: ['ignore', 'ignore', 'pipe'], detached: true },
  );
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  let isOver = false;
  void ended.then(() => (isOver = true));
  const killAll = (): void => void (child.pid !== undefined && process.kill(-child.pid, 'SIGKILL'));
  process.once('exit', killAll);
  while (!isOver) {
    await Promise.race([ended, sleep(50)]);
    removeLeftJournals(journals);
    onProgress(readRuns(results).length);
  }
  process.off('exit', killAll);
  if ((await ended) !== 0) throw new Error(`compare.mjs failed: ${reasonOf(complaints)}`);
  return readRuns(results);
}

/** The sentence of the error that ended it: another comparison that runs has the same ports, for instance. */
function reasonOf(complaints: string): string {
  return /^\w*Error: (.*)$/m.exec(complaints)?.[1] ?? complaints.trim();
}

/**
 * What starts the proxy becomes the proxy, and so does its pid: the generator reads memory and processor
 * time there. Each start keeps its journals in a folder of that name.
 */
function launchScript(journals: string, [a, b]: readonly [number, number], flags: string): string {
  const proxy = `"${process.execPath}" "${programPath}" proxy -q -M 0 --port-a ${a} --port-b ${b}`;
  return `exec ${proxy} --transcripts "${journals}/$$" ${flags}\n`;
}

/** A run may write gigabytes. */
function removeLeftJournals(journals: string): void {
  for (const pid of readdirSync(journals)) {
    if (!existsSync(`/proc/${pid}`)) rmSync(path.join(journals, pid), { recursive: true, force: true });
  }
}

function readRuns(results: string): Run[] {
  if (!existsSync(results)) return [];
  const lines = readFileSync(results, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Run);
}
