import type { Clock } from '../wire/clock.ts';
import { otherSeat, type Participant, type Seat } from '../wire/types.ts';
import { RateLimit, type RateLimits } from './rate-limit.ts';

export interface RateSettings extends RateLimits {
  /** Limits of a provider's name, over all meetings of this proxy. */
  readonly providers: Readonly<Record<string, RateLimits>>;
}

/** Milliseconds that what is said in one meeting is held back. */
export interface Delays {
  /** Nothing is ever held back. */
  readonly areNone: boolean;
  /** Until the one in seat `to` may be told to begin. */
  hello(to: Seat): number;
  /** Until a message of that many characters may go from `from` to the other seat. */
  message(from: Seat, characters: number): number;
}

/**
 * How long each message is held back. A seat may speak at its own rate; and since every message makes
 * the one who gets it ask its provider, a provider's limit counts the messages that go to it.
 */
export function createDelays(
  rate: RateSettings,
  clock: Clock,
): { forPair(participants: { readonly [seat in Seat]: Participant }): Delays } {
  const providers = new Map(
    Object.entries(rate.providers).map(([name, limits]) => [name, new RateLimit(limits)]),
  );
  return {
    forPair(participants) {
      const own = { a: new RateLimit(rate), b: new RateLimit(rate) };
      const toProvider = (to: Seat, characters: number): number =>
        providers.get(participants[to].provider ?? '')?.reserve(characters, clock.nowMs()) ?? 0;
      const { messagesPerMinute, charactersPerMinute } = rate;
      return {
        areNone: messagesPerMinute + charactersPerMinute + providers.size === 0,
        hello: (to) => toProvider(to, 0),
        message: (from, characters) =>
          Math.max(own[from].reserve(characters, clock.nowMs()), toProvider(otherSeat(from), characters)),
      };
    },
  };
}
