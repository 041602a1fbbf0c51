import type { Provider } from './provider.ts';

/** A model that is in memory takes some milliseconds, one on a disk seconds. */
const slowLoadMs = 1_000;
/** The first reply loads a model in any case. */
const loadsInARow = 3;

/**
 * Notices a model that is loaded again for every reply: most often there are two, and only one of them fits
 * into memory. To be told how long each reply took to load it; gives the one sentence to say, once.
 */
export function createSwapWatch({
  name,
  model,
}: Provider): (loadMs: number | undefined) => string | undefined {
  let slow: number[] = [];
  let isTold = false;
  return (loadMs = 0) => {
    slow = loadMs < slowLoadMs ? [] : [...slow, loadMs];
    if (isTold || slow.length < loadsInARow) return undefined;
    isTold = true;
    const seconds = (slow.reduce((sum, ms) => sum + ms, 0) / slow.length / 1_000).toFixed(1);
    return `${name} loads ${model} anew for each reply, ${seconds} s every time: most likely it and the model of the other agent do not fit into memory together; take smaller models, or one model for both, with the same num_ctx`;
  };
}
