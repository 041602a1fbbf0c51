import { createHash } from 'node:crypto';
import type { Redis } from 'ioredis';
import * as z from 'zod';
import { batchKeys } from './keys.ts';

/** Becomes part of a path. */
export const meetingId = z.string().regex(/^[a-z0-9-]{1,120}$/);

/** What the queue holds of a meeting. Its parts are digests: many meetings share them. */
export const shippedMeeting = z.strictObject({
  batch: z.string(),
  id: meetingId,
  /** The relay's settings. */
  relay: z.string(),
  a: z.string(),
  b: z.string(),
  chosenFirst: z.enum(['a', 'b']),
});
export type ShippedMeeting = z.infer<typeof shippedMeeting>;

/** What all meetings of a batch share, as a hash in Redis. */
export const shippedBatch = z.object({
  software: z.string(),
  /** Machine and folder from which it was put there. */
  owner: z.string(),
  /** Tables as JSON. */
  prices: z.string(),
  requests: z.string(),
  /** 0: no limit. */
  max_tokens: z.coerce.number(),
  max_cost: z.coerce.number(),
  polite_ms: z.coerce.number(),
});
export type ShippedBatch = z.infer<typeof shippedBatch>;

/** Undefined where there is none of that name. Rejects with ZodError where it is none of ours. */
export async function readBatch(redis: Redis, name: string): Promise<ShippedBatch | undefined> {
  const found = await redis.hgetall(batchKeys(name).batch);
  return Object.keys(found).length === 0 ? undefined : shippedBatch.parse(found);
}

/** By their digests, which are given back. */
export class Parts {
  readonly #redis: Redis;
  readonly #key: string;
  readonly #known = new Map<string, Promise<unknown>>();

  constructor(redis: Redis, batch: string) {
    this.#redis = redis;
    this.#key = batchKeys(batch).parts;
  }

  async put(part: object): Promise<string> {
    const text = JSON.stringify(part);
    const digest = createHash('sha256').update(text).digest('hex');
    const known = this.#known.get(digest) ?? this.#redis.hset(this.#key, digest, text);
    this.#known.set(digest, known);
    await known;
    return digest;
  }

  /** Rejects with an error where it is not there. */
  get(digest: string): Promise<unknown> {
    const known = this.#known.get(digest) ?? this.#fetch(digest);
    this.#known.set(digest, known);
    // It may be there the next time.
    known.catch(() => this.#known.delete(digest));
    return known;
  }

  async #fetch(digest: string): Promise<unknown> {
    const text = await this.#redis.hget(this.#key, digest);
    if (text === null) throw new Error('a part of the batch is missing in Redis');
    return JSON.parse(text);
  }
}
