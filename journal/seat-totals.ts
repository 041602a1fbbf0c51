import type { Seat, Usage } from '../wire/types.ts';
import { addUsage } from '../wire/usage.ts';
import type { MeetingEvent } from './event.ts';

/** What one seat has said, and what it took. */
export interface SeatTotals {
  readonly turns: number;
  readonly characters: number;
  /** Of turns, and of attempts that came to nothing. Absent when none was reported. */
  readonly usage?: Usage;
  /** Milliseconds spent writing, absent when no turn came with it. */
  readonly ms?: number;
  /** Milliseconds for each turn that came with them. One list, growing, for all totals of a seat. */
  readonly latenciesMs: readonly number[];
}

export type Totals = { readonly [seat in Seat]: SeatTotals } & {
  /** Of who translates between the two; absent where nobody reported any. */
  readonly translator?: Usage;
};

/** An event that may bring words or a bill. */
export type BilledEvent = Extract<MeetingEvent, { type: 'turn' | 'control' | 'lost' | 'translation' }>;

export function noTotals(): SeatTotals {
  return { turns: 0, characters: 0, latenciesMs: [] };
}

/** The list of latencies is added to in place. */
export function addToTotals(totals: Totals, event: BilledEvent): Totals {
  if (event.type !== 'translation') return { ...totals, [event.seat]: add(totals[event.seat], event) };
  const translator = addUsage(totals.translator, event.usage);
  return translator ? { ...totals, translator } : totals;
}

function add(totals: SeatTotals, event: Exclude<BilledEvent, { type: 'translation' }>): SeatTotals {
  const isTurn = event.type === 'turn';
  const usage = addUsage(totals.usage, event.meta?.usage);
  const latencyMs = isTurn ? event.meta?.ms : undefined;
  if (latencyMs !== undefined) (totals.latenciesMs as number[]).push(latencyMs);
  const ms = latencyMs === undefined ? totals.ms : (totals.ms ?? 0) + latencyMs;
  return {
    turns: totals.turns + (isTurn ? 1 : 0),
    characters: totals.characters + (isTurn ? event.text.length : 0),
    ...(usage === undefined ? {} : { usage }),
    ...(ms === undefined ? {} : { ms }),
    latenciesMs: totals.latenciesMs,
  };
}
