import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { batchKeys, queueName, queuePrefix } from '../batch/redis/keys.ts';
import type { SimulationOrder, SimulationReport } from './scale/simulated-workers.ts';

// Very many meetings at a time on one Redis: what they ask of it is real (queue, locks, journals, usage, gates); the
// models, which are what a meeting waits for, are not.
const { values } = parseArgs({
  options: {
    meetings: { type: 'string', default: '100,1000,3000,10000' },
    /** Milliseconds between two turns of a meeting. */
    'turn-ms': { type: 'string', default: '10000' },
    'turn-bytes': { type: 'string', default: '1000' },
    'per-worker': { type: 'string', default: '100' },
    seconds: { type: 'string', default: '30' },
    port: { type: 'string', default: '7399' },
  },
});
const [turnMs, turnBytes, perWorker, seconds, port] = [
  values['turn-ms'],
  values['turn-bytes'],
  values['per-worker'],
  values.seconds,
  values.port,
].map(Number) as [number, number, number, number, number];
const processes = 4;
const url = `redis://127.0.0.1:${port}`;

console.log(`a turn of ${turnBytes} bytes every ${turnMs / 1_000} s, ${perWorker} meetings a worker`);
console.log(
  'meetings  workers  turns/s  commands/s  a turn kept in (ms, median, 99 %)  Redis: processor, MiB  connections  stalled, lost',
);
for (const meetings of values.meetings.split(',').map(Number)) await simulate(meetings);

async function simulate(meetings: number): Promise<void> {
  const folder = mkdtempSync(path.join(tmpdir(), 'colloquy-scale-'));
  const server = spawn('redis-server', ['--bind', '127.0.0.1', '--port', String(port), '--save', ''], {
    cwd: folder,
    stdio: 'ignore',
  });
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  redis.on('error', () => {});
  const children: ChildProcess[] = [];
  try {
    await redis.ping();
    await redis.hset(batchKeys('scale').batch, { tokens: 0, cost: 0 });
    const queue = new Queue<{ id: string }>(queueName, { connection: redis, prefix: queuePrefix });
    for (let at = 0; at < meetings; at += 1_000) {
      const some = Array.from({ length: Math.min(1_000, meetings - at) }, (_, of) => ({
        name: 'meeting',
        data: { id: `m${at + of}` },
      }));
      await queue.addBulk(some);
    }
    const workers = Math.ceil(meetings / perWorker);
    const order: SimulationOrder = {
      ...{ url, turnMs, turnBytes, leaseMs: 30_000 },
      ...{ workers: Math.ceil(workers / processes), atOnce: perWorker },
    };
    const running: number[] = [];
    for (let at = 0; at < processes; at++) {
      const child = fork(path.join(import.meta.dirname, 'scale', 'simulated-workers.js'));
      children.push(child);
      child.on('message', (report: SimulationReport) => {
        if (report.type === 'running') running[at] = report.meetings;
      });
      child.send(order);
    }
    while (running.reduce((sum, each) => sum + each, 0) < meetings) await sleep(200);
    await sleep(turnMs);
    await Promise.all(children.map(measure));
    const [info, beganMs] = [await readInfo(redis), performance.now()];
    await sleep(seconds * 1_000);
    const later = await readInfo(redis);
    const elapsed = (performance.now() - beganMs) / 1_000;
    const reports = await Promise.all(children.map(measure));
    const keptMs = reports.flatMap((report) => report.keptMs).sort((one, other) => one - other);
    const stalled = reports.reduce((sum, each) => sum + each.stalled, 0);
    const lost = reports.reduce((sum, each) => sum + each.lost, 0);
    const rate = (key: string): number => (Number(later[key]) - Number(info[key])) / elapsed;
    const cpu = rate('used_cpu_user') + rate('used_cpu_sys');
    const at = (part: number): string => (keptMs[Math.floor(keptMs.length * part)] ?? 0).toFixed(1);
    console.log(
      [
        String(meetings).padStart(8),
        String(order.workers * processes).padStart(9),
        (keptMs.length / elapsed).toFixed(0).padStart(9),
        rate('total_commands_processed').toFixed(0).padStart(12),
        `${at(0.5)}, ${at(0.99)}`.padStart(36),
        `${(cpu * 100).toFixed(0)} %, ${(Number(later['used_memory']) / 1_048_576).toFixed(0)}`.padStart(23),
        String(later['connected_clients']).padStart(13),
        `${stalled}, ${lost}`.padStart(15),
      ].join(''),
    );
    await queue.close();
  } finally {
    for (const child of children) child.kill('SIGTERM');
    redis.disconnect();
    server.kill('SIGKILL');
    await once(server, 'exit');
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(child: ChildProcess): Promise<Extract<SimulationReport, { type: 'measured' }>> {
  const answered = new Promise<Extract<SimulationReport, { type: 'measured' }>>((resolve) => {
    const hear = (report: SimulationReport): void => {
      if (report.type !== 'measured') return;
      child.off('message', hear);
      resolve(report);
    };
    child.on('message', hear);
  });
  child.send('measure');
  return answered;
}

async function readInfo(redis: Redis): Promise<Readonly<Record<string, string>>> {
  const text = await redis.info();
  return Object.fromEntries(text.split('\r\n').map((line) => line.split(':', 2)) as [string, string][]);
}
