import { seats, type Seat, type Usage } from '../wire/types.ts';
import { addUsage } from '../wire/usage.ts';
import type { Outline } from './conversation.ts';
import { costOf, priceOfSeat } from './cost.ts';

/** What one speaker took, or both together. */
export interface SpeakerUsage {
  readonly turns: number;
  /** Absent when none was reported. */
  readonly usage?: Usage;
  /** US dollars; absent when no price is known for some of it. */
  readonly cost?: number;
  /** Of the time that a turn took to write. */
  readonly latency?: { readonly medianMs: number; readonly worstMs: number };
}

export interface UsageTable {
  readonly names: { readonly [seat in Seat]: string };
  readonly speakers: { readonly [seat in Seat]: SpeakerUsage };
  readonly together: SpeakerUsage;
  /** The oldest of the days on which the prices were looked up. */
  readonly pricesAsOf?: string;
}

/** Adds up what a meeting took. Undefined where no tokens were read or written: no model spoke. */
export function usageTable({
  seats: participants,
  totals,
  settings,
}: Pick<Outline, 'seats' | 'totals' | 'settings'>): UsageTable | undefined {
  const hasTokens = seats.some((seat) => {
    const { input, output } = totals[seat].usage ?? { input: 0, output: 0 };
    return input + output > 0;
  });
  if (!hasTokens) return undefined;
  const speakerOf = (seat: Seat): SpeakerUsage => {
    const { turns, usage, latenciesMs } = totals[seat];
    const price = priceOfSeat(settings, participants, seat);
    const isPerson = participants[seat].provider === undefined && !usage;
    return {
      turns,
      ...(usage ? { usage } : {}),
      ...(price ? { cost: usage ? costOf(usage, price) : 0 } : isPerson ? { cost: 0 } : {}),
      ...latencyOf(latenciesMs),
    };
  };
  const speakers = { a: speakerOf('a'), b: speakerOf('b') };
  const { a, b } = speakers;
  const usage = addUsage(a.usage, b.usage);
  const days = seats.flatMap((seat) => settings?.prices?.[seat]?.asOf ?? []).sort();
  return {
    names: { a: participants.a.name, b: participants.b.name },
    speakers,
    together: {
      turns: a.turns + b.turns,
      ...(usage ? { usage } : {}),
      ...(a.cost === undefined || b.cost === undefined ? {} : { cost: a.cost + b.cost }),
      ...latencyOf([...totals.a.latenciesMs, ...totals.b.latenciesMs]),
    },
    ...(days[0] === undefined ? {} : { pricesAsOf: days[0] }),
  };
}

function latencyOf(latenciesMs: readonly number[]): Pick<SpeakerUsage, 'latency'> {
  if (latenciesMs.length === 0) return {};
  const sorted = [...latenciesMs].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  const lower = sorted.length % 2 === 1 ? upper : (sorted[middle - 1] ?? 0);
  return { latency: { medianMs: (lower + upper) / 2, worstMs: sorted.at(-1) ?? 0 } };
}
