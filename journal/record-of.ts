import path from 'node:path';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import type { Seat, SpokenVerb, TurnMeta } from '../wire/types.ts';
import type { JournalEvent } from './event.ts';
import { journalFileName } from './journal.ts';
import { journalItems } from './read.ts';

/** One message of a meeting. */
export interface SaidMessage {
  readonly seat: Seat;
  /** Undefined for a control word that came alone. */
  readonly turn?: number;
  readonly text: string;
  readonly control?: SpokenVerb;
  readonly meta: TurnMeta;
  readonly atMs: number;
}

/** What a meeting must have in common with another one to be the same again. */
export interface MeetingRecord {
  readonly meeting: string;
  readonly head: Extract<JournalEvent, { type: 'meeting' }>;
  /** Who was told to begin, with which words; absent where nobody was. */
  readonly start?: { readonly seat: Seat; readonly hello: string; readonly atMs: number };
  readonly messages: readonly SaidMessage[];
  /** Of the code that was run, in its order: `turn 3, test block 1: passed`. */
  readonly outcomes: readonly string[];
  readonly stop?: Extract<JournalEvent, { type: 'stop' }>;
  /** The seat that was lost last. */
  readonly lost?: { readonly seat: Seat; readonly detail: string };
  /** How many events of each other type there are, which nobody said. */
  readonly others: ReadonlyMap<string, number>;
}

/** Reads a journal whole. Rejects with ColloquyError `cannot-replay` where a part of it cannot be read. */
export async function readRecord(folder: string): Promise<MeetingRecord> {
  const meeting = path.basename(folder);
  const file = path.join(folder, journalFileName);
  const messages: SaidMessage[] = [];
  const outcomes: string[] = [];
  const others = new Map<string, number>();
  let head: MeetingRecord['head'] | undefined;
  let start: MeetingRecord['start'];
  let stop: MeetingRecord['stop'];
  let lost: MeetingRecord['lost'];
  let turns = 0;
  const add = (event: JournalEvent): void => {
    const atMs = Date.parse(event.t);
    switch (event.type) {
      case 'meeting':
        head = event;
        return;
      case 'start':
        start = { seat: event.seat, hello: event.hello, atMs };
        return;
      case 'turn': {
        const { seat, turn, text, control, meta = {} } = event;
        if (turn !== turns + 1) throw cannotReplay(`turn ${turns + 1} of ${meeting} cannot be read`);
        turns = turn;
        messages.push({ seat, turn, text, ...(control ? { control } : {}), meta, atMs });
        return;
      }
      case 'control':
        messages.push({ seat: event.seat, text: '', control: event.verb, meta: {}, atMs });
        return;
      case 'result':
        outcomes.push(`turn ${event.turn}, ${event.kind} block ${event.number}: ${event.outcome}`);
        return;
      case 'stop':
        stop = event;
        return;
      case 'lost':
        lost = { seat: event.seat, detail: event.detail };
        others.set('lost', (others.get('lost') ?? 0) + 1);
        return;
      case 'seated':
      case 'block':
      case 'status':
      case 'flag':
        return;
      case 'note':
      case 'moderator':
      case 'translation':
      case 'truncated':
      case 'returned':
        others.set(event.type, (others.get(event.type) ?? 0) + 1);
    }
  };
  try {
    for await (const item of journalItems(file)) {
      if (item.type === 'event') add(item.event);
      if (item.type === 'unknown') others.set(item.eventType, (others.get(item.eventType) ?? 0) + 1);
    }
  } catch (error) {
    if (error instanceof ColloquyError) throw error;
    throw cannotReplay(`the journal ${file} cannot be read: ${messageOf(error)}`);
  }
  if (!head) throw cannotReplay(`the journal of ${meeting} holds no meeting`);
  return {
    ...{ meeting, head, messages, outcomes, others },
    ...(start ? { start } : {}),
    ...(stop ? { stop } : {}),
    ...(lost ? { lost } : {}),
  };
}

export function cannotReplay(message: string): ColloquyError {
  return new ColloquyError(message, { code: 'cannot-replay' });
}
