import { ModerationMemoryBuilder } from './moderation-memory.ts';
import { noTotals } from '../journal/seat-totals.ts';
import path from 'node:path';
import type { JournalEvent, MeetingEvent, Parent } from '../journal/event.ts';
import { journalFileName } from '../journal/journal.ts';
import { journalItems } from '../journal/read.ts';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import type { HistoryEntry } from '../wire/message.ts';
import type { Seat, TurnMeta } from '../wire/types.ts';
import { MemoryBuilder, type Memory } from './memory.ts';
import { SeatView, type Told } from './seat-view.ts';

/** What a fork takes over from the meeting that it goes another way than. */
export interface Past {
  readonly parent: Parent;
  /** In their order, each marked as inherited but the start. */
  readonly events: readonly MeetingEvent[];
  /** What a meeting knows that ends with them. */
  readonly memory: Memory;
}

/**
 * Reads a meeting up to turn number `at`, with what became of the code of that turn. Rejects with
 * ColloquyError `cannot-fork` where the meeting has no such turn, cannot be read up to it, or was over with it.
 */
export async function readPast(folder: string, at: number): Promise<Past> {
  const meeting = path.basename(folder);
  const builder = new MemoryBuilder();
  const events: MeetingEvent[] = [];
  let head: Extract<JournalEvent, { type: 'meeting' }> | undefined;
  let turns = 0;
  for await (const event of eventsOf(folder)) {
    const isSaid = event.type === 'turn' || event.type === 'control';
    if (isSaid && turns >= at) break;
    if (event.type === 'stop') break;
    if (event.type === 'turn') {
      if (event.turn !== turns + 1) throw cannotFork(`turn ${turns + 1} of ${meeting} cannot be read`);
      turns = event.turn;
    }
    if (event.type === 'meeting') head = event;
    const inherited = at === 0 ? undefined : inherit(event, events.length > 0);
    if (inherited) events.push(inherited);
    builder.add(inherited ? { ...event, ...inherited } : event);
  }
  if (!head) throw cannotFork(`the journal of ${meeting} holds no meeting`);
  if (turns < at) throw cannotFork(`${meeting} has ${countTurns(turns)}: --at must be from 0 to ${turns}`);
  const { a, b } = head.seats;
  const parent = { meeting, turn: at, names: { a: a.name, b: b.name } };
  const memory = at === 0 ? newMemory(head) : { ...memoryOf(builder, head), isBegun: true };
  refuseEnding(memory, at);
  return { parent, events, memory };
}

/**
 * What a seat is told of the past: all but the last message as history, and the last one, if it came from the
 * other seat, for an answer.
 */
export function lastWordsOf(
  past: readonly { readonly seq: number; readonly event: MeetingEvent }[],
  seat: Seat,
): { readonly history: HistoryEntry[]; readonly last: Told | undefined } {
  const view = new SeatView(seat);
  for (const { seq, event } of past) view.add({ v: 1, seq, t: '', ...event });
  const told = view.told(undefined, Infinity);
  // Notes may stand behind it.
  const at = told.findLastIndex(({ type }) => type === 'text' || type === 'control');
  const others = told.filter((_, index) => index !== at);
  const entries = others.flatMap((each): HistoryEntry[] => {
    if (each.type === 'note') return [{ note: each.text }];
    if (each.type !== 'text') return [];
    return [{ turn: each.turn, seat: seat === 'a' ? 'b' : 'a', text: each.text }];
  });
  return { history: [...view.history(), ...entries], last: told[at] };
}

async function* eventsOf(folder: string): AsyncGenerator<JournalEvent, void, void> {
  const file = path.join(folder, journalFileName);
  try {
    for await (const item of journalItems(file)) if (item.type === 'event') yield item.event;
  } catch (error) {
    throw cannotFork(`the journal ${file} cannot be read: ${messageOf(error)}`);
  }
}

/** What of an event goes into the fork; `isBegun`: somebody was told to begin before it. */
function inherit(event: JournalEvent, isBegun: boolean): MeetingEvent | undefined {
  switch (event.type) {
    case 'start':
      return { type: 'start', seat: event.seat, hello: event.hello };
    case 'turn': {
      const { meta, ...turn } = withoutStamp(event);
      return { ...turn, ...finishOf(meta), inherited: true };
    }
    case 'control':
      return { ...withoutStamp(event), inherited: true };
    case 'block':
      return { ...withoutStamp(event), inherited: true };
    case 'result':
      return { ...withoutStamp(event), inherited: true };
    case 'translation': {
      // It was paid for there.
      const { usage, ...translation } = withoutStamp(event);
      return { ...translation, inherited: true };
    }
    case 'note':
      // What was told before the start is the proxy's own introduction: this one has its own.
      return isBegun ? { ...withoutStamp(event), inherited: true } : undefined;
    case 'meeting':
    case 'seated':
    case 'truncated':
    case 'flag':
    case 'moderator':
    case 'lost':
    case 'returned':
    case 'status':
    case 'stop':
      return undefined;
  }
}

/** Tokens and time were spent in the parent: whoever adds them up here must not find them. */
function finishOf(meta: TurnMeta | undefined): { meta?: TurnMeta } {
  return meta?.finish === undefined ? {} : { meta: { finish: meta.finish } };
}

/** A reader has parsed it, in an order of its own; in a journal the type comes first. */
function withoutStamp<T extends JournalEvent>(event: T): Omit<T, 'v' | 'seq' | 't'> {
  const entries = Object.entries(event).filter(([key]) => !['v', 'seq', 't', 'type'].includes(key));
  return Object.fromEntries([['type', event.type], ...entries]) as Omit<T, 'v' | 'seq' | 't'>;
}

function memoryOf(builder: MemoryBuilder, head: Extract<JournalEvent, { type: 'meeting' }>): Memory {
  return builder.memory ?? newMemory(head);
}

function newMemory({ meeting, settings, seats, t }: Extract<JournalEvent, { type: 'meeting' }>): Memory {
  return {
    ...{ meeting, settings, seats, startedAtMs: Date.parse(t) },
    dialects: { a: 'framed', b: 'framed' },
    ...{ isBegun: false, turns: 0, questions: 0, said: { a: 0, b: 0 }, passedTests: 0, hasRunCode: false },
    totals: { a: noTotals(), b: noTotals() },
    untranslated: {},
    moderation: new ModerationMemoryBuilder().memory,
  };
}

/** Nobody would be asked after such a turn. */
function refuseEnding({ last }: Memory, at: number): void {
  const isOver = last?.control === 'end' || last?.control === 'stop' || last?.answersGoodbye;
  if (!isOver) return;
  throw cannotFork(`the meeting was over with turn ${at}: fork it before, --at ${at - 1} or less`);
}

function countTurns(turns: number): string {
  return turns === 1 ? '1 turn' : `${turns} turns`;
}

function cannotFork(message: string): ColloquyError {
  return new ColloquyError(message, { code: 'cannot-fork' });
}
