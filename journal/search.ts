import { close, fstat, open, read, type Stats } from 'node:fs';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import type { Seat } from '../wire/types.ts';
import type { JournalEvent } from './event.ts';
import { journalFileName } from './journal.ts';
import { longestLineBytes, readLine } from './read.ts';
import type { Found, SearchQuery } from './search-query.ts';

export interface SearchOptions {
  /** A part of a speaker's name, or `a` or `b`. */
  readonly speaker?: string | undefined;
  /** Milliseconds since 1970: nothing that was said before. */
  readonly sinceMs?: number | undefined;
  /** Only these meetings are looked through. */
  readonly only?: ReadonlySet<string> | undefined;
  /** Aborted: no more is looked for. */
  readonly signal?: AbortSignal | undefined;
}

/** A turn in which something was found. */
export interface Hit {
  readonly meeting: string;
  readonly seat: Seat;
  /** Of the speaker, empty where the journal does not tell. */
  readonly name: string;
  readonly turn: number;
  /** ISO 8601 in UTC. */
  readonly t: string;
  /** In Normalization Form C. */
  readonly text: string;
  readonly found: readonly Found[];
}

/** The hits of one meeting, in their order. */
export interface SearchedMeeting {
  readonly hits: readonly Hit[];
  /** Why its journal could not be read, if it could not. */
  readonly problem?: string;
}

/** How many journals are read at a time. Of the system's four threads none waits for another. */
const filesAtOnce = 32;

/**
 * Looks through the turns of all meetings in a folder, the latest meeting first, and yields each meeting when
 * it has been read. What a fork took over is found in its parent, where that is still there. Rejects with
 * ColloquyError `transcripts-unreadable`.
 */
export async function* searchMeetings(
  transcripts: string,
  query: SearchQuery,
  options: SearchOptions = {},
): AsyncGenerator<SearchedMeeting, void, void> {
  const names = await latestFirst(transcripts);
  const known = new Set(names);
  const search = (name: string): Promise<SearchedMeeting> =>
    searchMeeting(transcripts, name, query, options, known);
  const waiting: Promise<SearchedMeeting>[] = [];
  for (const name of names) {
    if (options.only?.has(name) === false) continue;
    waiting.push(search(name));
    if (waiting.length < filesAtOnce) continue;
    yield (await waiting.shift()) as SearchedMeeting;
    if (options.signal?.aborted) break;
  }
  for (const one of waiting) yield await one;
}

/** A name begins with the time; one that somebody chose stands where it sorts. */
async function latestFirst(transcripts: string): Promise<string[]> {
  try {
    const entries = await readdir(transcripts, { withFileTypes: true });
    const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
    return names.sort().reverse();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new ColloquyError(`the folder ${transcripts} cannot be read: ${messageOf(error)}`, {
      code: 'transcripts-unreadable',
      cause: error,
    });
  }
}

async function searchMeeting(
  transcripts: string,
  name: string,
  query: SearchQuery,
  options: SearchOptions,
  known: ReadonlySet<string>,
): Promise<SearchedMeeting> {
  try {
    const hits: Hit[] = [];
    const matcher = new Matcher(name, query, options, known);
    for await (const piece of piecesOf(path.join(transcripts, name, journalFileName), options.sinceMs)) {
      if (piece.isFirst) matcher.begin(piece.bytes);
      for (const line of linesWorthReading(piece.bytes, query.sieve)) {
        const hit = matcher.match(line);
        if (hit) hits.push(hit);
      }
    }
    return { hits };
  } catch (error) {
    const isNoMeeting = ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '');
    return isNoMeeting ? { hits: [] } : { hits: [], problem: `${name}: ${messageOf(error)}` };
  }
}

/** What a journal's lines say, once they are worth reading. */
class Matcher {
  readonly #meeting: string;
  readonly #query: SearchQuery;
  readonly #options: SearchOptions;
  readonly #known: ReadonlySet<string>;
  #firstLine: Buffer | undefined;
  #meetingEvent: Extract<JournalEvent, { type: 'meeting' }> | undefined;

  constructor(meeting: string, query: SearchQuery, options: SearchOptions, known: ReadonlySet<string>) {
    this.#meeting = meeting;
    this.#query = query;
    this.#options = options;
    this.#known = known;
  }

  /** A journal begins with a line that says who is who: it is read when somebody asks. */
  begin(bytes: Buffer): void {
    this.#firstLine = bytes.subarray(0, bytes.indexOf(newline));
  }

  match(line: Buffer): Hit | undefined {
    const event = eventIn(line);
    if (event?.type !== 'turn' || this.#isElsewhere(event) || !this.#isWanted(event)) return undefined;
    const text = event.text.normalize('NFC');
    const found = this.#query.find(text);
    if (found.length === 0) return undefined;
    const { seat, turn, t } = event;
    return { meeting: this.#meeting, seat, name: this.#nameOf(seat), turn, t, text, found };
  }

  get #head(): Extract<JournalEvent, { type: 'meeting' }> | undefined {
    const event = this.#firstLine && eventIn(this.#firstLine);
    this.#firstLine = undefined;
    if (event?.type === 'meeting') this.#meetingEvent = event;
    return this.#meetingEvent;
  }

  #isElsewhere({ inherited }: Extract<JournalEvent, { type: 'turn' }>): boolean {
    return inherited === true && this.#known.has(this.#head?.parent?.meeting ?? '');
  }

  #isWanted({ seat, t }: Extract<JournalEvent, { type: 'turn' }>): boolean {
    const { speaker, sinceMs } = this.#options;
    if (sinceMs !== undefined && Date.parse(t) < sinceMs) return false;
    if (speaker === undefined || speaker === seat) return true;
    return fold(this.#nameOf(seat)).includes(fold(speaker));
  }

  #nameOf(seat: Seat): string {
    return this.#head?.seats[seat].name ?? '';
  }
}

function eventIn(line: Buffer): JournalEvent | undefined {
  const item = readLine(line, line.length, 0);
  return item.type === 'event' ? item.event : undefined;
}

function fold(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

const newline = 0x0a;
const turnMark = Buffer.from('"type":"turn"');

/** Of whole lines those of turns that may hold a match. */
function* linesWorthReading(bytes: Buffer, sieve: RegExp | undefined): Generator<Buffer, void, void> {
  const text = sieve ? bytes.toString('latin1') : '';
  const next = (from: number): number => {
    if (!sieve || from >= bytes.length) return from;
    sieve.lastIndex = from;
    return sieve.exec(text)?.index ?? bytes.length;
  };
  for (let at = next(0); at < bytes.length;) {
    const start = bytes.lastIndexOf(newline, at) + 1;
    const end = bytes.indexOf(newline, at);
    const line = bytes.subarray(start, end);
    if (line.includes(turnMark)) yield line;
    at = next(end + 1);
  }
}

const openFile = promisify(open);
const closeFile = promisify(close);
const statFile = promisify<number, Stats>(fstat);
const readFile = promisify(read);

const pieceBytes = 4 * 1024 * 1024;

/** Whole lines of a file, megabytes at a time; nothing of one that was not written since then. */
async function* piecesOf(
  file: string,
  sinceMs: number | undefined,
): AsyncGenerator<{ readonly bytes: Buffer; readonly isFirst: boolean }, void, void> {
  const descriptor = await openFile(file, 'r');
  try {
    const { size, mtimeMs } = await statFile(descriptor);
    if (sinceMs !== undefined && mtimeMs < sinceMs) return;
    let rest: Buffer = Buffer.alloc(0);
    for (let position = 0; position < size;) {
      const buffer = Buffer.allocUnsafe(Math.min(pieceBytes, size - position));
      const { bytesRead } = await readFile(descriptor, buffer, 0, buffer.length, position);
      if (bytesRead === 0) break;
      // Nothing was given yet.
      const isFirst = position === rest.length;
      position += bytesRead;
      const bytes = Buffer.concat([rest, buffer.subarray(0, bytesRead)]);
      const end = bytes.lastIndexOf(newline) + 1;
      rest = bytes.subarray(end);
      if (rest.length > longestLineBytes) throw new Error('a line of its journal is too long');
      if (end > 0) yield { bytes: bytes.subarray(0, end), isFirst };
    }
  } finally {
    await closeFile(descriptor);
  }
}
