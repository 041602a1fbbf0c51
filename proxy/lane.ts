import type { Clock } from '../wire/clock.ts';
import type { Place } from './place.ts';

interface Delivery {
  readonly readyAtMs: number;
  readonly send: () => void;
}

/**
 * The way from one seat to the other. It delays what the rate limit holds back, and stops listening to
 * the sender while anything waits or the receiver does not read: a slow peer holds up its own meeting
 * and never more memory than its socket's buffer and one message.
 */
export class Lane {
  readonly #from: Place;
  readonly #to: Place;
  readonly #clock: Clock;
  readonly #drainMs: number;
  readonly #onStuck: () => void;
  #waiting: Delivery[] = [];
  #cancelTimer: (() => void) | undefined;
  #draining = false;
  #cancelDrain: (() => void) | undefined;

  constructor(options: {
    readonly from: Place;
    readonly to: Place;
    readonly clock: Clock;
    /** How long the receiver may leave its socket full; 0: for ever. */
    readonly drainMs: number;
    readonly onStuck: () => void;
  }) {
    this.#from = options.from;
    this.#to = options.to;
    this.#clock = options.clock;
    this.#drainMs = options.drainMs;
    this.#onStuck = options.onStuck;
  }

  /** Sends in `delayMs`, or later if the receiver has no room, and never before what came earlier. */
  deliver(delayMs: number, send: () => void): void {
    this.#waiting.push({ readyAtMs: this.#clock.nowMs() + delayMs, send });
    this.#advance();
  }

  /** Whether what comes now could be sent at once, without `deliver`. */
  get isFree(): boolean {
    return this.#waiting.length === 0 && !this.#draining;
  }

  /** Something was sent without `deliver`: holds the sender back if the receiver does not keep up. */
  holdBack(isFull = !this.#to.hasRoom): void {
    if (isFull) this.#awaitDrain();
  }

  /** Sends all that waits, at once: the meeting is over. */
  flush(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#cancelDrain?.();
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { send } of waiting) send();
  }

  /** Sends nothing of what waits: the next proxy will. */
  drop(): void {
    this.#cancelTimer?.();
    this.#cancelDrain?.();
    this.#waiting = [];
  }

  #advance(): void {
    if (this.#cancelTimer) return;
    for (let next = this.#waiting[0]; next; next = this.#waiting[0]) {
      if (!this.#to.hasRoom) return this.#awaitDrain();
      const delayMs = next.readyAtMs - this.#clock.nowMs();
      if (delayMs > 0) return this.#awaitTime(delayMs);
      this.#waiting.shift();
      next.send();
    }
    if (this.#to.hasRoom) this.#from.resume();
    else this.#awaitDrain();
  }

  #awaitTime(delayMs: number): void {
    this.#from.pause();
    this.#cancelTimer = this.#clock.after(delayMs, () => {
      this.#cancelTimer = undefined;
      this.#advance();
    });
  }

  /** A slow reader is not a frozen one: only who takes nothing at all in that time is stuck. */
  #expectProgress(): void {
    const takenBytes = this.#to.takenBytes;
    this.#cancelDrain = this.#clock.after(this.#drainMs, () => {
      if (this.#to.takenBytes === takenBytes) this.#onStuck();
      else this.#expectProgress();
    });
  }

  #awaitDrain(): void {
    this.#from.pause();
    if (this.#draining) return;
    this.#draining = true;
    if (this.#drainMs > 0) this.#expectProgress();
    this.#to.onDrain(() => {
      this.#draining = false;
      this.#cancelDrain?.();
      this.#advance();
    });
  }
}
