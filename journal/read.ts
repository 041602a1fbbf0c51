import { open } from 'node:fs/promises';
import type { JournalEvent } from './event.ts';
import { parseEvent } from './parse-event.ts';

/** Where to begin: a place just behind a newline, and the number of the line that begins there. */
export interface JournalPosition {
  /** Bytes from the start of the file. */
  readonly offset: number;
  /** From 1. */
  readonly line: number;
}

/** A whole line that holds no event this version can read. */
export interface BadLine {
  readonly line: number;
  /** What stands there, its first thousand characters. */
  readonly text: string;
  readonly problem: string;
}

/** What stands behind the last newline: an event that was being written when the process died. */
export interface TornTail {
  readonly offset: number;
  readonly bytes: number;
}

/** What a journal holds, in its order. `next` is where the line after this one begins. */
export type JournalItem =
  | { readonly type: 'event'; readonly event: JournalEvent; readonly next: JournalPosition }
  /** A type of event that later versions of the program write. */
  | {
      readonly type: 'unknown';
      readonly eventType: string;
      readonly seq: number;
      readonly next: JournalPosition;
    }
  | { readonly type: 'bad'; readonly bad: BadLine; readonly next: JournalPosition }
  /** Always last, if at all. */
  | { readonly type: 'torn'; readonly torn: TornTail };

export interface JournalReading {
  readonly events: readonly JournalEvent[];
  readonly badLines: readonly BadLine[];
  /** How many events of later versions were passed over. */
  readonly unknown: number;
  readonly torn?: TornTail;
  /** Where to go on reading once the file has grown. */
  readonly next: JournalPosition;
}

export const journalStart: JournalPosition = { offset: 0, line: 1 };

/** Reads all of it into memory. Rejects with the system's error when the file cannot be read. */
export async function readJournal(file: string, from = journalStart): Promise<JournalReading> {
  const events: JournalEvent[] = [];
  const badLines: BadLine[] = [];
  let unknown = 0;
  let next = from;
  for await (const item of journalItems(file, from)) {
    if (item.type === 'torn') return { events, badLines, unknown, next, torn: item.torn };
    if (item.type === 'event') events.push(item.event);
    else if (item.type === 'bad') badLines.push(item.bad);
    else unknown++;
    next = item.next;
  }
  return { events, badLines, unknown, next };
}

/**
 * Reads up to the end the file had when it got there, one line in memory at a time. Nothing is passed
 * over in silence. Rejects with the system's error when the file cannot be read.
 */
export async function* journalItems(
  file: string,
  from = journalStart,
): AsyncGenerator<JournalItem, void, void> {
  let { line } = from;
  for await (const { bytes, offset, size, ended } of rawLines(file, from.offset)) {
    if (!ended) {
      yield { type: 'torn', torn: { offset, bytes: size } };
      return;
    }
    const next = { offset: offset + size + 1, line: line + 1 };
    yield { ...readLine(bytes, size, line), next };
    line++;
  }
}

type Line =
  | { type: 'event'; event: JournalEvent }
  | { type: 'unknown'; eventType: string; seq: number }
  | { type: 'bad'; bad: BadLine };

/** What one line holds, which has `size` bytes in the file. */
export function readLine(bytes: Buffer, size: number, line: number): Line {
  const bad = (problem: string): Line => ({
    type: 'bad',
    bad: { line, problem, text: firstCharacters(bytes) },
  });
  if (bytes.length < size) return bad(`longer than ${longestLineBytes} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(strictUtf8.decode(bytes));
  } catch (error) {
    return bad(error instanceof SyntaxError ? 'not JSON' : 'not UTF-8');
  }
  const parsed = parseEvent(value);
  if (parsed.type === 'invalid') return bad(parsed.problem);
  return parsed.type === 'event' ? parsed : { ...parsed, seq: (value as { seq: number }).seq };
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function firstCharacters(bytes: Buffer): string {
  return bytes.subarray(0, 4_000).toString('utf8').slice(0, 1_000);
}

/** A frame of 1 MiB is at most 6 MiB as JSON; the first event holds two personas, each from one frame. */
export const longestLineBytes = 16 * 1024 * 1024;
const chunkBytes = 64 * 1024;

interface RawLine {
  /** Without the newline. Cut off at the longest line there may be; nothing of a line without an end. */
  readonly bytes: Buffer;
  readonly offset: number;
  /** Bytes the line really has, without the newline. */
  readonly size: number;
  /** False: the file ends before the line does. */
  readonly ended: boolean;
}

export async function* rawLines(file: string, from: number): AsyncGenerator<RawLine, void, void> {
  const handle = await open(file, 'r');
  try {
    let offset = from;
    let size = 0;
    let parts: Buffer[] = [];
    let position = from;
    for (;;) {
      const { buffer, bytesRead } = await handle.read(
        Buffer.allocUnsafe(chunkBytes),
        0,
        chunkBytes,
        position,
      );
      if (bytesRead === 0) break;
      position += bytesRead;
      let rest = buffer.subarray(0, bytesRead);
      for (let end = rest.indexOf(0x0a); end >= 0; end = rest.indexOf(0x0a)) {
        if (size + end <= longestLineBytes) parts.push(rest.subarray(0, end));
        size += end;
        yield { bytes: Buffer.concat(parts), offset, size, ended: true };
        offset += size + 1;
        size = 0;
        parts = [];
        rest = rest.subarray(end + 1);
      }
      if (rest.length > 0 && size + rest.length <= longestLineBytes) parts.push(rest);
      size += rest.length;
    }
    if (size > 0) yield { bytes: Buffer.alloc(0), offset, size, ended: false };
  } finally {
    await handle.close();
  }
}
