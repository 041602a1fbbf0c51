import type { Clock } from '../wire/clock.ts';

const nothing = (): void => {};

/**
 * Ends a meeting in which nobody says anything any more. It counts only the time in which somebody could:
 * not while code runs, a message is held back, a seat is kept for somebody, or the disk is full.
 */
export class IdleWatch {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onIdle: () => void;
  #holds = 0;
  #isRunning = false;
  #cancelTimer: (() => void) | undefined;

  /** `limitMs` 0: never. */
  constructor(clock: Clock, limitMs: number, onIdle: () => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onIdle = onIdle;
  }

  start(): void {
    this.#isRunning = this.#limitMs > 0;
    this.touch();
  }

  stop(): void {
    this.#isRunning = false;
    this.#cancelTimer?.();
  }

  /** A sign of life: the time begins anew. */
  touch(): void {
    if (!this.#isRunning || this.#holds > 0) return;
    this.#cancelTimer?.();
    this.#cancelTimer = this.#clock.after(this.#limitMs, this.#onIdle);
  }

  /** Nobody can be blamed for silence until the function returned is called; then the time begins anew. */
  hold(): () => void {
    if (this.#limitMs === 0) return nothing;
    this.#holds++;
    this.#cancelTimer?.();
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#holds--;
      this.touch();
    };
  }
}
