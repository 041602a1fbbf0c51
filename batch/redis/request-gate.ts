import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Redis } from 'ioredis';
import type { RequestGate, RequestLimits } from '../../agents/request-limit.ts';
import { enterScript, holdBackScript, stayScript } from './scripts.ts';

/** So often it is looked whether a place is free, by one who stands for all in this process. */
const placeMs = 100;
/** Who has not been heard of for so long has died with its request. */
const goneMs = 60_000;
/** Nobody is kept waiting for longer by one answer: it outlives every process here, and may have been a mistake. */
const longestHeldMs = 86_400_000;
/** Two requests that are a minute apart here may be less apart where they arrive. */
const margin = 1.01;

/**
 * What all processes on one Redis share who ask one service: so many at a time, so many a minute, evenly spread by
 * the clock of Redis, and none of them while the service wants to be left alone.
 */
export class RedisRequestGate implements RequestGate {
  readonly #redis: Redis;
  readonly #limits: RequestLimits;
  readonly #keys: readonly [gate: string, underWay: string];
  readonly #underWay = new Set<string>();
  /** Runs as long as somebody is under way. */
  #clock: NodeJS.Timeout | undefined;
  /** In this process, who came first goes first. */
  #line: Promise<unknown> = Promise.resolve();

  constructor(redis: Redis, address: string, limits: RequestLimits) {
    this.#redis = redis;
    this.#limits = limits;
    // An address may be anything.
    const name = `colloquy:gate:${createHash('sha256').update(address).digest('hex').slice(0, 32)}`;
    this.#keys = [name, `${name}:underway`];
  }

  async enter(signal: AbortSignal, onWait: (why: string) => void = () => {}): Promise<() => void> {
    const holder = randomUUID();
    const turn = this.#line.then(async () => {
      try {
        await this.#admit(holder, signal, onWait);
        // Whoever waited for it may have gone in the meantime.
        signal.throwIfAborted();
      } catch (error) {
        this.#leave(holder);
        throw error;
      }
    });
    this.#line = turn.catch(() => {});
    await orAborted(turn, signal);
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#leave(holder);
    };
  }

  holdBack(delayMs: number): void {
    void holdBackScript
      .run(this.#redis, [this.#keys[0]], [Math.ceil(Math.min(delayMs, longestHeldMs))])
      .catch(() => {});
  }

  async #admit(holder: string, signal: AbortSignal, onWait: (why: string) => void): Promise<void> {
    const { atOnce, perMinute } = this.#limits;
    const spacingMs = perMinute > 0 ? (60_000 / perMinute) * margin : 0;
    const ask = async (hasTurn: boolean): Promise<['go' | 'held' | 'full', number]> => {
      const values = [holder, spacingMs, atOnce, goneMs, hasTurn ? 1 : 0];
      return (await enterScript.run(this.#redis, this.#keys, values)) as ['go' | 'held' | 'full', number];
    };
    let hasSaid = false;
    let hasTurn = false;
    for (;;) {
      signal.throwIfAborted();
      const [answer, waitMs] = await ask(hasTurn);
      if (answer === 'go') {
        hasTurn = true;
        if (atOnce > 0) this.#underWay.add(holder);
        if (atOnce > 0) this.#clock ??= setInterval(() => this.#stay(), goneMs / 3).unref();
        if (waitMs === 0) break;
      }
      if (!hasSaid) onWait(why(answer, this.#limits, waitMs));
      hasSaid = true;
      const pauseMs = { full: placeMs, held: Math.min(waitMs, longestHeldMs), go: waitMs }[answer];
      await sleep(pauseMs, undefined, { signal });
    }
  }

  #leave(holder: string): void {
    this.#underWay.delete(holder);
    if (this.#underWay.size === 0) {
      clearInterval(this.#clock);
      this.#clock = undefined;
    }
    if (this.#limits.atOnce > 0) void this.#redis.zrem(this.#keys[1], holder).catch(() => {});
  }

  #stay(): void {
    void stayScript.run(this.#redis, [this.#keys[1]], [goneMs, ...this.#underWay]).catch(() => {});
  }
}

function why(answer: 'go' | 'held' | 'full', { atOnce, perMinute }: RequestLimits, waitMs: number): string {
  const seconds = Math.ceil(waitMs / 1_000);
  if (answer === 'full') return `waits: ${atOnce} at a time`;
  if (answer === 'held') return `the service wants a pause, goes on in ${seconds} s`;
  return `waits: ${perMinute} a minute, next in ${seconds} s`;
}

/** Redis may be away for long. */
function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) return abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
