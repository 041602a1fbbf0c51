import { writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DelayedError, UnrecoverableError, WaitingError, Worker, type Job } from 'bullmq';
import type { Redis } from 'ioredis';
import type { CreateTranscriptWriter } from '../../proxy/record.ts';
import type { Viewer } from '../../proxy/viewer.ts';
import { ColloquyError, messageOf } from '../../wire/errors.ts';
import { holdJob, isFailure, type HoldOptions, type Outcome, type PreparedJob } from '../hold-job.ts';
import { countSpent, type CostOfTurn } from '../local-holder.ts';
import { readTally, type Tally } from '../tally.ts';
import { batchKeys, queueName, queuePrefix } from './keys.ts';
import { refuseScript } from './scripts.ts';
import { shippedMeeting, type ShippedMeeting } from './shipment.ts';
import { diskTrouble, takeMeeting, type TakenMeeting } from './taken-meeting.ts';

/** A meeting as this machine can hold it. */
export interface WorkersJob {
  readonly prepared: PreparedJob;
  readonly costOfTurn: CostOfTurn;
  readonly prices: NonNullable<HoldOptions['environment']['prices']>;
  readonly politeMs: number;
}

export interface MeetingWorkerOptions {
  readonly redis: Redis;
  /** Meetings at a time. */
  readonly atOnce: number;
  /** How long a worker may be silent until its meetings are given to others. Milliseconds. */
  readonly leaseMs: number;
  /** Rejects with ColloquyError where this machine cannot hold it. */
  readonly prepare: (meeting: ShippedMeeting) => Promise<WorkersJob>;
  /** For the journals of the meetings that are being held. */
  readonly folder: string;
  readonly environment: Pick<HoldOptions['environment'], 'software' | 'log'>;
  readonly watch?: Viewer;
  readonly onEvent: (event: WorkerEvent) => void;
}

export type WorkerEvent =
  | { readonly type: 'begun'; readonly batch: string; readonly id: string; readonly isResumed: boolean }
  | {
      readonly type: 'ended';
      readonly batch: string;
      readonly id: string;
      /** `done`, `failed`, `again`, `back`, `open` or `lost`. */
      readonly kind: string;
      readonly reason: string;
    }
  /** This machine cannot hold meetings of a batch; others may. Said once. */
  | { readonly type: 'unfit'; readonly batch: string; readonly reason: string }
  /** No word of Redis for so long that others may hold what this one holds. */
  | { readonly type: 'cut-off'; readonly meetings: number }
  /** A file that code has made is too much for Redis. */
  | { readonly type: 'unkept'; readonly batch: string; readonly id: string; readonly file: string }
  | { readonly type: 'trouble'; readonly sentence: string };

/** Why a meeting is left in the middle. */
type Leaving = 'halted' | 'stopping' | 'cut-off' | 'lost';

/** What is wrong with the machine and not with the meeting. */
const unfitness: ReadonlySet<string> = new Set([
  'no-key',
  'foreign-address',
  'other-version',
  'bad-config',
  'runs-no-code',
  'other-limits',
  'cannot-keep',
]);

interface Unfit {
  readonly type: 'unfit';
  readonly reason: string;
}

function isUnfit(error: unknown): boolean {
  return error instanceof ColloquyError && unfitness.has(error.code);
}

/** Throws what is no fault of the machine. */
function unfit(error: unknown): Unfit {
  if (!isUnfit(error)) throw error;
  return { type: 'unfit', reason: messageOf(error) };
}

/** As much as the first lines of a journal. */
const probeBytes = 64 * 1024;

/** How long a place stays empty that cannot hold what it was given, so that those who can come first. */
const unfitMs = 10_000;
/** After so long, others are given what one could not hold. */
const passOnMs = 1_000;

/** Of the lease, after which nothing more is begun that may be somebody else's by now. */
const patience = 0.75;

/** Transcripts are made where the results are collected. */
const noTranscripts: CreateTranscriptWriter = () => ({ poke() {}, finish: () => Promise.resolve() });

/** Takes meetings from the queue and holds them, so many at a time. */
export class MeetingWorker {
  readonly #options: MeetingWorkerOptions;
  readonly #worker: Worker<unknown, string>;
  /** By batch, those that are held here. */
  readonly #held = new Map<AbortController, string>();
  readonly #stop = new AbortController();
  readonly #subscriber: Redis;
  #heardAtMs = performance.now();
  #isCutOff = false;
  /** What was complained of last. */
  #trouble = '';
  /** By batch, what was said last. */
  readonly #refusals = new Map<string, string>();
  #closing: Promise<void> | undefined;
  #giveUp: () => void = () => {};
  #clock: NodeJS.Timeout | undefined;

  constructor(options: MeetingWorkerOptions) {
    this.#options = options;
    const { redis, atOnce, leaseMs } = options;
    this.#worker = new Worker<unknown, string>(queueName, (job, token) => this.#process(job, token ?? ''), {
      connection: redis,
      prefix: queuePrefix,
      concurrency: atOnce,
      lockDuration: leaseMs,
      stalledInterval: Math.max(1_000, leaseMs / 2),
      // However often workers die, it is no fault of the meeting.
      maxStalledCount: Number.MAX_SAFE_INTEGER,
      autorun: false,
    });
    this.#worker.on('error', (error) => this.#complain(error));
    this.#worker.on('locksRenewed', () => (this.#heardAtMs = performance.now()));
    this.#worker.on('ready', () => (this.#trouble = ''));
    this.#subscriber = redis.duplicate();
    this.#subscriber.on('error', () => {});
  }

  /**
   * Resolves when it was stopped: it has handed back what it held, or has had no word of Redis for a whole lease, so
   * that others go on with it anyway.
   */
  async run(): Promise<'handed-back' | 'cut-off'> {
    const { leaseMs } = this.#options;
    this.#subscriber.on('pmessage', (_, channel: string) => {
      const batch = channel.slice('colloquy:batch:'.length, -':halt'.length);
      this.#leave('halted', (of) => of === batch);
    });
    // Redis may be gone already: who is halted learns it with the next turn, too.
    this.#subscriber.psubscribe('colloquy:batch:*:halt').catch((error: unknown) => this.#complain(error));
    this.#clock = setInterval(() => this.#listen(), leaseMs / 8);
    const handedBack = this.#worker.run().then(() => this.#closing);
    const ending = await Promise.race([
      handedBack.then(() => 'handed-back' as const),
      new Promise<'cut-off'>((resolve) => (this.#giveUp = () => resolve('cut-off'))),
    ]);
    clearInterval(this.#clock);
    this.#subscriber.disconnect();
    return ending;
  }

  /** Takes no other meeting; those that are held here stop after the turn that is being written. */
  stop(): void {
    if (this.#stop.signal.aborted) return;
    this.#stop.abort();
    this.#leave('stopping');
    this.#closing = this.#worker.close().catch((error: unknown) => this.#complain(error));
  }

  get held(): number {
    return this.#held.size;
  }

  async #process(job: Job<unknown, string>, token: string): Promise<string> {
    const { redis, folder, onEvent } = this.#options;
    // It was on its way here when this worker was told to stop.
    if (this.#stop.signal.aborted) return handBack(job, token);
    const shipped = shippedMeeting.parse(job.data);
    const { batch, id } = shipped;
    const polite = new AbortController();
    this.#held.set(polite, batch);
    let meeting: TakenMeeting | undefined;
    try {
      const onLost = (): void => polite.abort('lost' satisfies Leaving);
      const onHalted = (): void => polite.abort('halted' satisfies Leaving);
      const onUnkept = (file: string): void => onEvent({ type: 'unkept', batch, id, file });
      const taken = await takeMeeting({ redis, batch, id, folder, onLost, onHalted, onUnkept }).catch(unfit);
      if (taken.type === 'unfit') {
        this.#held.delete(polite);
        return await this.#passOn(job, token, taken.reason);
      }
      if (taken.type !== 'taken') return taken.type;
      meeting = taken.meeting;
      const held = await this.#hold(shipped, meeting, polite.signal);
      if (held.type === 'unfit') {
        this.#held.delete(polite);
        if (!(await meeting.settle('back', held.reason))) throw new Error('another worker has taken it');
        return await this.#passOn(job, token, held.reason);
      }
      const outcome = held;
      const kind = meeting.isLost ? 'lost' : kindOf(outcome, polite.signal.reason as Leaving, job);
      const reason = outcome.type === 'interrupted' ? '' : outcome.reason;
      const isOurs = kind !== 'lost' && (await meeting.settle(kind, reason));
      onEvent({ type: 'ended', batch, id, kind: isOurs ? kind : 'lost', reason });
      if (kind === 'lost' || !isOurs) throw new Error('another worker has taken it');
      if (kind === 'back') return await handBack(job, token);
      if (kind === 'again') throw new Error(reason);
      if (kind === 'failed') throw new UnrecoverableError(reason);
      return kind;
    } finally {
      this.#held.delete(polite);
      meeting?.discard();
    }
  }

  /** Gives a meeting to others that cannot be held here, and was settled. Rejects always, as the queue has it. */
  async #passOn(job: Job<unknown, string>, token: string, reason: string): Promise<never> {
    const { redis, onEvent } = this.#options;
    const { batch } = shippedMeeting.parse(job.data);
    await job.moveToDelayed(Date.now() + passOnMs, token);
    if (this.#refusals.get(batch) !== reason) {
      this.#refusals.set(batch, reason);
      onEvent({ type: 'unfit', batch, reason });
      const sentence = `a worker on ${os.hostname()} leaves this batch to others: ${reason}`;
      await refuseScript.run(redis, [batchKeys(batch).batch], [sentence]);
    }
    await sleep(unfitMs, undefined, { signal: this.#stop.signal }).catch(() => {});
    throw new DelayedError();
  }

  async #hold(shipped: ShippedMeeting, meeting: TakenMeeting, polite: AbortSignal): Promise<Outcome | Unfit> {
    const { prepare, environment, onEvent, watch } = this.#options;
    const { batch, id } = shipped;
    const { meetings } = meeting;
    try {
      const before = await readTally(path.join(meetings, id));
      if (before?.stop) return outcomeOf(before.stop);
      const { prepared, costOfTurn, prices, politeMs } = await prepare(shipped);
      onEvent({ type: 'begun', batch, id, isResumed: before !== undefined });
      const nothing = { tokens: 0, cost: 0 };
      const count = countSpent(
        before ?? nothing,
        (turn) => costOfTurn(turn, prepared),
        (spent) => meeting.poke(spent),
      );
      meeting.poke(before ?? nothing);
      const outcome = await holdJob(prepared, {
        ...{ id, transcripts: meetings, polite, politeMs },
        environment: { ...environment, prices, createTranscriptWriter: noTranscripts },
        watch: (event) => {
          count(event);
          meeting.poke();
          watch?.(event);
        },
        streams: false,
      });
      await meeting.flush();
      const trouble = outcome.type === 'failed' ? await this.#lookAtDisk(path.join(meetings, id)) : undefined;
      return trouble === undefined ? outcome : { type: 'unfit', reason: trouble };
    } catch (error) {
      if (isUnfit(error)) return unfit(error);
      return { type: 'failed', reason: messageOf(error), retryable: false };
    }
  }

  /** What is wrong with it where a meeting could not even be begun; it is no fault of the meeting. */
  async #lookAtDisk(meeting: string): Promise<string | undefined> {
    if (await readTally(meeting)) return undefined;
    try {
      writeFileSync(path.join(meeting, '..', 'probe'), Buffer.alloc(probeBytes), { flush: true });
      return undefined;
    } catch (error) {
      return diskTrouble(this.#options.folder, error);
    }
  }

  /** Whoever does not hear of Redis for long must suppose that others hold its meetings. */
  #listen(): void {
    const { redis, leaseMs, onEvent } = this.#options;
    void redis.ping().then(
      () => {
        this.#heardAtMs = performance.now();
        this.#isCutOff = false;
      },
      () => {},
    );
    const silentMs = performance.now() - this.#heardAtMs;
    if (this.#stop.signal.aborted && silentMs > leaseMs) this.#giveUp();
    if (this.#isCutOff || silentMs < leaseMs * patience) return;
    this.#isCutOff = true;
    onEvent({ type: 'cut-off', meetings: this.#held.size });
    this.#leave('cut-off');
  }

  #leave(why: Leaving, isMeant: (batch: string) => boolean = () => true): void {
    for (const [polite, batch] of this.#held) if (isMeant(batch)) polite.abort(why);
  }

  #complain(error: unknown): void {
    // A lock that another has now: it was said already what became of the meeting.
    if (/lock|not in the active state|another worker/i.test(messageOf(error))) return;
    const sentence = messageOf(error);
    // The same again and again, as long as Redis is away.
    if (sentence !== this.#trouble) this.#options.onEvent({ type: 'trouble', sentence });
    this.#trouble = sentence;
  }
}

/** For the next worker that is free. */
async function handBack(job: Job<unknown, string>, token: string): Promise<never> {
  await job.moveToWait(token);
  throw new WaitingError();
}

function kindOf(outcome: Outcome, leaving: Leaving, job: Job): 'done' | 'failed' | 'open' | 'back' | 'again' {
  if (outcome.type === 'done') return 'done';
  if (outcome.type === 'interrupted') return leaving === 'halted' ? 'open' : 'back';
  const isLast = job.attemptsMade + 1 >= (job.opts.attempts ?? 1);
  return outcome.retryable && !isLast ? 'again' : 'failed';
}

/** Whoever held it last had come to its end, and no further. */
function outcomeOf({ reason, detail }: NonNullable<Tally['stop']>): Outcome {
  if (!isFailure(reason)) return { type: 'done', reason };
  return { type: 'failed', reason: detail ?? reason, retryable: true };
}
