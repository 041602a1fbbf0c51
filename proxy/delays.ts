import type { Clock } from '../wire/clock.ts';
import { otherSeat, type Seat } from '../wire/types.ts';
import type { Peer } from './peer.ts';
import { RateLimit, type RateLimits } from './rate-limit.ts';

export interface RateSettings extends RateLimits {
  /** Limits of a provider's name, over all meetings of this proxy. */
  readonly providers: Readonly<Record<string, RateLimits>>;
}

/**
 * How long each message is held back. A seat may speak at its own rate; and since every message makes
 * the one who gets it ask its provider, a provider's limit counts the messages that go to it.
 */
export function createDelays(
  rate: RateSettings,
  clock: Clock,
): { forPair(peers: { readonly a: Peer; readonly b: Peer }): (from: Seat, characters: number) => number } {
  const providers = new Map(
    Object.entries(rate.providers).map(([name, limits]) => [name, new RateLimit(limits)]),
  );
  return {
    forPair(peers) {
      const own = { a: new RateLimit(rate), b: new RateLimit(rate) };
      return (from, characters) => {
        const provider = providers.get(peers[otherSeat(from)].participant.provider ?? '');
        const nowMs = clock.nowMs();
        return Math.max(own[from].reserve(characters, nowMs), provider?.reserve(characters, nowMs) ?? 0);
      };
    },
  };
}
