import { parentPort, workerData } from 'node:worker_threads';
import { ColloquyError, messageOf } from '../../wire/errors.ts';
import type { ComparisonAnswer } from '../archive-api.ts';
import { compareFolders } from './archive-compare.ts';

/** What the thread answers, once. */
export type Compared =
  | { readonly type: 'done'; readonly comparison: ComparisonAnswer }
  | { readonly type: 'failed'; readonly message: string; readonly code: string };

const { left, right } = workerData as { readonly left: string; readonly right: string };

async function compare(): Promise<Compared> {
  try {
    return { type: 'done', comparison: await compareFolders(left, right) };
  } catch (error) {
    const code = error instanceof ColloquyError ? error.code : 'journal-unreadable';
    return { type: 'failed', message: messageOf(error), code };
  }
}

parentPort?.postMessage(await compare());
