import { watch, type FSWatcher } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { JournalEvent } from '../../journal/event.ts';
import {
  journalStart,
  rawLines,
  readLine,
  type JournalItem,
  type JournalPosition,
} from '../../journal/read.ts';
import type { JournalMessage } from '../api.ts';

/** One line of a journal as viewers are sent it. */
export interface TailLine {
  readonly from: JournalPosition;
  readonly next: JournalPosition;
  /** Undefined for what nobody can read. */
  readonly event: JournalEvent | undefined;
  /** As a server-sent event. */
  readonly frame: string;
}

/** What a viewer who is a little behind is served from, in characters. */
const mostRecent = 1024 * 1024;
/** A piece of the file that a viewer who is far behind is sent at a time, in characters. */
const mostAtOnce = 128 * 1024;
/** Where the system does not tell that a file has changed (network drives), one has to look. */
const pollMs = 1_000;

/**
 * Follows a journal while it grows. Each line is read once, however many watch; whoever is further behind than
 * the last megabyte reads the file.
 */
export class JournalTail {
  readonly #file: string;
  readonly #onItem: (item: JournalItem) => void;
  readonly #onGrown: () => void;
  #end = journalStart;
  #recent: TailLine[] = [];
  #recentCharacters = 0;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> | undefined;
  #isStale = false;
  #isClosed = false;

  /** `onItem` is told of every line, `onGrown` once there is something new to send. */
  constructor(file: string, handlers: { onItem: (item: JournalItem) => void; onGrown: () => void }) {
    this.#file = file;
    this.#onItem = handlers.onItem;
    this.#onGrown = handlers.onGrown;
  }

  /** Resolves when all that is there has been read. */
  async start(): Promise<void> {
    try {
      this.#watcher = watch(this.#file, { persistent: false }, () => void this.catchUp());
      // Gone, or too many are watched: then it is looked at now and again.
      this.#watcher.on('error', () => this.#watcher?.close());
    } catch {
      this.#watcher = undefined;
    }
    this.#timer = setInterval(() => void this.catchUp(), pollMs).unref();
    await this.catchUp();
  }

  /** Where it ends, as far as it was read. */
  get end(): JournalPosition {
    return this.#end;
  }

  /** Reads what has come since; never rejects. */
  catchUp(): Promise<void> {
    this.#isStale = true;
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    return this.#reading;
  }

  /** The next lines behind a position, a bounded piece of them; empty at the end. Rejects with the system's error. */
  async linesFrom(position: JournalPosition): Promise<readonly TailLine[]> {
    if (position.offset >= this.#end.offset) return [];
    const first = this.#recent[0];
    if (first && first.from.offset <= position.offset) {
      const start = this.#recent.findIndex(({ from }) => from.offset >= position.offset);
      return take(this.#recent.slice(start));
    }
    const lines: TailLine[] = [];
    let characters = 0;
    for await (const line of linesOf(this.#file, position)) {
      if (line.from.offset >= this.#end.offset) break;
      lines.push(line.line);
      if ((characters += line.line.frame.length) > mostAtOnce) break;
    }
    return lines;
  }

  /** Behind the event of that number: the place where somebody goes on who has seen it. */
  async positionAfter(seq: number): Promise<JournalPosition> {
    const known = this.#recent.find(({ event }) => event && event.seq >= seq);
    const isSure = known?.event && (known.event.seq === seq || this.#recent[0]?.from.offset === 0);
    if (isSure && known.event) return known.event.seq > seq ? known.from : known.next;
    let position = journalStart;
    for await (const { line } of linesOf(this.#file, journalStart)) {
      if (line.event && line.event.seq > seq) return position;
      position = line.next;
      if (line.event?.seq === seq) return position;
    }
    return position;
  }

  close(): void {
    this.#isClosed = true;
    this.#watcher?.close();
    clearInterval(this.#timer);
  }

  async #read(): Promise<void> {
    while (this.#isStale && !this.#isClosed) {
      this.#isStale = false;
      const { size } = await stat(this.#file).catch(() => ({ size: 0 }));
      if (size <= this.#end.offset) continue;
      const before = this.#end.offset;
      try {
        for await (const { item, line } of linesOf(this.#file, this.#end)) {
          if (this.#isClosed) return;
          this.#keep(line);
          this.#onItem(item);
        }
      } catch {
        // It will be looked at again.
      }
      if (this.#end.offset > before) this.#onGrown();
    }
  }

  #keep(line: TailLine): void {
    this.#end = line.next;
    this.#recent.push(line);
    this.#recentCharacters += line.frame.length;
    if (this.#recentCharacters <= mostRecent) return;
    // In one go: to shift each one out of a long list would be slow.
    let drop = 0;
    while (this.#recentCharacters > mostRecent / 2 && drop < this.#recent.length) {
      this.#recentCharacters -= this.#recent[drop++]?.frame.length ?? 0;
    }
    this.#recent = this.#recent.slice(drop);
  }
}

async function* linesOf(
  file: string,
  from: JournalPosition,
): AsyncGenerator<{ readonly from: JournalPosition; readonly item: JournalItem; readonly line: TailLine }> {
  let position = from;
  for await (const { bytes, offset, size, ended } of rawLines(file, from.offset)) {
    // It is being written.
    if (!ended) return;
    const next = { offset: offset + size + 1, line: position.line + 1 };
    const read = readLine(bytes, size, position.line);
    const event = read.type === 'event' ? read.event : undefined;
    yield {
      from: position,
      item: { ...read, next },
      line: { from: position, next, event, frame: frameOf(read, bytes) },
    };
    position = next;
  }
}

function frameOf(read: ReturnType<typeof readLine>, bytes: Buffer): string {
  switch (read.type) {
    case 'event':
      // What was parsed stands on one line, as JSON.
      return `id: ${read.event.seq}\nevent: journal\ndata: ${bytes.toString('utf8')}\n\n`;
    case 'unknown':
      return '';
    case 'bad': {
      const message: JournalMessage = { type: 'unreadable', ...read.bad };
      return `event: journal\ndata: ${JSON.stringify(message)}\n\n`;
    }
  }
}

function take(lines: readonly TailLine[]): readonly TailLine[] {
  let characters = 0;
  const end = lines.findIndex(({ frame }) => (characters += frame.length) > mostAtOnce);
  return end < 0 ? lines : lines.slice(0, end + 1);
}
