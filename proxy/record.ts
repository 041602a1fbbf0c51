import path from 'node:path';
import type { JournalEvent, MeetingEvent } from '../journal/event.ts';
import { Journal, journalFileName, type JournalOptions, type TurnsOnTheWire } from '../journal/journal.ts';
import type { LineBuffer } from '../journal/line-buffer.ts';
import { createMeetingFolder } from '../journal/meeting-folder.ts';
import { recoverJournal, type Recovered } from '../journal/recover.ts';
import type { TranscriptWriter, TranscriptWriterOptions } from '../journal/transcript-writer.ts';
import type { Clock } from '../wire/clock.ts';
import type { Record } from './commits.ts';

/** What is kept of one meeting, and the name it got. */
export interface OpenRecord extends Record {
  readonly meeting: string;
  readonly folder?: string;
  /** The disk had no room for something that was appended. */
  readonly isBehind: boolean;
  /** Resolves when the transcripts are complete. */
  close(): Promise<void>;
}

export type RecordOptions = Pick<JournalOptions, 'sync' | 'maxBytes'> & {
  readonly clock: Clock;
  readonly onError: (error: unknown) => void;
  readonly createTranscriptWriter: CreateTranscriptWriter;
};

/** Who writes the transcripts of a meeting. */
export type CreateTranscriptWriter = (
  options: Pick<TranscriptWriterOptions, 'folder' | 'onError'>,
) => TranscriptWriter;

/**
 * A journal, with the transcripts written behind it; or, without a folder, nothing at all.
 * Throws ColloquyError `journal-failed` or `journal-full`.
 */
export function openRecord(
  transcripts: string | undefined,
  wish: string,
  options: RecordOptions,
): OpenRecord {
  if (transcripts === undefined) return new NoRecord(wish);
  const { meeting, folder } = createMeetingFolder(transcripts, wish);
  return keep(meeting, folder, Journal.create(folder, journalOptions(options)), options);
}

/**
 * Reads the journal of an interrupted meeting, event by event, and mends its end. `reopen` goes on writing
 * it. Rejects with ColloquyError where it cannot be read or written.
 */
export async function recoverRecord(
  folder: string,
  onEvent: (event: JournalEvent) => void,
  options: RecordOptions,
): Promise<{ readonly recovered: Recovered; readonly reopen: () => OpenRecord }> {
  const recovered = await recoverJournal(folder, { onEvent });
  const reopen = (): OpenRecord =>
    keep(path.basename(folder), folder, Journal.reopen(folder, recovered, journalOptions(options)), options);
  return { recovered, reopen };
}

export function journalOf(folder: string): string {
  return path.join(folder, journalFileName);
}

function journalOptions({ clock, sync, maxBytes, onError }: RecordOptions): JournalOptions {
  return {
    now: () => clock.nowMs(),
    onError,
    ...(sync === undefined ? {} : { sync }),
    ...(maxBytes === undefined ? {} : { maxBytes }),
  };
}

function keep(meeting: string, folder: string, journal: Journal, options: RecordOptions): OpenRecord {
  const writer = options.createTranscriptWriter({ folder, onError: options.onError });
  return new KeptRecord(meeting, folder, journal, writer);
}

class KeptRecord implements OpenRecord {
  readonly meeting: string;
  readonly folder: string;
  readonly #journal: Journal;
  readonly #writer: TranscriptWriter;

  constructor(meeting: string, folder: string, journal: Journal, writer: TranscriptWriter) {
    this.meeting = meeting;
    this.folder = folder;
    this.#journal = journal;
    this.#writer = writer;
  }

  append(event: MeetingEvent): void {
    this.#journal.append(event);
  }

  commit(): void {
    this.#journal.commit();
    this.#writer.poke();
  }

  takeTurns(turns: TurnsOnTheWire, into: LineBuffer): number {
    return this.#journal.takeTurns(turns, into);
  }

  get seq(): number {
    return this.#journal.seq;
  }

  get isBehind(): boolean {
    return this.#journal.isBehind;
  }

  async close(): Promise<void> {
    await this.#journal.close();
    await this.#writer.finish();
  }
}

/** Counts what it does not keep. */
class NoRecord implements OpenRecord {
  readonly meeting: string;
  seq = 0;
  readonly isBehind = false;

  constructor(meeting: string) {
    this.meeting = meeting;
  }

  append(): void {
    this.seq++;
  }

  commit(): void {}

  /** What is not kept need not be fast: each message is looked at by itself. */
  takeTurns(): number {
    return 0;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
