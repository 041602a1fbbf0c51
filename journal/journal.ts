import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import path from 'node:path';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import type { JournalEvent, MeetingEvent } from './event.ts';

export const journalFileName = 'journal.jsonl';

/**
 * The append-only record of one meeting. `append` stamps and keeps, `commit` writes: whoever forwards a
 * message commits first, so that nothing is ever forwarded that the file does not hold.
 *
 * The write is synchronous on purpose: it copies a few hundred bytes into the page cache, which takes
 * less than handing the work to another thread, and it survives SIGKILL (though not a power cut).
 */
export interface JournalOptions {
  readonly now?: () => number;
  readonly sync?: 'always' | 'interval' | 'none';
  readonly maxBytes?: number;
  readonly onError?: (error: unknown) => void;
}

export class Journal {
  readonly file: string;
  readonly #descriptor: number;
  readonly #now: () => Date;
  #sequence = 0;
  #torn = false;
  #pending: string[] = [];

  static create(folder: string, { now = Date.now }: JournalOptions): Journal {
    return new Journal(folder, () => new Date(now()));
  }
  static reopen(folder: string, r: { lastSeq: number }, { now = Date.now }: JournalOptions): Journal {
    const j = new Journal(folder, () => new Date(now()), 'a');
    j.#sequence = r.lastSeq;
    return j;
  }
  get seq(): number {
    return this.#sequence;
  }

  /** Creates `journal.jsonl` in an existing folder. Throws ColloquyError `journal-failed`. */
  constructor(folder: string, now: () => Date = () => new Date(), flags = 'ax') {
    this.file = path.join(folder, journalFileName);
    this.#now = now;
    this.#descriptor = this.#try('cannot be created', () => openSync(this.file, flags));
  }

  append(event: MeetingEvent): void {
    const stamped: JournalEvent = { v: 1, seq: ++this.#sequence, t: this.#now().toISOString(), ...event };
    this.#pending.push(JSON.stringify(stamped) + '\n');
  }

  /** Hands all that was appended to the system. Throws ColloquyError `journal-failed`; nothing is given up. */
  commit(): void {
    if (this.#pending.length === 0) return;
    let bytes = Buffer.from((this.#torn ? '\n' : '') + this.#pending.join(''));
    this.#pending = [];
    // Until all of it is written; what comes after a failure begins on a line of its own.
    this.#torn = true;
    this.#try('cannot be written', () => {
      while (bytes.length > 0) bytes = bytes.subarray(writeSync(this.#descriptor, bytes));
    });
    this.#torn = false;
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #try<T>(what: string, step: () => T): T {
    try {
      return step();
    } catch (error) {
      throw new ColloquyError(`the journal ${this.file} ${what}: ${messageOf(error)}`, {
        code: 'journal-failed',
        cause: error,
      });
    }
  }
}

/**
 * Makes the folder of a meeting that begins. A meeting of that name may have been held before: then this
 * one is called `name-2`, `name-3`, … Throws ColloquyError `journal-failed`.
 */
export function createMeetingFolder(
  transcripts: string,
  meeting: string,
): { meeting: string; folder: string } {
  try {
    mkdirSync(transcripts, { recursive: true });
    for (let count = 1; ; count++) {
      const name = count === 1 ? meeting : `${meeting}-${count}`;
      const folder = path.join(transcripts, name);
      try {
        mkdirSync(folder);
        return { meeting: name, folder };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      }
    }
  } catch (error) {
    throw new ColloquyError(`no folder for the meeting can be made in ${transcripts}: ${messageOf(error)}`, {
      code: 'journal-failed',
      cause: error,
    });
  }
}
