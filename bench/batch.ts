import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Redis } from 'ioredis';
import { programPath } from '../config/paths.ts';

// Meetings a minute, against -j in one process and against the number of workers on a Redis; with speakers that answer at
// once, where the machine is what is waited for, and with some that write as slowly as a quick model.
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    port: { type: 'string', default: '7398' },
    jobs: { type: 'string', default: '1,2,4,8,16,32,64' },
    workers: { type: 'string', default: '1,2,4' },
    'per-worker': { type: 'string', default: '8' },
  },
});
const rounds = Number(values.rounds);
const perWorker = Number(values['per-worker']);
const turns = 10;
/** A turn of a built-in speaker has about forty characters: so many a second are one turn in 0.4 s. */
const quickModel = 100;
const folder = mkdtempSync(path.join(tmpdir(), 'colloquy-bench-'));
const children: ChildProcess[] = [];

try {
  console.log(`meetings of ${turns} turns a minute, median of ${rounds}`);
  console.log('                       at once   as a quick model');
  for (const jobs of values.jobs.split(',').map(Number)) {
    await row(`batch run -j ${jobs}`, jobs, (name) => hold(name, ['-j', String(jobs)]));
  }
  const url = `redis://127.0.0.1:${values.port}`;
  const server = start('redis-server', ['--bind', '127.0.0.1', '--port', values.port, '--save', '']);
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  redis.on('error', () => {});
  await redis.ping();
  redis.disconnect();
  for (const count of values.workers.split(',').map(Number)) {
    const workers = Array.from({ length: count }, () =>
      start(process.execPath, [programPath, 'worker', '--redis', url, '-j', String(perWorker), '--quiet']),
    );
    await sleep(1_500);
    const jobs = count * perWorker;
    await row(`${count} × worker -j ${perWorker}`, jobs, (name) => hold(name, ['--redis', url]));
    for (const worker of workers) worker.kill('SIGTERM');
    await Promise.all(workers.map((worker) => once(worker, 'exit')));
  }
  server.kill('SIGKILL');
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** Each figure over about 10 s, so that starting the program weighs little. */
async function row(label: string, jobs: number, measure: (name: string) => Promise<number>): Promise<void> {
  const figures: string[] = [];
  for (const [speed, meetings] of [
    [0, 120],
    [quickModel, Math.max(4, jobs * 3)],
  ] as const) {
    const rates: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const name = `b${speed}-${label.replace(/\W+/g, '')}-${round}`;
      write(name, speed, meetings);
      rates.push((meetings * 60_000) / (await measure(name)));
    }
    rates.sort((one, other) => one - other);
    figures.push((rates[Math.floor(rates.length / 2)] ?? 0).toFixed(0));
  }
  console.log(`${label.padEnd(20)}${figures[0]?.padStart(10)}${figures[1]?.padStart(19)}`);
}

function write(name: string, speed: number, meetings: number): void {
  for (const service of ['eliza', 'parry']) {
    writeFileSync(
      path.join(folder, `${service}-${speed}.yml`),
      `service: ${service}\ncharacters_per_second: ${speed}\n`,
    );
  }
  writeFileSync(
    path.join(folder, `${name}.yml`),
    `name: ${name}
personas: { a: [eliza], b: [parry] }
services: { a: [{ config: eliza-${speed}.yml }], b: [{ config: parry-${speed}.yml }] }
repeat: ${meetings}
settings: [{ max_messages: ${turns}, loops: 'off' }]
`,
  );
}

/** Milliseconds, from the start of the first meeting to the last transcript. */
async function hold(name: string, flags: readonly string[]): Promise<number> {
  const child = start(process.execPath, [programPath, 'batch', 'run', `${name}.yml`, ...flags]);
  const meetings = path.join(folder, 'batches', name, 'meetings');
  const [code] = (await once(child, 'exit')) as [number];
  const endMs = Date.now();
  if (code !== 0) throw new Error(`${name} ended with ${code}`);
  const begins = readdirSync(meetings).map((id) => firstTimeMs(path.join(meetings, id, 'journal.jsonl')));
  return endMs - Math.min(...begins);
}

function firstTimeMs(journal: string): number {
  if (!existsSync(journal)) throw new Error(`${journal} is missing`);
  const [line = ''] = readFileSync(journal, 'utf8').split('\n', 1);
  return Date.parse((JSON.parse(line) as { t: string }).t);
}

function start(command: string, args: readonly string[]): ChildProcess {
  const child = spawn(command, args, { cwd: folder, stdio: 'ignore' });
  children.push(child);
  return child;
}
