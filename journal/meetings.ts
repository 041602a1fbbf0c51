import { open, readdir, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import type { Participant, Seat, StopReason } from '../wire/types.ts';
import type { JournalEvent } from './event.ts';
import { costOf, priceOfSeat } from './cost.ts';
import { isEmptyTurn, neverSpoke, type Flag } from './flag.ts';
import { journalFileName } from './journal.ts';
import { parseEvent } from './parse-event.ts';

/** One line of a list of meetings. */
export interface MeetingSummary {
  readonly meeting: string;
  readonly folder: string;
  /** ISO 8601 in UTC. */
  readonly startedAt: string;
  /** When the last thing happened. */
  readonly lastAt: string;
  /** Of a fork: the meeting that it has its first turns from. */
  readonly parent?: string;
  readonly seats: { readonly [seat in Seat]: Pick<Participant, 'name' | 'lang' | 'provider' | 'model'> };
  readonly turns: number;
  /** `unfinished`: it goes on, or was killed. */
  readonly ended: StopReason | 'unfinished';
  /** Read and written, of both seats. Absent when none were reported, or the journal is too long to add up. */
  readonly tokens?: number;
  /** US dollars. Absent where a price is not known, no tokens were reported, or the journal is too long to add up. */
  readonly cost?: number;
  /** What is doubtful about it; absent where nothing is. */
  readonly flags?: readonly ListedFlag[];
}

export type ListedFlag = Pick<Flag, 'flag' | 'seat' | 'turn'>;

/**
 * The meetings in a folder, the latest last; folders that hold none are passed over, and a folder that
 * does not exist holds none. Of long journals only the head and the tail are read. Throws ColloquyError
 * `transcripts-unreadable`.
 */
export async function listMeetings(transcripts: string): Promise<MeetingSummary[]> {
  const names = await listFolders(transcripts);
  const summaries: MeetingSummary[] = [];
  const next = names.values();
  const work = async (): Promise<void> => {
    for (const name of next) {
      const summary = await summarizeMeeting(path.join(transcripts, name));
      if (summary) summaries.push(summary);
    }
  };
  await Promise.all(Array.from({ length: filesAtOnce }, work));
  return summaries.sort(
    (one, other) => compare(one.startedAt, other.startedAt) || compare(one.meeting, other.meeting),
  );
}

/**
 * The folder of the meeting of that name, or of the only one whose name begins so. Throws ColloquyError
 * `unknown-meeting` or `ambiguous-meeting`.
 */
export async function findMeeting(transcripts: string, nameOrBeginning: string): Promise<string> {
  // What is not a plain name cannot be one of the folder's entries, so nothing outside is ever opened.
  const found = (await listFolders(transcripts)).filter(
    (name) => nameOrBeginning !== '' && name.startsWith(nameOrBeginning),
  );
  const candidates = found.includes(nameOrBeginning) ? [nameOrBeginning] : found;
  const meetings: string[] = [];
  for (const name of candidates) if (await holdsJournal(path.join(transcripts, name))) meetings.push(name);
  const [only, ...others] = meetings;
  if (only === undefined) {
    throw new ColloquyError(
      `there is no meeting "${nameOrBeginning}" in ${transcripts}; "colloquy transcript list" shows all`,
      { code: 'unknown-meeting' },
    );
  }
  if (others.length > 0) {
    const named =
      meetings.slice(0, 5).join(', ') + (meetings.length > 5 ? `, and ${meetings.length - 5} more` : '');
    throw new ColloquyError(
      `"${nameOrBeginning}" begins the names of ${meetings.length} meetings: ${named}`,
      {
        code: 'ambiguous-meeting',
      },
    );
  }
  return path.join(transcripts, only);
}

const filesAtOnce = 16;

/** Real folders only: a link may lead anywhere. Sorted by name, which for meetings is by time. */
async function listFolders(transcripts: string): Promise<string[]> {
  try {
    const entries = await readdir(transcripts, { withFileTypes: true });
    return entries
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name)
      .sort(compare);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new ColloquyError(`the folder ${transcripts} cannot be read: ${messageOf(error)}`, {
      code: 'transcripts-unreadable',
      cause: error,
    });
  }
}

/** Undefined for a folder without a journal that begins with a meeting. Never rejects. */
export async function summarizeMeeting(folder: string): Promise<MeetingSummary | undefined> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(path.join(folder, journalFileName), 'r');
    const { size } = await handle.stat();
    const head = parseLine(await readFirstLine(handle, size));
    if (head?.type !== 'meeting') return undefined;
    const { turns, ended, lastAt, tokens, cost, flags } = await readEnding(handle, size, head);
    return {
      meeting: path.basename(folder),
      folder,
      startedAt: head.t,
      lastAt: lastAt ?? head.t,
      ...(head.parent ? { parent: head.parent.meeting } : {}),
      seats: { a: identify(head.seats.a), b: identify(head.seats.b) },
      turns,
      ended,
      ...(tokens === undefined ? {} : { tokens }),
      ...(cost === undefined ? {} : { cost }),
      ...(flags.length === 0 ? {} : { flags }),
    };
  } catch {
    return undefined;
  } finally {
    await handle?.close();
  }
}

async function holdsJournal(folder: string): Promise<boolean> {
  try {
    await (await open(path.join(folder, journalFileName), 'r')).close();
    return true;
  } catch {
    return false;
  }
}

/** Adding up tokens takes the whole journal; longer ones (thousands of turns) go without. */
const longestWholeBytes = 1024 * 1024;
const tailBytes = 64 * 1024;

interface Ending {
  readonly turns: number;
  readonly ended: StopReason | 'unfinished';
  readonly lastAt?: string;
  readonly tokens?: number;
  readonly cost?: number;
  readonly flags: readonly ListedFlag[];
}

type MeetingHead = Extract<JournalEvent, { type: 'meeting' }>;

async function readEnding(handle: FileHandle, size: number, head: MeetingHead): Promise<Ending> {
  if (size <= longestWholeBytes) return endingOf(parseLines(await readText(handle, 0, size)), head, true);
  for (let bytes = tailBytes; ; bytes *= 4) {
    const start = Math.max(0, size - bytes);
    // The first line of a tail is most likely half a line; it does not parse, and that is well.
    const events = parseLines(await readText(handle, start, size - start));
    if (start === 0 || events.some(({ type }) => type === 'turn')) return endingOf(events, head, false);
  }
}

function endingOf(events: readonly JournalEvent[], head: MeetingHead, isWhole: boolean): Ending {
  const prices = {
    a: priceOfSeat(head.settings, head.seats, 'a'),
    b: priceOfSeat(head.settings, head.seats, 'b'),
  };
  let turns = 0;
  let ended: StopReason | 'unfinished' = 'unfinished';
  let tokens: number | undefined;
  let cost: number | undefined = 0;
  const flags: ListedFlag[] = [];
  for (const event of events) {
    if (event.type === 'stop') ended = event.reason;
    if (event.type === 'flag') flags.push(event);
    if (event.type === 'turn') turns = event.turn;
    const usage = 'meta' in event ? event.meta?.usage : undefined;
    if (!usage || !('seat' in event) || event.seat === undefined) continue;
    tokens = (tokens ?? 0) + usage.input + usage.output;
    const price = prices[event.seat];
    cost = cost === undefined || !price ? undefined : cost + costOf(usage, price);
  }
  const isFlagged = isWhole && head.settings.flags === true;
  const lastAt = events.at(-1)?.t;
  const seen = isFlagged || !isWhole ? flags : [...flags, ...plainFlags(events, ended)];
  return {
    turns,
    ended,
    ...(lastAt === undefined ? {} : { lastAt }),
    flags: seen.map(({ flag, seat, turn }) => ({ flag, seat, ...(turn === undefined ? {} : { turn }) })),
    ...(isWhole && tokens !== undefined ? { tokens, ...(cost === undefined ? {} : { cost }) } : {}),
  };
}

/** What a journal shows by itself, where no relay had an eye on the meeting. */
function plainFlags(events: readonly JournalEvent[], ended: Ending['ended']): ListedFlag[] {
  const said = { a: 0, b: 0 };
  const flags: ListedFlag[] = [];
  for (const event of events) {
    if (event.type !== 'turn') continue;
    said[event.seat]++;
    if (isEmptyTurn(event.text, event.meta?.finish)) {
      flags.push({ flag: 'empty', seat: event.seat, turn: event.turn });
    }
  }
  return ended === 'unfinished' ? flags : [...flags, ...neverSpoke(said)];
}

async function readFirstLine(handle: FileHandle, size: number): Promise<string> {
  for (let bytes = tailBytes; ; bytes *= 8) {
    const text = await readText(handle, 0, Math.min(bytes, size));
    const end = text.indexOf('\n');
    if (end >= 0) return text.slice(0, end);
    if (bytes >= size) return '';
  }
}

async function readText(handle: FileHandle, start: number, length: number): Promise<string> {
  const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafe(length), 0, length, start);
  return buffer.toString('utf8', 0, bytesRead);
}

function parseLines(text: string): JournalEvent[] {
  return text
    .split('\n')
    .map(parseLine)
    .filter((event) => event !== undefined);
}

function parseLine(line: string): JournalEvent | undefined {
  try {
    const parsed = parseEvent(JSON.parse(line));
    return parsed.type === 'event' ? parsed.event : undefined;
  } catch {
    return undefined;
  }
}

function identify({ name, lang, provider, model }: Participant): MeetingSummary['seats']['a'] {
  return {
    name,
    ...(lang === undefined ? {} : { lang }),
    ...(provider === undefined ? {} : { provider }),
    ...(model === undefined ? {} : { model }),
  };
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
