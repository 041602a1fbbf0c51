import { appendFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import { queueName, queuePrefix } from '../../batch/redis/keys.ts';
import { RedisRequestGate } from '../../batch/redis/request-gate.ts';
import { takeMeeting } from '../../batch/redis/taken-meeting.ts';
import { writeSeatsFile } from '../../proxy/seats-file.ts';

/** What one process of workers is to do; all that a meeting asks of Redis is real, its models are not. */
export interface SimulationOrder {
  readonly url: string;
  readonly workers: number;
  readonly atOnce: number;
  readonly leaseMs: number;
  /** From the end of one turn to the end of the next. */
  readonly turnMs: number;
  readonly turnBytes: number;
}

export type SimulationReport =
  | { readonly type: 'running'; readonly meetings: number }
  /** How long Redis took for a turn, in ms, since the last report. */
  | {
      readonly type: 'measured';
      readonly keptMs: readonly number[];
      readonly stalled: number;
      readonly lost: number;
    };

process.once('message', (order: SimulationOrder) => void simulate(order));

async function simulate({
  url,
  workers,
  atOnce,
  leaseMs,
  turnMs,
  turnBytes,
}: SimulationOrder): Promise<void> {
  const root = mkdtempSync(path.join(tmpdir(), 'colloquy-scale-'));
  process.once('exit', () => rmSync(root, { recursive: true, force: true }));
  let [running, stalled, lost] = [0, 0, 0];
  let keptMs: number[] = [];
  const line = `${JSON.stringify({ type: 'turn', text: 'x'.repeat(turnBytes) })}\n`;
  const hold = async (redis: Redis, gate: RedisRequestGate, id: string): Promise<void> => {
    const taken = await takeMeeting({
      ...{ redis, batch: 'scale', id, folder: root },
      onLost: () => lost++,
      onHalted: () => {},
    });
    if (taken.type !== 'taken') return;
    running++;
    const folder = path.join(taken.meeting.meetings, id);
    mkdirSync(folder, { recursive: true });
    writeSeatsFile(folder, { ports: { a: 1, b: 2 }, secrets: { a: 'a'.repeat(43), b: 'b'.repeat(43) } });
    for (let tokens = 0; ; tokens += 100) {
      await sleep(turnMs * (0.5 + Math.random()));
      (await gate.enter(new AbortController().signal))();
      appendFileSync(path.join(folder, 'journal.jsonl'), line);
      const began = performance.now();
      taken.meeting.poke({ tokens, cost: tokens / 1e6 });
      await taken.meeting.flush();
      keptMs.push(performance.now() - began);
    }
  };
  for (let at = 0; at < workers; at++) {
    const redis = new Redis(url, { maxRetriesPerRequest: null });
    const gate = new RedisRequestGate(redis, 'scale', { atOnce: 0, perMinute: 10_000_000 });
    const worker = new Worker<{ id: string }>(queueName, ({ data }) => hold(redis, gate, data.id), {
      ...{ connection: redis, prefix: queuePrefix, concurrency: atOnce, lockDuration: leaseMs },
      ...{ stalledInterval: leaseMs / 2, maxStalledCount: Number.MAX_SAFE_INTEGER },
    });
    worker.on('stalled', () => stalled++);
    worker.on('error', () => stalled++);
  }
  setInterval(() => process.send?.({ type: 'running', meetings: running } satisfies SimulationReport), 1_000);
  process.on('message', () => {
    process.send?.({ type: 'measured', keptMs, stalled, lost } satisfies SimulationReport);
    keptMs = [];
  });
}
