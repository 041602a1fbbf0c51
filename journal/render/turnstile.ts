import { setImmediate, setTimeout } from 'node:timers/promises';

/** Lets so many jobs through at a time; the others wait in the order they came. */
export class Turnstile {
  readonly #width: number;
  readonly #waiting: (() => void)[] = [];
  #inside = 0;

  constructor(width: number) {
    this.#width = width;
  }

  /** Settles as the job does. */
  async run<T>(job: () => Promise<T>): Promise<T> {
    if (this.#inside < this.#width) this.#inside++;
    else await new Promise<void>((enter) => this.#waiting.push(enter));
    try {
      return await job();
    } finally {
      // Whoever waits takes this place, so the number inside stays.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#inside--;
    }
  }
}

/** Keeps a long job from holding up everything else in the process. */
export class Pace {
  readonly #idleShare: number;
  #sinceMs = performance.now();

  /** After each slice of work, `idleShare` times as long is left to others; 0: only what is due already. */
  constructor(idleShare = 0) {
    this.#idleShare = idleShare;
  }

  /** To be awaited between steps: gives way after every few milliseconds of work. */
  async rest(): Promise<void> {
    const workedMs = performance.now() - this.#sinceMs;
    if (workedMs < sliceMs) return;
    if (this.#idleShare === 0) await setImmediate();
    else await setTimeout(Math.min(workedMs, longestSliceMs) * this.#idleShare);
    this.#sinceMs = performance.now();
  }
}

/** Two jobs at a time, each with its slice, stay below the 20 ms that a relayed message may wait. */
const sliceMs = 8;
/** What lasts longer was most likely spent waiting for the processor. */
const longestSliceMs = 16;
