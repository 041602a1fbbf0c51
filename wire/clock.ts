/** Time as a parameter, so that a test can hold it still. */
export interface Clock {
  nowMs(): number;
  /** Calls `run` after `delayMs`; the function returned takes that back. */
  after(delayMs: number, run: () => void): () => void;
}

/** `setTimeout` fires at once for more than this (2^31 - 1 ms, about 24 days). */
const longestDelayMs = 2_147_483_647;

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, Math.min(delayMs, longestDelayMs));
    return () => clearTimeout(timer);
  },
};
