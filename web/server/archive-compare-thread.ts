import { Worker } from 'node:worker_threads';
import { Turnstile } from '../../journal/render/turnstile.ts';
import { ColloquyError } from '../../wire/errors.ts';
import type { ComparisonAnswer } from '../archive-api.ts';
import type { Compared } from './archive-compare-worker.ts';

/** Words are compared for seconds where two long meetings have little in common: no more than two at a time. */
const turnstile = new Turnstile(2);
const longestMs = 30_000;

/**
 * Sets two meetings side by side, given their folders, in a thread of its own. Rejects with ColloquyError `too-long`,
 * `too-different` or `journal-unreadable`, or with the reason of `signal`.
 */
export async function compareInThread(
  left: string,
  right: string,
  signal: AbortSignal,
): Promise<ComparisonAnswer> {
  return turnstile.run(async () => {
    signal.throwIfAborted();
    const worker = new Worker(new URL('./archive-compare-worker.js', import.meta.url), {
      workerData: { left, right },
      resourceLimits: { maxOldGenerationSizeMb: 512 },
    });
    const late = new ColloquyError(
      `these two take more than ${longestMs / 1_000} s to compare; "colloquy transcript diff" waits longer`,
      { code: 'too-different' },
    );
    let timer: NodeJS.Timeout | undefined;
    const stop = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(late), longestMs);
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    });
    try {
      const compared = await Promise.race([answerOf(worker), stop]);
      if (compared.type === 'done') return compared.comparison;
      throw new ColloquyError(compared.message, { code: compared.code });
    } finally {
      clearTimeout(timer);
      await worker.terminate();
    }
  });
}

function answerOf(worker: Worker): Promise<Compared> {
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread that compares has ended')));
  });
}
