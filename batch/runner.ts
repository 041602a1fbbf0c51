import { setMaxListeners } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { journalFileName } from '../journal/journal.ts';
import { renderTranscripts } from '../journal/transcript-writer.ts';
import { removeSeatsFile } from '../proxy/seats-file.ts';
import { messageOf } from '../wire/errors.ts';
import type { Job } from './expand.ts';
import { isFailure, type Outcome } from './hold-job.ts';
import type { Home, MeetingHolder, Spent } from './holder.ts';
import type { BatchFolder } from './state.ts';
import { readTally, type Tally } from './tally.ts';

/** 0: no limit. */
export interface BatchLimits {
  readonly tokens: number;
  /** US dollars. */
  readonly cost: number;
  /** Over all runs of the batch. */
  readonly seconds: number;
}

export interface Progress {
  readonly total: number;
  readonly done: number;
  readonly running: number;
  /** Over, and read by judges now. */
  readonly judging: number;
  /** Processes elsewhere that take meetings; undefined where all are held in this one. */
  readonly workers: number | undefined;
  readonly failed: number;
  /** Of all meetings of the batch, those that failed and those that run with them. */
  readonly tokens: number;
  readonly cost: number;
  readonly elapsedMs: number;
  /** Undefined until a meeting has ended. */
  readonly leftMs: number | undefined;
}

export type BatchEvent =
  | { readonly type: 'found'; readonly done: number; readonly halfDone: number; readonly elsewhere: number }
  | { readonly type: 'done'; readonly id: string; readonly reason: string; readonly tally: Tally }
  | {
      readonly type: 'failed';
      readonly id: string;
      readonly reason: string;
      readonly triesLeft: number;
      readonly folder: string;
    }
  | { readonly type: 'limit'; readonly sentence: string };

export interface BatchOptions {
  readonly folder: BatchFolder;
  readonly jobs: readonly Job[];
  readonly holder: MeetingHolder;
  readonly limits: BatchLimits;
  /** What is done with the folder of a meeting as soon as it is held. Never rejects. */
  readonly judge?: (folder: string, polite: AbortSignal) => Promise<void>;
  readonly onEvent: (event: BatchEvent) => void;
}

export interface BatchResult {
  readonly progress: Progress;
  /** Not begun, or stopped in the middle. */
  readonly open: number;
  readonly failures: readonly { readonly id: string; readonly reason: string }[];
  /** The limit of the whole that was reached. */
  readonly limit?: string;
}

/** How often it is looked whether the disk takes something again. */
const diskMs = 250;

const nothing: Spent = { tokens: 0, cost: 0 };

/** Has the meetings of a batch held, so many at a time, and goes on with what an earlier run left. */
export class BatchRunner {
  readonly #options: BatchOptions;
  readonly #queue: Job[] = [];
  readonly #failures = new Map<string, string>();
  readonly #polite = new AbortController();
  /** What the meetings that run have said since they were looked at last. */
  readonly #live = new Map<string, Spent>();
  #liveSum: Spent = nothing;
  readonly #running = new Set<string>();
  #judging = 0;
  #limit: string | undefined;
  #done = 0;
  #doneHere = 0;
  #tokens = 0;
  #cost = 0;
  /** What is in the folder was counted. */
  #hasTakenStock = false;
  readonly #startedAtMs = performance.now();

  constructor(options: BatchOptions) {
    this.#options = options;
    // Every meeting listens to it.
    setMaxListeners(0, this.#polite.signal);
  }

  /** Resolves when all is held, or was stopped. */
  async run(): Promise<BatchResult> {
    const { holder } = this.#options;
    let isAll = false;
    try {
      await holder.fetch?.(this.#home);
      await this.#takeStock();
      await holder.begin?.({ tokens: this.#tokens, cost: this.#cost });
      await this.#holdAll();
      isAll = this.#done + this.#failures.size === this.#options.jobs.length;
    } finally {
      await holder.end?.(isAll);
    }
    const { progress } = this;
    const open = progress.total - progress.done - progress.failed;
    return {
      progress,
      open,
      failures: [...this.#failures].map(([id, reason]) => ({ id, reason })),
      ...(this.#limit === undefined ? {} : { limit: this.#limit }),
    };
  }

  async #holdAll(): Promise<void> {
    const clock = setInterval(() => this.#checkLimits(), 250);
    this.#checkLimits();
    const hands = Math.min(this.#options.holder.atOnce, this.#queue.length);
    try {
      await Promise.all(Array.from({ length: hands }, () => this.#work()));
    } finally {
      clearInterval(clock);
    }
  }

  /** Begins no other meeting; those that go on stop after the turn that is being written. False the second time. */
  stop(): boolean {
    if (this.#polite.signal.aborted) return false;
    this.#polite.abort();
    return true;
  }

  get progress(): Progress {
    const { jobs, folder } = this.#options;
    const left = jobs.length - this.#done - this.#failures.size;
    const perMeeting = (performance.now() - this.#startedAtMs) / this.#doneHere;
    return {
      total: jobs.length,
      done: this.#done,
      running: this.#running.size,
      judging: this.#judging,
      workers: this.#options.holder.workers,
      failed: this.#failures.size,
      tokens: this.#tokens + this.#liveSum.tokens,
      cost: this.#cost + this.#liveSum.cost,
      elapsedMs: folder.elapsedMs,
      leftMs: this.#doneHere === 0 ? undefined : perMeeting * left,
    };
  }

  /** What is there already. Meetings that were interrupted come first. */
  async #takeStock(): Promise<void> {
    const { jobs, folder, onEvent } = this.#options;
    const halfDone: Job[] = [];
    for (const job of jobs) {
      const own = path.join(folder.meetings, job.id);
      const tally = existsSync(own) ? await readTally(own) : undefined;
      // Killed before anybody had sat down.
      if (!tally) rmSync(own, { recursive: true, force: true });
      if (!tally) this.#queue.push(job);
      else if (!tally.stop) halfDone.push(job);
      else if (isFailure(tally.stop.reason)) {
        this.#setAside(job.id);
        this.#queue.push(job);
      } else {
        this.#add(tally);
        this.#done++;
        await complete(own);
      }
    }
    this.#queue.unshift(...halfDone);
    await this.#addFormerTries();
    this.#hasTakenStock = true;
    onEvent({ type: 'found', done: this.#done, halfDone: halfDone.length, elsewhere: this.#countOthers() });
    for (const job of halfDone) {
      const tally = await readTally(path.join(folder.meetings, job.id));
      if (tally) this.#setLive(job.id, tally);
    }
  }

  async #work(): Promise<void> {
    for (;;) {
      await this.#awaitDisk();
      const job = this.#polite.signal.aborted ? undefined : this.#queue.shift();
      if (!job) return;
      await this.#hold(job);
    }
  }

  /** As those do that are being held. */
  async #awaitDisk(): Promise<void> {
    const { signal } = this.#polite;
    while (!this.#options.folder.isWritable && !signal.aborted) {
      await sleep(diskMs, undefined, { signal }).catch(() => {});
    }
  }

  async #hold(job: Job): Promise<void> {
    const { folder, holder, onEvent } = this.#options;
    const { id } = job;
    const own = path.join(folder.meetings, id);
    let outcome: Outcome;
    try {
      outcome = await holder.hold(job, {
        ...this.#home,
        polite: this.#polite.signal,
        onBegun: () => this.#running.add(id),
        onHandedBack: () => this.#running.delete(id),
        onSpent: (spent) => this.#spend(id, spent),
      });
    } catch (error) {
      outcome = { type: 'failed', reason: messageOf(error), retryable: false };
    } finally {
      this.#running.delete(id);
    }
    if (outcome.type === 'interrupted') {
      // Elsewhere, more may have been said since it was looked at last; and a try that failed is counted by itself now.
      this.#spend(id, (await readTally(own)) ?? nothing);
      return;
    }
    if (outcome.type === 'done') await this.#judge(own);
    const tally = await readTally(own);
    this.#setLive(id, nothing);
    if (tally) this.#add(tally);
    if (outcome.type === 'done' && tally?.stop) {
      this.#done++;
      this.#doneHere++;
      folder.forgive(id);
      return onEvent({ type: 'done', id, reason: outcome.reason, tally });
    }
    const reason = outcome.type === 'failed' ? outcome.reason : 'its journal has no end';
    const mayHelp = outcome.type === 'failed' && outcome.retryable;
    const aside = this.#setAside(id);
    const tries = (this.#tries.get(id) ?? 0) + 1;
    this.#tries.set(id, tries);
    folder.fail(id, reason);
    const triesLeft = mayHelp ? Math.max(0, holder.retries + 1 - tries) : 0;
    if (triesLeft > 0) this.#queue.push(job);
    else this.#failures.set(id, reason);
    onEvent({ type: 'failed', id, reason, triesLeft, folder: aside });
  }

  async #judge(folder: string): Promise<void> {
    this.#judging++;
    await this.#options.judge?.(folder, this.#polite.signal);
    this.#judging--;
  }

  /** In this run: who starts the batch again wants all of it tried again. */
  readonly #tries = new Map<string, number>();

  #spend(id: string, spent: Spent): void {
    this.#setLive(id, spent);
    this.#checkLimits();
  }

  #setLive(id: string, { tokens, cost }: Spent): void {
    const before = this.#live.get(id) ?? nothing;
    const { tokens: allTokens, cost: allCost } = this.#liveSum;
    this.#liveSum = { tokens: allTokens + tokens - before.tokens, cost: allCost + cost - before.cost };
    this.#live.set(id, { tokens, cost });
  }

  #checkLimits(): void {
    if (this.#polite.signal.aborted) return;
    const { limits, onEvent } = this.#options;
    const { tokens, cost, elapsedMs, total, done, failed } = this.progress;
    if (done + failed === total) return;
    const reached = [
      limits.tokens > 0 && tokens >= limits.tokens && `${limits.tokens} tokens`,
      limits.cost > 0 && cost >= limits.cost && `$${limits.cost}`,
      limits.seconds > 0 && elapsedMs >= limits.seconds * 1_000 && `${limits.seconds} seconds`,
    ].find((each) => each !== false);
    if (reached === undefined) return;
    this.#limit = reached;
    onEvent({ type: 'limit', sentence: `the batch has reached its limit of ${reached}` });
    this.stop();
  }

  #add({ tokens, cost }: Spent): void {
    this.#tokens += tokens;
    this.#cost += cost;
  }

  get #home(): Home {
    const { meetings } = this.#options.folder;
    return {
      meetings,
      setAside: async (id) => {
        const own = path.join(meetings, id);
        if (this.#isAside(id)) {
          rmSync(own, { recursive: true });
          return false;
        }
        const tally = this.#hasTakenStock ? await readTally(own) : undefined;
        if (tally) this.#add(tally);
        this.#setAside(id);
        return true;
      },
    };
  }

  /** Journals tell the time, so that no two tries have the same. */
  #isAside(id: string): boolean {
    const { meetings, failed } = this.#options.folder;
    const journal = readFileSync(path.join(meetings, id, journalFileName));
    for (let count = 1; existsSync(path.join(failed, `${id}-${count}`)); count++) {
      const former = path.join(failed, `${id}-${count}`, journalFileName);
      if (existsSync(former) && readFileSync(former).equals(journal)) return true;
    }
    return false;
  }

  /** Out of the way of the next try; returns where to. */
  #setAside(id: string): string {
    const { meetings, failed } = this.#options.folder;
    const from = path.join(meetings, id);
    if (!existsSync(from)) return '';
    mkdirSync(failed, { recursive: true });
    for (let count = 1; ; count++) {
      const to = path.join(failed, `${id}-${count}`);
      if (existsSync(to)) continue;
      renameSync(from, to);
      return to;
    }
  }

  /** What was paid for nothing was paid all the same. */
  async #addFormerTries(): Promise<void> {
    const { failed } = this.#options.folder;
    for (const name of foldersIn(failed)) {
      const tally = await readTally(path.join(failed, name));
      if (tally) this.#add(tally);
    }
  }

  /** Of cells that the matrix no longer has. */
  #countOthers(): number {
    const { folder, jobs } = this.#options;
    const known = new Set(jobs.map(({ id }) => id));
    return foldersIn(folder.meetings).filter((name) => !known.has(name)).length;
  }
}

function foldersIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
}

/** Killed after the last word, but before all of it was written out. */
async function complete(folder: string): Promise<void> {
  removeSeatsFile(folder);
  const modifiedMs = (name: string): number =>
    statSync(path.join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (modifiedMs('transcript.html') < modifiedMs(journalFileName)) await renderTranscripts(folder);
}
