import {
  appendFileSync,
  closeSync,
  existsSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  truncateSync,
} from 'node:fs';
import path from 'node:path';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import type { JournalEvent } from './event.ts';
import { journalFileName } from './journal.ts';
import { parseEvent } from './parse-event.ts';
import { journalItems, type BadLine, type TornTail } from './read.ts';

/** What stood behind the last whole line. */
export const tornFileName = 'journal.torn';
/** Lines that nobody can read; they stay in the journal as well. */
export const badFileName = 'journal.bad';

export interface Recovered {
  /** The number of the last event; 0 where there is none. */
  readonly lastSeq: number;
  /** Bytes the file has now. */
  readonly size: number;
  /** What was cut off behind the last whole line, if anything was. */
  readonly cut?: TornTail;
  readonly badLines: readonly BadLine[];
}

/**
 * Makes a journal ready to be gone on with, wherever its writer was killed. A line without its end is
 * completed if all of its event is there, and otherwise cut off and kept in `journal.torn`: it was never
 * forwarded, for that needs the whole write to have returned. What cannot be read in the middle stays, with
 * a copy in `journal.bad`. Safe to be done again. Rejects with ColloquyError `journal-failed`.
 */
export async function recoverJournal(
  folder: string,
  { onEvent = () => {} }: { readonly onEvent?: (event: JournalEvent) => void } = {},
): Promise<Recovered> {
  const file = path.join(folder, journalFileName);
  try {
    let lastSeq = 0;
    let cut: TornTail | undefined;
    const badLines: BadLine[] = [];
    const see = (event: JournalEvent): void => {
      lastSeq = event.seq;
      onEvent(event);
    };
    for await (const item of journalItems(file)) {
      if (item.type === 'event') see(item.event);
      if (item.type === 'bad') badLines.push(item.bad);
      if (item.type === 'torn') {
        const event = complete(file, item.torn);
        if (event) see(event);
        else cut = item.torn;
      }
    }
    if (cut) keepTorn(folder, file, cut);
    for (const bad of badLines) keepBad(folder, bad);
    const size = statSync(file).size;
    return { lastSeq, size, badLines, ...(cut ? { cut } : {}) };
  } catch (error) {
    throw new ColloquyError(`the journal ${file} cannot be recovered: ${messageOf(error)}`, {
      code: 'journal-failed',
      cause: error,
    });
  }
}

/** The event of a line that lacks nothing but its end, which it is given. */
function complete(file: string, { offset, bytes }: TornTail): JournalEvent | undefined {
  if (bytes > longestTornBytes) return undefined;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(readPart(file, offset, bytes));
    const parsed = parseEvent(JSON.parse(text));
    if (parsed.type !== 'event') return undefined;
    appendFileSync(file, '\n');
    return parsed.event;
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** No event is longer. */
const longestTornBytes = 16 * 1024 * 1024;

function keepTorn(folder: string, file: string, { offset, bytes }: TornTail): void {
  const head = `--- cut off ${journalFileName} at byte ${offset}: ${bytes} bytes\n`;
  const kept = readPart(file, offset, Math.min(bytes, longestTornBytes));
  appendFileSync(
    path.join(folder, tornFileName),
    Buffer.concat([Buffer.from(head), kept, Buffer.from('\n')]),
  );
  truncateSync(file, offset);
}

function keepBad(folder: string, { line, problem, text }: BadLine): void {
  const file = path.join(folder, badFileName);
  const entry = `line ${line} (${problem}): ${text}\n`;
  if (existsSync(file) && readFileSync(file, 'utf8').includes(entry)) return;
  appendFileSync(file, entry);
}

function readPart(file: string, offset: number, bytes: number): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const buffer = Buffer.alloc(bytes);
    let read = 0;
    while (read < bytes) {
      const count = readSync(descriptor, buffer, read, bytes - read, offset + read);
      if (count === 0) break;
      read += count;
    }
    return buffer.subarray(0, read);
  } finally {
    closeSync(descriptor);
  }
}
