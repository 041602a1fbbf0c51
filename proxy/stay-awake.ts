import { performance } from 'node:perf_hooks';

/** About as long as falling asleep and being woken up takes. */
const awakeMs = 0.04;

let untilMs = 0;
let isAwake = false;

/**
 * Something came, and the answer may follow at once: for a moment the event loop looks for it without going
 * to sleep in between.
 */
export function stayAwake(): void {
  untilMs = performance.now() + awakeMs;
  if (isAwake) return;
  isAwake = true;
  setImmediate(lookAgain);
}

function lookAgain(): void {
  if (performance.now() < untilMs) setImmediate(lookAgain);
  else isAwake = false;
}
