import os from 'node:os';
import { parentPort } from 'node:worker_threads';
import type { ColloquyError } from '../wire/errors.ts';
import type { TranscriptWriter } from './transcript-writer.ts';

/** What the process asks of this thread. Meetings are named by numbers. */
export type Request =
  | { readonly type: 'follow'; readonly id: number; readonly folder: string }
  | { readonly type: 'finish'; readonly id: number; readonly folder: string };

export type Answer =
  | { readonly type: 'finished'; readonly id: number }
  | { readonly type: 'error'; readonly id: number; readonly message: string; readonly code: string };

/**
 * A third of what a thread of ordinary priority gets. Much less starves where models are computed on the same
 * machine: with ten busy processes on two cores, a transcript took 34 to 66 s at 19, and 10 s at 5.
 */
const niceness = 5;
// Linux gives each thread its own priority: whoever relays messages goes first, at any moment. Elsewhere this
// would be the priority of the whole process.
if (os.platform() === 'linux') os.setPriority(niceness);

const { createTranscriptWriter } = await import('./transcript-writer.ts');
const writers = new Map<number, TranscriptWriter>();

parentPort?.on('message', ({ type, id, folder }: Request) => {
  const writer = writers.get(id) ?? create(id, folder);
  if (type === 'follow') return writer.poke();
  writers.delete(id);
  void writer.finish().then(() => answer({ type: 'finished', id }));
});

function create(id: number, folder: string): TranscriptWriter {
  const onError = ({ message, code }: ColloquyError): void => answer({ type: 'error', id, message, code });
  const writer = createTranscriptWriter({ folder, intervalMs: 0, onError });
  writers.set(id, writer);
  return writer;
}

function answer(message: Answer): void {
  parentPort?.postMessage(message);
}
