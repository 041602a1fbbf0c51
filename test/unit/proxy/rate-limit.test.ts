import { describe, expect, it } from 'vitest';
import { RateLimit } from '../../../proxy/rate-limit.ts';

describe('RateLimit', () => {
  it('lets everything through when nothing is limited', () => {
    const limit = new RateLimit({ messagesPerMinute: 0, charactersPerMinute: 0 });
    expect([1, 1e6, 5].map((characters) => limit.reserve(characters, 0))).toEqual([0, 0, 0]);
  });

  it('spaces messages evenly and keeps the order of those who wait', () => {
    const limit = new RateLimit({ messagesPerMinute: 6, charactersPerMinute: 0 });
    expect([1, 2, 3].map(() => limit.reserve(1, 0))).toEqual([0, 10_000, 20_000]);
    expect(limit.reserve(1, 25_000)).toBe(5_000);
  });

  it('saves up no more than one message', () => {
    const limit = new RateLimit({ messagesPerMinute: 6, charactersPerMinute: 0 });
    limit.reserve(1, 0);
    expect(limit.reserve(1, 3_600_000)).toBe(0);
    expect(limit.reserve(1, 3_600_000)).toBe(10_000);
  });

  it('makes a message pay for the characters of the one before', () => {
    const limit = new RateLimit({ messagesPerMinute: 0, charactersPerMinute: 600 });
    expect(limit.reserve(400, 0)).toBe(0);
    // 300 over the bucket of 100, and 10 a second: full enough for 100 more after 40 s.
    expect(limit.reserve(100, 0)).toBe(40_000);
  });

  it('lets a message through that is larger than the bucket will ever be', () => {
    const limit = new RateLimit({ messagesPerMinute: 0, charactersPerMinute: 60 });
    limit.reserve(10, 0);
    expect(limit.reserve(100_000, 0)).toBe(10_000);
  });

  it('obeys the stricter of two limits', () => {
    const limit = new RateLimit({ messagesPerMinute: 60, charactersPerMinute: 60 });
    limit.reserve(60, 0);
    expect(limit.reserve(1, 0)).toBeGreaterThan(50_000);
  });
});
