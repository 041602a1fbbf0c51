import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Queue } from 'bullmq';
import type { Redis } from 'ioredis';
import { journalFileName } from '../../journal/journal.ts';
import { visibleLine } from '../../journal/render/visible-controls.ts';
import { readSeatsFile, seatsToShip } from '../../proxy/seats-file.ts';
import { ColloquyError, messageOf } from '../../wire/errors.ts';
import type { StopReason } from '../../wire/types.ts';
import type { Job } from '../expand.ts';
import type { Outcome } from '../hold-job.ts';
import type { HoldingOptions, Home, MeetingHolder, Spent } from '../holder.ts';
import { readTally } from '../tally.ts';
import { Homecoming, readFinished, type Finished } from './homecoming.ts';
import { batchKeys, meetingKeys, queueId, queueName, queuePrefix } from './keys.ts';
import { MeetingFiles } from './meeting-files.ts';
import { forgetOutcomeScript, haltScript, openScript, putScript } from './scripts.ts';
import { Parts, readBatch, type ShippedBatch, type ShippedMeeting } from './shipment.ts';

export interface RemoteHolderOptions {
  /** Is disconnected in the end. */
  readonly redis: Redis;
  readonly batch: string;
  readonly shared: ShippedBatch;
  /** Tries of one meeting after the first. */
  readonly retries: number;
  /** Puts what meetings have in common where workers find it. */
  readonly ship: (job: Job, parts: Parts) => Promise<Omit<ShippedMeeting, 'batch' | 'id'>>;
  /** Makes the transcripts of a journal that is there. */
  readonly render: (folder: string) => Promise<void>;
  /** From now on, workers may hold meetings. */
  readonly onSend?: () => void;
  readonly onTrouble: (sentence: string) => void;
}

interface Waiting {
  readonly job: Job;
  readonly options: HoldingOptions;
  readonly settle: (outcome: Outcome) => void;
}

/** How often Redis is asked what has become of meetings. */
const lookMs = 500;
/** How often the queue is told of all that is awaited: what it knows already changes nothing. */
const remindMs = 60_000;
/** How often it is asked, once the batch is halted, whether those who hold meetings are still there. */
const releaseMs = 1_000;
/** How often Redis is asked how many workers there are. */
const countMs = 2_000;
/** The first try again is after so long, the next ones after twice as long. */
const backoffMs = 2_000;
const atATime = 500;

/** Has meetings held by the workers on a Redis, and brings home what they have written. */
export class RemoteHolder implements MeetingHolder {
  readonly #options: RemoteHolderOptions;
  readonly #keys: ReturnType<typeof batchKeys>;
  #parts: Parts;
  readonly #queue: Queue;
  readonly #homecoming: Homecoming;
  readonly #waiting = new Map<string, Waiting>();
  readonly #unsent: Waiting[] = [];
  #clock: NodeJS.Timeout | undefined;
  #looking: Promise<void> | undefined;
  #remindedAtMs = performance.now();
  #releasedAtMs = performance.now();
  #isHalted = false;
  #trouble = '';
  /** What was said last of a worker that cannot hold these meetings. */
  #refusal: string | null = null;
  #workers: number | undefined;
  #countedAtMs = -Infinity;
  /** As many as there are: the workers decide how many are held at a time. */
  readonly atOnce = Number.MAX_SAFE_INTEGER;
  /** The queue's affair. */
  readonly retries = 0;

  constructor(options: RemoteHolderOptions) {
    this.#options = options;
    this.#keys = batchKeys(options.batch);
    this.#parts = new Parts(options.redis, options.batch);
    this.#homecoming = new Homecoming(options);
    this.#queue = new Queue(queueName, { connection: options.redis, prefix: queuePrefix });
    this.#queue.on('error', () => {});
  }

  get workers(): number | undefined {
    return this.#workers;
  }

  /** Rejects with ColloquyError `batch-taken` where the name is somebody else's. */
  async fetch(home: Home): Promise<void> {
    const { redis, batch, shared } = this.#options;
    const there = await readBatch(redis, batch);
    if (there && there.owner !== shared.owner) {
      throw new ColloquyError(
        `a batch named ${batch} is on this Redis already, put there from ${there.owner}; give this one another name`,
        { code: 'batch-taken' },
      );
    }
    while ((await this.#collect(home)) > 0);
  }

  async begin(spent: Spent): Promise<void> {
    this.#homecoming.startFrom(spent);
    this.#options.onSend?.();
    await this.#open();
    this.#clock = setInterval(() => this.#look(), lookMs);
  }

  hold(job: Job, options: HoldingOptions): Promise<Outcome> {
    return new Promise((settle) => {
      const waiting: Waiting = { job, options, settle };
      this.#waiting.set(job.id, waiting);
      this.#unsent.push(waiting);
      const halt = (): void => {
        this.#halt('stopped').catch((error: unknown) => this.#complain(messageOf(error)));
      };
      if (options.polite.aborted) halt();
      else options.polite.addEventListener('abort', halt, { once: true });
    });
  }

  /** Leaves Redis as it was, where nothing of the batch is left to be done there. */
  async end(isAll: boolean): Promise<void> {
    clearInterval(this.#clock);
    await this.#looking;
    if (isAll) await this.#forget();
    await this.#queue.close();
    this.#options.redis.disconnect();
  }

  async #open(): Promise<void> {
    const { redis, shared } = this.#options;
    const { batch, spent } = this.#keys;
    const { tokens, cost } = this.#homecoming.spent;
    await openScript.run(redis, [batch, spent], [tokens, cost, ...Object.entries(shared).flat()]);
  }

  /** Redis has forgotten everything: what is not at home is put there again. */
  async #openAgain(): Promise<void> {
    const { redis, batch, onTrouble } = this.#options;
    onTrouble('Redis has lost the batch; what was not brought home yet is held anew');
    this.#parts = new Parts(redis, batch);
    await this.#open();
    this.#remind();
  }

  #look(): void {
    this.#looking ??= this.#lookOnce()
      .then(() => {
        this.#trouble = '';
      })
      .catch((error: unknown) => this.#complain(messageOf(error)))
      .finally(() => (this.#looking = undefined));
  }

  /** Once, however often it is met with. */
  #complain(trouble: string): void {
    if (trouble !== this.#trouble) this.#options.onTrouble(trouble);
    this.#trouble = trouble;
  }

  async #lookOnce(): Promise<void> {
    const { redis } = this.#options;
    if (!(await redis.exists(this.#keys.batch))) await this.#openAgain();
    if (!this.#isHalted) await this.#send();
    await this.#lookAtWorkers();
    const [first] = this.#waiting.values();
    if (!first) return;
    while ((await this.#collect(first.options)) === atATime);
    const [spent, running] = await Promise.all([
      redis.hgetall(this.#keys.spent),
      redis.smembers(this.#keys.running),
    ]);
    const isRunning = new Set(running);
    for (const [id, { options }] of this.#waiting) {
      if (isRunning.has(id)) options.onBegun();
      else options.onHandedBack();
    }
    for (const [id, each] of spentById(spent)) this.#waiting.get(id)?.options.onSpent(each);
    if (this.#isHalted) {
      // Who is not running any more may have come to an end since: that is no interruption.
      while ((await this.#collect(first.options)) === atATime);
      await this.#dismiss(isRunning, spent);
      if (performance.now() - this.#releasedAtMs > releaseMs) await this.#release(running);
    } else if (await redis.hexists(this.#keys.batch, 'halted')) await this.#halt();
    else if (performance.now() - this.#remindedAtMs > remindMs) this.#remind();
  }

  async #lookAtWorkers(): Promise<void> {
    if (performance.now() - this.#countedAtMs < countMs) return;
    this.#countedAtMs = performance.now();
    // Some hosted Redis do not say who is connected.
    this.#workers = await this.#queue.getWorkersCount().catch(() => undefined);
    const refusal = await this.#options.redis.hget(this.#keys.batch, 'refused');
    if (refusal !== null && refusal !== this.#refusal) this.#options.onTrouble(refusal);
    this.#refusal = refusal;
  }

  /** Whatever the queue has lost, or the workers have left. */
  #remind(): void {
    this.#remindedAtMs = performance.now();
    this.#unsent.push(...this.#waiting.values());
  }

  async #send(): Promise<void> {
    while (this.#unsent.length > 0) {
      const some = this.#unsent.splice(0, atATime).filter(({ job }) => this.#waiting.has(job.id));
      await this.#queue.addBulk(await Promise.all(some.map((waiting) => this.#ship(waiting))));
    }
  }

  async #ship({ job, options }: Waiting): Promise<Parameters<Queue['addBulk']>[0][number]> {
    const { batch, ship, retries } = this.#options;
    const { meeting, journal } = meetingKeys(batch, job.id);
    await forgetOutcomeScript.run(this.#options.redis, [meeting, journal], []);
    await this.#putHalfDone(job.id, options.meetings);
    const data: ShippedMeeting = { batch, id: job.id, ...(await ship(job, this.#parts)) };
    return {
      name: 'meeting',
      data,
      opts: {
        jobId: queueId(batch, job.id),
        attempts: retries + 1,
        backoff: { type: 'exponential', delay: backoffMs, jitter: 0.5 },
        removeOnComplete: true,
        removeOnFail: true,
      },
    };
  }

  /** What was begun on this machine goes on wherever there is a worker. */
  async #putHalfDone(id: string, meetings: string): Promise<void> {
    const { redis, batch, onTrouble } = this.#options;
    const folder = path.join(meetings, id);
    const seats = readSeatsFile(folder);
    const tally = seats && (await readTally(folder));
    if (!seats || !tally || tally.stop) return;
    const { meeting, journal, files } = meetingKeys(batch, id);
    const made = [...new MeetingFiles(folder).changed()];
    const isPut = await putScript.run(
      redis,
      [meeting, journal, this.#keys.spent, this.#keys.batch, files],
      [
        id,
        seatsToShip(seats),
        readFileSync(path.join(folder, journalFileName)),
        tally.tokens,
        tally.cost,
        ...made.flatMap(({ name, bytes }) => (bytes ? [name, bytes] : [])),
      ],
    );
    if (isPut !== 1) return;
    for (const { name, bytes } of made) {
      if (!bytes)
        onTrouble(
          `${id}: ${visibleLine(name)} is too much for Redis; workers go on without it, and it stays here`,
        );
    }
  }

  /** Brings home what has come to an end; returns how many. */
  async #collect(home: Home): Promise<number> {
    const { redis } = this.#options;
    const entries = await redis.lrange(this.#keys.finished, 0, atATime - 1);
    for (const entry of entries) {
      const finished = readFinished(entry);
      if (finished) await this.#homecoming.bring(finished, home);
      else this.#complain(`Redis has ${entry.slice(0, 80)} for a meeting of the batch; it is dropped`);
      await redis.lrem(this.#keys.finished, 1, entry);
      if (!finished) continue;
      const waiting = this.#waiting.get(finished.id);
      if (!waiting) continue;
      if (finished.kind === 'open' && !this.#isHalted) {
        this.#unsent.push(waiting);
        continue;
      }
      this.#waiting.delete(finished.id);
      waiting.settle(outcomeOf(finished));
    }
    return entries.length;
  }

  /** No worker begins another meeting of the batch; those that hold one stop after the turn. */
  async #halt(reason?: string): Promise<void> {
    if (this.#isHalted) return;
    this.#isHalted = true;
    const { redis } = this.#options;
    if (reason !== undefined) {
      await haltScript.run(redis, [this.#keys.batch, this.#keys.halt], [reason]);
    }
    await this.#release([...this.#waiting.keys()]);
  }

  /**
   * Takes meetings out of the queue. Those that are being held cannot be taken out, and are awaited; whose worker has
   * died can be, as soon as its lease is over, though it never said that it holds them no more.
   */
  async #release(ids: readonly string[]): Promise<void> {
    const { redis, batch } = this.#options;
    this.#releasedAtMs = performance.now();
    const awaited = ids.filter((id) => this.#waiting.has(id));
    const codes = await Promise.all(
      awaited.map((id) => this.#queue.remove(queueId(batch, id)).catch(() => 0)),
    );
    const free = awaited.filter((_, at) => codes[at] === 1);
    if (free.length > 0) await redis.srem(this.#keys.running, ...free);
  }

  /** The batch was halted: who is not being held will not be. What was said in it comes home. */
  async #dismiss(running: ReadonlySet<string>, spent: Readonly<Record<string, string>>): Promise<void> {
    const known = spentById(spent);
    for (const [id, { options, settle }] of this.#waiting) {
      if (running.has(id)) continue;
      if (known.has(id)) await this.#homecoming.bring({ id, kind: 'open' }, options);
      this.#waiting.delete(id);
      settle({ type: 'interrupted' });
    }
  }

  async #forget(): Promise<void> {
    const { redis, batch } = this.#options;
    const { parts, spent, running, finished } = this.#keys;
    await redis.del(this.#keys.batch, parts, spent, running, finished);
    const stream = redis.scanStream({
      match: `${meetingKeys(escapeGlob(batch), '').meeting}*`,
      count: 1_000,
    });
    for await (const keys of stream as AsyncIterable<string[]>) if (keys.length > 0) await redis.del(keys);
  }
}

function outcomeOf({ kind, reason }: Finished): Outcome {
  if (kind === 'done') return { type: 'done', reason: reason as StopReason };
  return kind === 'open' ? { type: 'interrupted' } : { type: 'failed', reason, retryable: false };
}

/** A try that failed counts for its meeting. */
function spentById(spent: Readonly<Record<string, string>>): Map<string, Spent> {
  const all = new Map<string, Spent>();
  for (const [key, value] of Object.entries(spent)) {
    const [id = ''] = key.split('#');
    const [tokens = 0, cost = 0] = value.split(' ').map(Number);
    const before = all.get(id) ?? { tokens: 0, cost: 0 };
    all.set(id, { tokens: before.tokens + tokens, cost: before.cost + cost });
  }
  return all;
}

function escapeGlob(text: string): string {
  return text.replace(/[*?[\]\\]/g, '\\$&');
}
