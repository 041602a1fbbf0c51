import { systemClock, type Clock } from '../wire/clock.ts';

export interface RequestLimits {
  /** Requests that may be under way at the same time; 0: no limit. */
  readonly atOnce: number;
  /** Requests that may begin in a minute, evenly spread; 0: no limit. */
  readonly perMinute: number;
}

/** Where those wait who ask one service, until they may. */
export interface RequestGate {
  /**
   * Resolves when a request may begin, with what must be called when it is over. `onWait` is told once, where it may
   * not begin at once. Rejects with the reason of the signal.
   */
  enter(signal: AbortSignal, onWait?: (why: string) => void): Promise<() => void>;
  /** Nobody begins for so long: the service has said that it is too much. */
  holdBack(delayMs: number): void;
}

/**
 * What several in one process share who ask one service: so many at a time, so many a minute, and none of them while the service
 * wants to be left alone. Who came first goes first.
 */
export class RequestLimit implements RequestGate {
  readonly #limits: RequestLimits;
  readonly #clock: Clock;
  readonly #waiting: Waiter[] = [];
  #underWay = 0;
  #nextAtMs = -Infinity;
  #heldUntilMs = -Infinity;
  #cancelTimer: (() => void) | undefined;

  constructor(limits: RequestLimits, clock: Clock = systemClock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  enter(signal: AbortSignal, onWait: (why: string) => void = () => {}): Promise<() => void> {
    signal.throwIfAborted();
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1);
        reject(signal.reason as Error);
      };
      const waiter: Waiter = {
        admit: () => {
          signal.removeEventListener('abort', abort);
          resolve(this.#begin());
        },
      };
      signal.addEventListener('abort', abort, { once: true });
      this.#waiting.push(waiter);
      this.#admit();
      if (this.#waiting.includes(waiter)) onWait(this.#why());
    });
  }

  holdBack(delayMs: number): void {
    this.#heldUntilMs = Math.max(this.#heldUntilMs, this.#clock.nowMs() + delayMs);
  }

  #begin(): () => void {
    this.#underWay++;
    const { perMinute } = this.#limits;
    if (perMinute > 0) this.#nextAtMs = this.#clock.nowMs() + 60_000 / perMinute;
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#underWay--;
      this.#admit();
    };
  }

  /** Lets in whoever may begin, and comes back when the next one may. */
  #admit(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    while (this.#waiting.length > 0 && !this.#isFull) {
      const delayMs = this.#delayMs;
      if (delayMs > 0) {
        this.#cancelTimer = this.#clock.after(delayMs, () => this.#admit());
        return;
      }
      this.#waiting.shift()?.admit();
    }
  }

  get #isFull(): boolean {
    return this.#limits.atOnce > 0 && this.#underWay >= this.#limits.atOnce;
  }

  get #delayMs(): number {
    return Math.max(this.#heldUntilMs, this.#nextAtMs) - this.#clock.nowMs();
  }

  #why(): string {
    const { atOnce, perMinute } = this.#limits;
    const seconds = Math.ceil(Math.max(0, this.#delayMs) / 1_000);
    if (this.#heldUntilMs > this.#clock.nowMs()) return `the service wants a pause, goes on in ${seconds} s`;
    if (this.#isFull) return `waits: ${atOnce} at a time`;
    return `waits: ${perMinute} a minute, next in ${seconds} s`;
  }
}

interface Waiter {
  readonly admit: () => void;
}
