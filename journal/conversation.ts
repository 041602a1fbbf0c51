import path from 'node:path';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import type { Participant, Seat, StopReason, Usage } from '../wire/types.ts';
import type { JournalEvent, MeetingSettings } from './event.ts';
import { journalItems, type BadLine, type JournalItem } from './read.ts';

/** Something a reader of the conversation is shown, in the order it happened. */
export type Entry =
  | Exclude<JournalEvent, { readonly type: 'meeting' | 'seated' | 'start' | 'stop' }>
  /** A line of the journal that nobody can read. */
  | ({ readonly type: 'unreadable' } & BadLine);

export interface SeatTotals {
  readonly turns: number;
  readonly characters: number;
  /** Absent when no turn came with it. */
  readonly usage?: Usage;
  /** Milliseconds spent writing, absent when no turn came with it. */
  readonly ms?: number;
}

/** A conversation without its words. */
export interface Outline {
  readonly meeting: string;
  /** ISO 8601 in UTC, absent while the journal is empty. */
  readonly startedAt?: string;
  /** When the last thing happened. */
  readonly lastAt?: string;
  /** Absent while it goes on, or when it was killed. */
  readonly endedAt?: string;
  readonly stop?: { readonly reason: StopReason; readonly detail?: string };
  readonly software?: string;
  readonly settings?: MeetingSettings;
  readonly seats: { readonly [seat in Seat]: Participant };
  /** The number of the last turn. */
  readonly turns: number;
  readonly totals: { readonly [seat in Seat]: SeatTotals };
  /** The journal ends in the middle of a line. */
  readonly torn: boolean;
}

export interface Conversation extends Outline {
  readonly entries: readonly Entry[];
}

/** Reads a meeting's journal whole, finished or not. Throws ColloquyError `journal-unreadable`. */
export async function readConversation(journal: string): Promise<Conversation> {
  const builder = new OutlineBuilder(meetingNameOf(journal));
  const entries: Entry[] = [];
  for await (const item of itemsOf(journal)) {
    builder.add(item);
    const entry = entryOf(item);
    if (entry) entries.push(entry);
  }
  return { ...builder.outline, entries };
}

/** The same without keeping a word in memory. Throws ColloquyError `journal-unreadable`. */
export async function readOutline(journal: string): Promise<Outline> {
  const builder = new OutlineBuilder(meetingNameOf(journal));
  for await (const item of itemsOf(journal)) builder.add(item);
  return builder.outline;
}

/** What there is to show of a line of the journal, if anything. */
export function entryOf(item: JournalItem): Entry | undefined {
  if (item.type === 'bad') return { type: 'unreadable', ...item.bad };
  if (item.type !== 'event') return undefined;
  switch (item.event.type) {
    case 'meeting':
    case 'seated':
    case 'start':
    case 'stop':
      return undefined;
    case 'turn':
    case 'control':
    case 'note':
    case 'truncated':
    case 'lost':
    case 'status':
      return item.event;
  }
}

/** The folder of a meeting bears its name. */
export function meetingNameOf(journal: string): string {
  return path.basename(path.dirname(path.resolve(journal)));
}

/** Adds up a conversation while its journal is read. */
export class OutlineBuilder {
  #outline: Outline;

  /** `meeting` is its name until the journal gives one; the seats are called A and B until then. */
  constructor(meeting: string) {
    this.#outline = {
      meeting,
      seats: { a: { name: 'A' }, b: { name: 'B' } },
      turns: 0,
      totals: { a: { turns: 0, characters: 0 }, b: { turns: 0, characters: 0 } },
      torn: false,
    };
  }

  get outline(): Outline {
    return this.#outline;
  }

  add(item: JournalItem): void {
    const outline = this.#outline;
    if (item.type === 'torn') this.#outline = { ...outline, torn: true };
    if (item.type !== 'event') return;
    const { event } = item;
    const at = { startedAt: outline.startedAt ?? event.t, lastAt: event.t };
    if (event.type === 'meeting') {
      const { meeting, software, settings, seats } = event;
      this.#outline = { ...outline, ...at, meeting, software, settings, seats };
    } else if (event.type === 'turn') {
      const totals = { ...outline.totals, [event.seat]: addTurn(outline.totals[event.seat], event) };
      this.#outline = { ...outline, ...at, turns: event.turn, totals };
    } else if (event.type === 'stop') {
      const stop = { reason: event.reason, ...(event.detail === undefined ? {} : { detail: event.detail }) };
      this.#outline = { ...outline, ...at, endedAt: event.t, stop };
    } else {
      this.#outline = { ...outline, ...at };
    }
  }
}

function addTurn(totals: SeatTotals, { text, meta }: Extract<JournalEvent, { type: 'turn' }>): SeatTotals {
  const usage = addUsage(totals.usage, meta?.usage);
  const ms = meta?.ms === undefined ? totals.ms : (totals.ms ?? 0) + meta.ms;
  return {
    turns: totals.turns + 1,
    characters: totals.characters + text.length,
    ...(usage === undefined ? {} : { usage }),
    ...(ms === undefined ? {} : { ms }),
  };
}

function addUsage(one: Usage | undefined, other: Usage | undefined): Usage | undefined {
  if (!one || !other) return one ?? other;
  return {
    input: one.input + other.input,
    output: one.output + other.output,
    cached: one.cached + other.cached,
  };
}

async function* itemsOf(journal: string): AsyncGenerator<JournalItem, void, void> {
  try {
    yield* journalItems(journal);
  } catch (error) {
    throw new ColloquyError(`the journal ${journal} cannot be read: ${messageOf(error)}`, {
      code: 'journal-unreadable',
      cause: error,
    });
  }
}
