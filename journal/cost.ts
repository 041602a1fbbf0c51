import type { Price } from '../config/prices.ts';
import { seats, type Participant, type Seat, type Usage } from '../wire/types.ts';
import { addUsage } from '../wire/usage.ts';
import type { MeetingSettings } from './event.ts';
import type { Totals } from './seat-totals.ts';

/** US dollars. */
export function costOf({ input, output, cached, stored = 0 }: Usage, price: Price): number {
  const fresh = Math.max(0, input - cached - stored);
  const read = cached * (price.cached ?? price.input) + stored * (price.stored ?? price.input);
  return (fresh * price.input + read + output * price.output) / 1_000_000;
}

export const freePrice: Price = { input: 0, output: 0, cached: 0, stored: 0 };

/** Providers that charge nobody: models on one's own machine, the built-in speakers, people. */
const freeProviders: ReadonlySet<string> = new Set([
  'ollama',
  'lmstudio',
  'eliza',
  'parry',
  'scripted',
  'human',
]);

export function isFree(provider: string | undefined): boolean {
  return provider !== undefined && freeProviders.has(provider);
}

/** The price in force for a seat: what the meeting's settings say, nothing for who is free, undefined where nobody knows. */
export function priceOfSeat(
  settings: Pick<MeetingSettings, 'prices'> | undefined,
  participants: { readonly [seat in Seat]: Pick<Participant, 'provider'> },
  seat: Seat,
): Price | undefined {
  return settings?.prices?.[seat] ?? (isFree(participants[seat].provider) ? freePrice : undefined);
}

/** As `priceOfSeat`, of who translates between the two. */
export function priceOfTranslator(
  settings: Pick<MeetingSettings, 'prices' | 'translation'> | undefined,
): Price | undefined {
  return settings?.prices?.translator ?? (isFree(settings?.translation?.provider) ? freePrice : undefined);
}

/** Both seats together and who translates, as far as prices are known. US dollars. */
export function costSoFar(
  settings: Pick<MeetingSettings, 'prices' | 'translation'>,
  participants: { readonly [seat in Seat]: Pick<Participant, 'provider'> },
  totals: Totals,
): number {
  const bills = [
    ...seats.map((seat) => [totals[seat].usage, priceOfSeat(settings, participants, seat)] as const),
    [totals.translator, priceOfTranslator(settings)] as const,
  ];
  return bills.reduce((sum, [usage, price]) => (usage && price ? sum + costOf(usage, price) : sum), 0);
}

/** Read and written, of both seats and of who translates. */
export function tokensSoFar({ a, b, translator }: Totals): number {
  const { input, output } = addUsage(addUsage(a.usage, b.usage), translator) ?? { input: 0, output: 0 };
  return input + output;
}

/** "$0", "$0.0042", "$1.27". */
export function formatCost(dollars: number): string {
  if (dollars === 0) return '$0';
  if (dollars < 0.000_05) return 'under $0.0001';
  return `$${dollars.toFixed(dollars < 0.995 ? 4 : 2)}`;
}
