import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate as immediate } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import { journalFileName } from '../../journal/journal.ts';
import { readSeatsFile, seatsToShip, writeSeatsFile, type SeatsFile } from '../../proxy/seats-file.ts';
import { ColloquyError, messageOf } from '../../wire/errors.ts';
import type { Spent } from '../holder.ts';
import { batchKeys, meetingKeys } from './keys.ts';
import { MeetingFiles } from './meeting-files.ts';
import { keepFileScript, keepScript, settleScript, takeScript } from './scripts.ts';

export type Taken =
  | { readonly type: 'taken'; readonly meeting: TakenMeeting }
  /** Nothing is to be done: the batch is over, or halted, or the meeting has been held. */
  | { readonly type: 'gone' | 'halted' | 'over' };

export interface TakenOptions {
  readonly redis: Redis;
  readonly batch: string;
  readonly id: string;
  /** Where a folder is made for each taking: this process may have lost it, and got it again. */
  readonly folder: string;
  /** Another worker holds it now. */
  readonly onLost: () => void;
  /** The batch was halted, for this reason. */
  readonly onHalted: (reason: string) => void;
  /** A file that its code has made is too much for Redis, and stays on this machine until the meeting is over. */
  readonly onUnkept?: (name: string) => void;
}

/**
 * Takes a meeting, with all that was kept of it, into a folder of this machine. Nobody else who took it before
 * can keep anything from now on. Rejects with the error of Redis, or with ColloquyError `cannot-keep` where it cannot
 * be put into that folder, and is handed back.
 */
export async function takeMeeting(options: TakenOptions): Promise<Taken> {
  const { redis, batch, id, folder } = options;
  const keys = { ...batchKeys(batch), ...meetingKeys(batch, id) };
  const name = randomUUID();
  const answer = await takeScript.run(
    redis,
    [keys.batch, keys.meeting, keys.running, keys.journal, keys.files],
    [id, name],
  );
  const [type, seats = ''] = answer as ['taken' | 'gone' | 'halted' | 'over', string?];
  if (type !== 'taken') return { type };
  const meetings = path.join(folder, name);
  const files = new MeetingFiles(path.join(meetings, id));
  const journal = seats === '' ? null : await redis.getBuffer(keys.journal);
  const made = journal ? await redis.hgetallBuffer(keys.files) : {};
  const meeting = new TakenMeeting(options, { name, meetings, files, offset: journal?.length ?? 0 });
  try {
    mkdirSync(meetings, { recursive: true });
    if (journal) {
      const own = path.join(meetings, id);
      mkdirSync(own);
      writeFileSync(path.join(own, journalFileName), journal);
      writeSeatsFile(own, JSON.parse(seats) as SeatsFile, 'nobody');
      await files.restore(made);
    }
    return { type, meeting };
  } catch (error) {
    meeting.discard();
    const reason = diskTrouble(folder, error) ?? `${id} cannot be gone on with: ${messageOf(error)}`;
    await meeting.settle('back', reason);
    throw new ColloquyError(reason, { code: 'cannot-keep', cause: error });
  }
}

/** What is wrong with the disk, in the same words each time; undefined where it is something else. */
export function diskTrouble(folder: string, error: unknown): string | undefined {
  if ((error as NodeJS.ErrnoException).code === undefined) return undefined;
  const [problem = ''] = messageOf(error).split(',');
  return `nothing can be written to ${folder} (${problem}); make room there, or start the worker with another TMPDIR`;
}

/** A meeting that this process holds for all, whose journal goes to Redis as it grows. */
export class TakenMeeting {
  readonly #options: TakenOptions;
  /** Of this taking: no two have the same. */
  readonly #name: string;
  readonly #keys: ReturnType<typeof batchKeys> & ReturnType<typeof meetingKeys>;
  readonly #files: MeetingFiles;
  /** Code was run that may have made some. */
  #mayHaveFiles = false;
  #offset: number;
  #seatsAreKept: boolean;
  #spent: Spent = { tokens: 0, cost: 0 };
  #isLost = false;
  /** What is being kept, and whether more has come since. */
  #keeping: Promise<void> | undefined;
  #hasMore = false;

  /** Where its folder is, or will be. */
  readonly meetings: string;

  constructor(
    options: TakenOptions,
    {
      name,
      meetings,
      files,
      offset,
    }: {
      readonly name: string;
      readonly meetings: string;
      readonly files: MeetingFiles;
      readonly offset: number;
    },
  ) {
    this.#options = options;
    this.#name = name;
    this.meetings = meetings;
    this.#files = files;
    this.#offset = offset;
    this.#seatsAreKept = offset > 0;
    this.#keys = { ...batchKeys(options.batch), ...meetingKeys(options.batch, options.id) };
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** The journal may have grown. */
  poke(spent?: Spent): void {
    if (spent) this.#spent = spent;
    this.#hasMore = true;
    this.#keeping ??= this.#keepAll();
    this.#keeping.catch(() => {});
  }

  /** Resolves when all whole lines of the journal are in Redis, and the files that they tell of. Rejects with what kept them out. */
  async flush(): Promise<void> {
    this.poke();
    await this.#keeping;
  }

  /** Nothing of it stays on this machine, if the disk lets it go. */
  discard(): void {
    try {
      rmSync(this.meetings, { recursive: true, force: true, maxRetries: 3 });
    } catch {
      // The folder of all goes in the end.
    }
  }

  /** False where another has taken it. Rejects with the error of Redis. */
  async settle(kind: 'done' | 'failed' | 'open' | 'back' | 'again', reason: string): Promise<boolean> {
    const { redis, id } = this.#options;
    const { batch, meeting, journal, tries, spent, running, finished, files } = this.#keys;
    const outcome = JSON.stringify({ id, kind, reason });
    const answer = await settleScript.run(
      redis,
      [batch, meeting, journal, tries, spent, running, finished, files],
      [this.#name, id, kind, outcome],
    );
    return answer === 1;
  }

  async #keepAll(): Promise<void> {
    try {
      while (this.#hasMore && !this.#isLost) {
        // A turn is told of more than once, and kept once.
        await immediate();
        this.#hasMore = false;
        await this.#keep();
      }
    } finally {
      this.#keeping = undefined;
    }
  }

  async #keep(): Promise<void> {
    const { redis, id, onHalted } = this.#options;
    const folder = path.join(this.meetings, id);
    const bytes = await readLines(path.join(folder, journalFileName), this.#offset);
    const found = this.#seatsAreKept ? undefined : readSeatsFile(folder);
    const seats = found ? seatsToShip(found) : '';
    if (bytes.includes(resultMark)) this.#mayHaveFiles = true;
    if (!(await this.#keepFiles())) return this.#lose();
    const { batch, meeting, journal, spent, halt } = this.#keys;
    const { tokens, cost } = this.#spent;
    const answer = await keepScript.run(
      redis,
      [batch, meeting, journal, spent, halt],
      [this.#name, id, this.#offset, bytes, seats, tokens, cost],
    );
    if (answer === 'lost') return this.#lose();
    if (typeof answer === 'number') {
      this.#offset = answer;
      this.#seatsAreKept = false;
      this.#files.forget();
      this.#mayHaveFiles = true;
      this.#hasMore = true;
      return;
    }
    this.#offset += bytes.length;
    if (found) this.#seatsAreKept = true;
    if (answer !== '') onHalted(String(answer));
  }

  /** Before the lines that tell of them. False where another has taken the meeting. */
  async #keepFiles(): Promise<boolean> {
    if (!this.#mayHaveFiles) return true;
    this.#mayHaveFiles = false;
    const { redis, onUnkept } = this.#options;
    const { meeting, files } = this.#keys;
    try {
      for (const { name, bytes } of this.#files.changed()) {
        const values = [this.#name, name, ...(bytes === undefined ? [] : [bytes])];
        if ((await keepFileScript.run(redis, [meeting, files], values)) === 0) return false;
        if (bytes === undefined) onUnkept?.(name);
      }
      return true;
    } catch (error) {
      this.#files.forget();
      this.#mayHaveFiles = true;
      throw error;
    }
  }

  #lose(): void {
    this.#isLost = true;
    this.#options.onLost();
  }
}

/** In the line that tells what became of a block. */
const resultMark = '"type":"result"';

/** What a file holds from there on, but for a last line that has no end yet; nothing where there is no file. */
async function readLines(file: string, offset: number): Promise<Buffer> {
  const handle = await open(file, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!handle) return Buffer.alloc(0);
  try {
    const { size } = await handle.stat();
    const bytes = Buffer.alloc(Math.max(0, size - offset));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, offset);
    return bytes.subarray(0, bytes.lastIndexOf(0x0a, bytesRead - 1) + 1);
  } finally {
    await handle.close();
  }
}
