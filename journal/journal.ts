import fs from 'node:fs';
import path from 'node:path';
import { ColloquyError } from '../wire/errors.ts';
import type { Seat } from '../wire/types.ts';
import { BackgroundSync } from './background-sync.ts';
import type { MeetingEvent } from './event.ts';
import { journalError } from './journal-error.ts';
import { foldersOf, syncFolder, systemFiles, type JournalFiles } from './journal-files.ts';
import type { LineBuffer } from './line-buffer.ts';
import { TurnEncoder } from './turn-encoder.ts';

export const journalFileName = 'journal.jsonl';

export interface JournalOptions {
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /**
   * When the disk, and not only the system, has what was committed. `always`: before `commit` returns.
   * `interval`: at most a second later, behind the meeting's back. `none`: when the system sees fit.
   */
  readonly sync?: 'always' | 'interval' | 'none';
  /** 0: no limit. */
  readonly maxBytes?: number;
  /** Called once, with the first thing that went wrong behind the meeting's back. */
  readonly onError?: (error: ColloquyError) => void;
  readonly files?: JournalFiles;
}

/**
 * The append-only record of one meeting. `append` stamps and keeps, `commit` writes: whoever forwards a
 * message commits first, so that nothing is ever forwarded that the file does not hold.
 *
 * The write is synchronous on purpose: it copies a few hundred bytes into the page cache, which takes
 * less than handing the work to another thread, and it survives SIGKILL. What survives a power cut is
 * up to `sync`.
 */
export class Journal {
  readonly file: string;
  readonly #descriptor: number;
  readonly #files: JournalFiles;
  readonly #now: () => number;
  readonly #isSyncedAtOnce: boolean;
  readonly #background: BackgroundSync | undefined;
  readonly #maxBytes: number;
  readonly #report: (error: unknown) => void;
  /** Of the committed lines. */
  #bytes: number;
  #sequence: number;
  /** Whole lines that are not committed yet. */
  #pending = '';
  /** Where turns are that were taken and are not committed yet; they come before what is pending. */
  #taken: LineBuffer | undefined;
  #takenFrom = 0;
  #takenTo = 0;
  /** The file may hold a part of them, which could not be taken back. */
  #isTorn = false;
  #hasStop = false;
  #closed: Promise<void> | undefined;

  /**
   * Creates `journal.jsonl` in an existing folder. Throws ColloquyError `journal-failed`, or `journal-full`,
   * which is retryable.
   */
  static create(folder: string, options: JournalOptions = {}): Journal {
    return new Journal(folder, 'ax', { lastSeq: 0, size: 0 }, options);
  }

  /** Goes on with a journal that was recovered. Throws as `create` does, and where the file is not as it was then. */
  static reopen(folder: string, recovered: JournalEnd, options: JournalOptions = {}): Journal {
    // Without O_CREAT: a journal that is gone meanwhile does not begin with its second half.
    return new Journal(folder, fs.constants.O_WRONLY | fs.constants.O_APPEND, recovered, options);
  }

  private constructor(
    folder: string,
    flags: string | number,
    { lastSeq, size }: JournalEnd,
    {
      now = Date.now,
      sync = 'interval',
      maxBytes = 0,
      onError = () => {},
      files = systemFiles,
    }: JournalOptions,
  ) {
    this.file = path.join(folder, journalFileName);
    this.#files = files;
    this.#now = now;
    this.#isSyncedAtOnce = sync === 'always';
    this.#maxBytes = maxBytes === 0 ? Number.POSITIVE_INFINITY : maxBytes;
    this.#bytes = size;
    this.#sequence = lastSeq;
    this.#report = once((error) => onError(journalError(this.file, 'is not safe from a power cut', error)));
    const isNew = flags === 'ax';
    this.#descriptor = this.#open(flags, isNew && this.#isSyncedAtOnce ? foldersOf(folder) : []);
    if (sync === 'interval') {
      const folders = isNew ? foldersOf(folder) : [];
      this.#background = new BackgroundSync(this.#descriptor, folders, files, this.#report);
    }
  }

  /** The number of the last event that was appended. */
  get seq(): number {
    return this.#sequence;
  }

  /** Something was appended that the file does not hold. */
  get isBehind(): boolean {
    return this.#pending !== '' || this.#taken !== undefined;
  }

  append(event: MeetingEvent): void {
    if (this.#taken) this.#writeTaken(this.#taken);
    const json = JSON.stringify(event);
    this.#pending += `{"v":1,"seq":${++this.#sequence},"t":"${this.#time()}",${json.slice(1)}\n`;
    if (event.type === 'stop') this.#hasStop = true;
  }

  /**
   * Appends the messages of one seat as they came on the wire: the first `end` bytes of `lines`, each message with its
   * newline, `most` of them at most. They stay in `into` until the next `commit`, and nobody may take them out of there
   * before. Returns how many they were; 0 where one is more than text, and nothing was done.
   */
  takeTurns({ seat, turn, lines, end, most }: TurnsOnTheWire, into: LineBuffer): number {
    // What others have put in between is not ours.
    if (this.#taken && this.#takenTo !== into.length) this.#writeTaken(this.#taken);
    const from = into.length;
    const count = encoder.encode(
      lines,
      end,
      { seat, turn, most, seq: this.#sequence + 1, t: this.#time() },
      into,
    );
    if (count === 0) return 0;
    if (!this.#taken) this.#takenFrom = from;
    this.#taken = into;
    this.#takenTo = into.length;
    this.#sequence += count;
    return count;
  }

  /** Writes what was taken; where that fails, it is pending as if it had been appended. */
  #writeTaken({ bytes }: LineBuffer): void {
    this.#taken = undefined;
    const isOrdinary = this.#pending === '' && !this.#closed && !this.#isSyncedAtOnce;
    if (isOrdinary && this.#writeAtOnce(bytes, this.#takenFrom, this.#takenTo)) return;
    this.#pending += bytes.toString('utf8', this.#takenFrom, this.#takenTo);
  }

  /** False where not all of it was written, and what was is taken back. */
  #writeAtOnce(bytes: Buffer, from: number, to: number): boolean {
    const length = to - from;
    if (this.#bytes + length > this.#maxBytes) return false;
    try {
      if (this.#files.writeSync(this.#descriptor, bytes, from, length) < length)
        throw new Error('not all of it');
    } catch {
      // `commit` tries it again, and says what is wrong.
      this.#takeBack();
      return false;
    }
    this.#bytes += length;
    this.#background?.written();
    return true;
  }

  /**
   * Hands all that was appended to the system, in one write. Where that fails, the file is as it was before
   * and everything stays pending, for a later `commit` to write. Throws ColloquyError `journal-full` (retryable),
   * `journal-too-large` or `journal-failed`.
   */
  commit(): void {
    if (this.#taken) this.#writeTaken(this.#taken);
    if (this.#pending === '') return;
    if (this.#closed) throw journalError(this.file, 'cannot be written', new Error('it is closed'));
    const text = this.#pending;
    const length = Buffer.byteLength(text);
    // The end of a meeting is always told, and what waited with it: it is the last that is written.
    if (this.#bytes + length > this.#maxBytes && !this.#hasStop) throw this.#tooLarge(length);
    const begun = this.#isTorn ? this.#countBegun(length) : 0;
    try {
      const written = begun > 0 ? begun : this.#files.writeSync(this.#descriptor, text);
      if (written < length) this.#writeRest(Buffer.from(text).subarray(written));
      if (this.#isSyncedAtOnce) this.#files.fdatasyncSync(this.#descriptor);
    } catch (error) {
      this.#takeBack();
      throw journalError(this.file, 'cannot be written', error);
    }
    this.#isTorn = false;
    this.#bytes += length;
    this.#pending = '';
    this.#background?.written();
  }

  /**
   * Commits what is pending, as far as that is possible, and closes the file. Resolves when that is done and,
   * unless `sync` is `none`, the disk has it all. Never rejects: `onError` is told.
   */
  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  async #finish(): Promise<void> {
    try {
      this.commit();
    } catch (error) {
      this.#report(error);
    }
    await this.#background?.finish();
    this.#files.closeSync(this.#descriptor);
  }

  #open(flags: string | number, foldersToSync: readonly string[]): number {
    let descriptor: number | undefined;
    try {
      descriptor = this.#files.openSync(this.file, flags);
      const size = this.#files.sizeSync(descriptor);
      if (size !== this.#bytes) {
        throw new Error(
          `it has ${size} bytes where ${this.#bytes} were expected; somebody else writes to it`,
        );
      }
      for (const folder of foldersToSync) syncFolder(folder, this.#files);
      return descriptor;
    } catch (error) {
      if (descriptor !== undefined) this.#files.closeSync(descriptor);
      throw journalError(this.file, 'cannot be opened', error);
    }
  }

  #writeRest(bytes: Uint8Array): void {
    let rest = bytes;
    while (rest.length > 0) rest = rest.subarray(this.#files.writeSync(this.#descriptor, rest));
  }

  /** How much of what is pending the file holds already. It alone knows: a failed call may have done its work. */
  #countBegun(pendingBytes: number): number {
    let begun: number;
    try {
      begun = this.#files.sizeSync(this.#descriptor) - this.#bytes;
    } catch (error) {
      throw journalError(this.file, 'cannot be written', error);
    }
    if (begun >= 0 && begun <= pendingBytes) return begun;
    throw journalError(this.file, 'cannot be written', new Error('somebody else writes to it'));
  }

  /** Half a line in the middle of a journal could never be read. */
  #takeBack(): void {
    this.#isTorn = true;
    try {
      if (this.#files.sizeSync(this.#descriptor) > this.#bytes) {
        this.#files.ftruncateSync(this.#descriptor, this.#bytes);
      }
      this.#isTorn = false;
    } catch {
      // Then the next commit goes on from there.
    }
  }

  #time(): string {
    return timestampOf(this.#now());
  }

  #tooLarge(bytes: number): ColloquyError {
    const total = this.#bytes + bytes;
    return new ColloquyError(
      `the journal ${this.file} would have ${total} bytes and may have ${this.#maxBytes}; allow it more, or hold shorter meetings`,
      { code: 'journal-too-large' },
    );
  }
}

/** Messages of one seat, as they came. */
export interface TurnsOnTheWire {
  readonly seat: Seat;
  /** The number of the first of them. */
  readonly turn: number;
  readonly lines: Buffer;
  readonly end: number;
  readonly most: number;
}

/** Where a journal ends that is gone on with. */
export interface JournalEnd {
  readonly lastSeq: number;
  /** In bytes. */
  readonly size: number;
}

let stampedMs = Number.NaN;
let timestamp = '';

/** ISO 8601. Made once a millisecond for all journals: it takes longer than all the rest of an event. */
function timestampOf(ms: number): string {
  if (ms !== stampedMs) {
    stampedMs = ms;
    timestamp = new Date(ms).toISOString();
  }
  return timestamp;
}

/** One for all journals. */
const encoder = new TurnEncoder();

function once(report: (error: unknown) => void): (error: unknown) => void {
  let isDone = false;
  return (error) => {
    if (isDone) return;
    isDone = true;
    report(error);
  };
}
