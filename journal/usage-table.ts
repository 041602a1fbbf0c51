import { seats, type Seat, type Usage } from '../wire/types.ts';
import { addUsage } from '../wire/usage.ts';
import type { Outline } from './conversation.ts';
import { costOf, priceOfSeat, priceOfTranslator } from './cost.ts';

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
  /** Who translates between the two; absent where nobody reported anything. */
  readonly translator?: Pick<SpeakerUsage, 'usage' | 'cost'>;
  /** All of them. */
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
  if (!hasTokens && !totals.translator) return undefined;
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
  const translator = totals.translator && translatorOf(totals.translator, settings);
  const usage = addUsage(addUsage(a.usage, b.usage), translator?.usage);
  const costs = [a, b, ...(translator ? [translator] : [])].map(({ cost }) => cost);
  const prices = settings?.prices ?? {};
  const days = [prices.a, prices.b, prices.translator].flatMap((price) => price?.asOf ?? []).sort();
  return {
    names: { a: participants.a.name, b: participants.b.name },
    speakers,
    ...(translator ? { translator } : {}),
    together: {
      turns: a.turns + b.turns,
      ...(usage ? { usage } : {}),
      ...(costs.includes(undefined) ? {} : { cost: costs.reduce<number>((sum, cost = 0) => sum + cost, 0) }),
      ...latencyOf([...totals.a.latenciesMs, ...totals.b.latenciesMs]),
    },
    ...(days[0] === undefined ? {} : { pricesAsOf: days[0] }),
  };
}

function translatorOf(usage: Usage, settings: Outline['settings']): NonNullable<UsageTable['translator']> {
  const price = priceOfTranslator(settings);
  return { usage, ...(price ? { cost: costOf(usage, price) } : {}) };
}

function latencyOf(latenciesMs: readonly number[]): Pick<SpeakerUsage, 'latency'> {
  if (latenciesMs.length === 0) return {};
  const sorted = [...latenciesMs].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  const lower = sorted.length % 2 === 1 ? upper : (sorted[middle - 1] ?? 0);
  return { latency: { medianMs: (lower + upper) / 2, worstMs: sorted.at(-1) ?? 0 } };
}
