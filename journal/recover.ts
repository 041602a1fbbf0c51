import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import type { JournalEvent } from './event.ts';
import { journalError } from './journal-error.ts';
import { journalFileName } from './journal.ts';
import {
  journalItems,
  longestLineBytes,
  rawLines,
  readLine,
  type BadLine,
  type JournalItem,
  type TornTail,
} from './read.ts';

/** What stood behind the last whole line. */
const tornFileName = 'journal.torn';
/** Lines that nobody can read; they stay in the journal as well. */
const badFileName = 'journal.bad';

/** What is needed to go on with a journal. */
export interface Recovered {
  /** The highest number that was given away; 0 where there is none. */
  readonly lastSeq: number;
  /** The number of the last turn. */
  readonly turns: number;
  /** Bytes the file has now. */
  readonly size: number;
  /** The meeting has come to its end: there is nothing to go on with. */
  readonly isStopped: boolean;
  /** What was cut off behind the last whole line, if anything was. */
  readonly cut?: TornTail;
  /** The first of those that no earlier recovery has reported; each of them is in `journal.bad`. */
  readonly badLines: readonly BadLine[];
  /** All that stand in the journal. */
  readonly badLineCount: number;
}

export interface RecoverOptions {
  /** Gets every event in its order: a journal may be larger than memory. */
  readonly onEvent?: (event: JournalEvent) => void;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

/**
 * Makes a journal ready to be gone on with, wherever its writer was killed. A line without its end is
 * completed if all of its event is there, and otherwise cut off and kept in `journal.torn`: it was never
 * forwarded, for that needs the whole write to have returned. What cannot be read in the middle stays, with
 * a copy in `journal.bad`. Safe to be done again. Rejects with ColloquyError `journal-failed`, or
 * `journal-full`, which is retryable: then nothing is lost, and nothing was cut.
 */
export async function recoverJournal(
  folder: string,
  { onEvent = () => {}, now = Date.now }: RecoverOptions = {},
): Promise<Recovered> {
  const file = path.join(folder, journalFileName);
  let descriptor: number | undefined;
  const asides: Aside[] = [];
  const aside = (name: string): Aside => {
    const opened = new Aside(path.join(folder, name), now);
    asides.push(opened);
    return opened;
  };
  try {
    descriptor = fs.openSync(file, 'r+');
    const tally = new Tally(onEvent);
    let cut: TornTail | undefined;
    let bad: Aside | undefined;
    for await (const item of journalItems(file)) {
      if (item.type === 'bad') {
        bad ??= aside(badFileName);
        const { line, problem } = item.bad;
        const part = { offset: tally.size, bytes: item.next.offset - 1 - tally.size };
        if (await bad.keep(descriptor, { ...part, line, problem })) tally.report(item.bad);
      }
      if (item.type !== 'torn') tally.add(item);
      else if (!complete(descriptor, item.torn, tally)) cut = item.torn;
    }
    bad?.sync();
    if (cut) {
      const torn = aside(tornFileName);
      await torn.keep(descriptor, { ...cut, line: tally.line });
      // Before the only other copy goes.
      torn.sync();
      fs.ftruncateSync(descriptor, cut.offset);
      fs.fdatasyncSync(descriptor);
    }
    return { ...tally.totals, ...(cut ? { cut } : {}) };
  } catch (error) {
    // What `onEvent` throws is no fault of the journal.
    throw isSystemError(error) ? journalError(file, 'cannot be recovered', error) : error;
  } finally {
    for (const opened of asides) opened.close();
    if (descriptor !== undefined) fs.closeSync(descriptor);
  }
}

/** Gives a line its end if it lacks nothing else. */
function complete(descriptor: number, { offset, bytes }: TornTail, tally: Tally): boolean {
  if (bytes > longestLineBytes) return false;
  const item = readLine(readPart(descriptor, offset, bytes), bytes, tally.line);
  if (item.type === 'bad') return false;
  fs.writeSync(descriptor, '\n', offset + bytes);
  tally.add({ ...item, next: { offset: offset + bytes + 1, line: tally.line + 1 } });
  return true;
}

/** A journal of nothing but rubbish is told of in so many sentences, and not in a million. */
const mostReported = 1_000;

class Tally {
  readonly #onEvent: (event: JournalEvent) => void;
  readonly #badLines: BadLine[] = [];
  #badLineCount = 0;
  /** A line that cannot be read had a number too, which may be known outside. */
  #badSinceSeq = 0;
  #seq = 0;
  #turns = 0;
  #isStopped = false;
  /** Where the next line begins, and its number. */
  size = 0;
  line = 1;

  constructor(onEvent: (event: JournalEvent) => void) {
    this.#onEvent = onEvent;
  }

  get totals(): Omit<Recovered, 'cut'> {
    return {
      lastSeq: this.#seq + this.#badSinceSeq,
      turns: this.#turns,
      size: this.size,
      isStopped: this.#isStopped,
      badLines: this.#badLines,
      badLineCount: this.#badLineCount,
    };
  }

  add(item: Exclude<JournalItem, { type: 'torn' }>): void {
    this.size = item.next.offset;
    this.line = item.next.line;
    if (item.type === 'bad') {
      this.#badLineCount++;
      this.#badSinceSeq++;
      return;
    }
    const { seq } = item.type === 'event' ? item.event : item;
    this.#seq = Math.max(this.#seq, seq);
    this.#badSinceSeq = 0;
    if (item.type !== 'event') return;
    if (item.event.type === 'turn') this.#turns = Math.max(this.#turns, item.event.turn);
    if (item.event.type === 'stop') this.#isStopped = true;
    this.#onEvent(item.event);
  }

  report(bad: BadLine): void {
    if (this.#badLines.length < mostReported) this.#badLines.push(bad);
  }
}

interface Part {
  /** In the journal. */
  readonly offset: number;
  readonly bytes: number;
  readonly line: number;
  readonly problem?: string;
}

/**
 * A file beside the journal for what nobody can read: of each piece a line of JSON that says where it stood,
 * and behind it the bytes as they were, with a newline. They hold none themselves.
 */
class Aside {
  readonly #file: string;
  readonly #now: () => number;
  #descriptor: number | undefined;
  #known: Set<string> | undefined;

  constructor(file: string, now: () => number) {
    this.#file = file;
    this.#now = now;
  }

  /** Copies that part of the journal. Resolves with whether it was new. */
  async keep(journal: number, part: Part): Promise<boolean> {
    const known = (this.#known ??= await this.#readKnown());
    const sha256 = hashPart(journal, part);
    const key = keyOf({ ...part, sha256 });
    if (known.has(key)) return false;
    const at = new Date(this.#now()).toISOString();
    const head = { at, line: part.line, offset: part.offset, bytes: part.bytes, sha256 };
    const { problem } = part;
    this.#write(journal, part, JSON.stringify(problem === undefined ? head : { ...head, problem }) + '\n');
    known.add(key);
    return true;
  }

  sync(): void {
    if (this.#descriptor !== undefined) fs.fdatasyncSync(this.#descriptor);
  }

  close(): void {
    if (this.#descriptor !== undefined) fs.closeSync(this.#descriptor);
  }

  #write(journal: number, part: Part, head: string): void {
    const descriptor = (this.#descriptor ??= fs.openSync(this.#file, 'a+'));
    const { size } = fs.fstatSync(descriptor);
    try {
      // A recovery that was killed leaves half a line here, too.
      const isTorn = size > 0 && readPart(descriptor, size - 1, 1)[0] !== newline;
      writeAll(descriptor, Buffer.from((isTorn ? '\n' : '') + head));
      for (const chunk of chunksOf(journal, part)) writeAll(descriptor, chunk);
      writeAll(descriptor, Buffer.from('\n'));
    } catch (error) {
      fs.ftruncateSync(descriptor, size);
      throw error;
    }
  }

  /** The pieces that are there whole. */
  async #readKnown(): Promise<Set<string>> {
    const known = new Set<string>();
    if (!fs.existsSync(this.#file)) return known;
    let head: Head | undefined;
    for await (const { bytes, size, ended } of rawLines(this.#file, 0)) {
      if (!ended) break;
      const isPiece = head?.bytes === size;
      if (head && isPiece) known.add(keyOf(head));
      head = isPiece ? undefined : parseHead(bytes);
    }
    return known;
  }
}

const newline = 0x0a;

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(fs.writeSync(descriptor, rest));
}

type Head = Pick<Part, 'offset' | 'bytes'> & { readonly sha256: string };

function parseHead(bytes: Buffer): Head | undefined {
  try {
    const head = JSON.parse(bytes.toString()) as Partial<Head> | null;
    const isHead = typeof head?.offset === 'number' && typeof head.bytes === 'number';
    return isHead && typeof head.sha256 === 'string' ? (head as Head) : undefined;
  } catch {
    return undefined;
  }
}

function keyOf({ offset, bytes, sha256 }: Head): string {
  return `${offset} ${bytes} ${sha256}`;
}

function hashPart(descriptor: number, part: Part): string {
  const hash = createHash('sha256');
  for (const chunk of chunksOf(descriptor, part)) hash.update(chunk);
  return hash.digest('hex');
}

const chunkBytes = 1024 * 1024;

function* chunksOf(descriptor: number, { offset, bytes }: Pick<Part, 'offset' | 'bytes'>): Generator<Buffer> {
  for (let from = 0; from < bytes; from += chunkBytes) {
    yield readPart(descriptor, offset + from, Math.min(chunkBytes, bytes - from));
  }
}

function readPart(descriptor: number, offset: number, bytes: number): Buffer {
  const buffer = Buffer.allocUnsafe(bytes);
  for (let read = 0; read < bytes;) {
    const count = fs.readSync(descriptor, buffer, read, bytes - read, offset + read);
    if (count === 0) throw Object.assign(new Error('it became shorter meanwhile'), { syscall: 'read' });
    read += count;
  }
  return buffer;
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
