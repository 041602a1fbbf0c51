export interface RateLimits {
  /** 0: no limit. */
  readonly messagesPerMinute: number;
  /** 0: no limit. */
  readonly charactersPerMinute: number;
}

/**
 * Tells how long a message must wait. It is a pair of token buckets that may be overdrawn: each message
 * reserves its share at once, so that those who wait keep their order, and none waits for more than its
 * bucket can ever hold.
 */
export class RateLimit {
  readonly #buckets: { readonly bucket: TokenBucket; readonly cost: (characters: number) => number }[] = [];

  constructor({ messagesPerMinute, charactersPerMinute }: RateLimits) {
    // One message at a time keeps an even pace; ten seconds' worth of characters lets a short one through.
    if (messagesPerMinute > 0) {
      this.#buckets.push({ bucket: new TokenBucket(messagesPerMinute / 60_000, 1), cost: () => 1 });
    }
    if (charactersPerMinute > 0) {
      const bucket = new TokenBucket(charactersPerMinute / 60_000, charactersPerMinute / 6);
      this.#buckets.push({ bucket, cost: (characters) => characters });
    }
  }

  /** Reserves a place for a message of that length and returns the milliseconds until it may go. */
  reserve(characters: number, nowMs: number): number {
    return Math.max(0, ...this.#buckets.map(({ bucket, cost }) => bucket.reserve(cost(characters), nowMs)));
  }
}

class TokenBucket {
  readonly #tokensPerMs: number;
  readonly #capacity: number;
  #tokens: number;
  #filledAtMs = -Infinity;

  constructor(tokensPerMs: number, capacity: number) {
    this.#tokensPerMs = tokensPerMs;
    this.#capacity = capacity;
    this.#tokens = capacity;
  }

  reserve(cost: number, nowMs: number): number {
    if (nowMs > this.#filledAtMs) {
      this.#tokens = Math.min(this.#capacity, this.#tokens + (nowMs - this.#filledAtMs) * this.#tokensPerMs);
      this.#filledAtMs = nowMs;
    }
    // A message larger than the bucket goes when the bucket is full.
    const missing = Math.min(cost, this.#capacity) - this.#tokens;
    this.#tokens -= cost;
    return missing > 0 ? Math.ceil(missing / this.#tokensPerMs) : 0;
  }
}
