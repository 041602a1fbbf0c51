import type { Clock } from '../wire/clock.ts';

/** The time a meeting may take. It stands still while the meeting is paused. */
export class TimeLimit {
  readonly #clock: Clock;
  readonly #onUp: (maxSeconds: number) => void;
  #startedAtMs: number;
  /** How long it has stood still before. */
  #stoodStillMs = 0;
  #stillSinceMs: number | undefined;
  #maxSeconds = 0;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock, onUp: (maxSeconds: number) => void) {
    this.#clock = clock;
    this.#onUp = onUp;
    this.#startedAtMs = clock.nowMs();
  }

  /** `maxSeconds` 0: no limit. */
  start(startedAtMs: number, maxSeconds: number, stoodStillMs = 0): void {
    this.#startedAtMs = startedAtMs;
    this.#stoodStillMs = stoodStillMs;
    this.change(maxSeconds);
  }

  /** Time that has passed for the meeting. */
  get elapsedMs(): number {
    const nowMs = this.#stillSinceMs ?? this.#clock.nowMs();
    return Math.max(0, nowMs - this.#startedAtMs - this.#stoodStillMs);
  }

  pause(sinceMs = this.#clock.nowMs()): void {
    this.#stillSinceMs ??= sinceMs;
    this.#cancel?.();
  }

  resume(): void {
    if (this.#stillSinceMs !== undefined) this.#stoodStillMs += this.#clock.nowMs() - this.#stillSinceMs;
    this.#stillSinceMs = undefined;
    this.change(this.#maxSeconds);
  }

  change(maxSeconds: number): void {
    this.#maxSeconds = maxSeconds;
    this.#cancel?.();
    if (maxSeconds === 0 || this.#stillSinceMs !== undefined) return;
    const leftMs = Math.max(1, maxSeconds * 1_000 - this.elapsedMs);
    this.#cancel = this.#clock.after(leftMs, () => this.#onUp(maxSeconds));
  }

  cancel(): void {
    this.#cancel?.();
  }
}
