import { setTimeout as systemSleep } from 'node:timers/promises';
import { ColloquyError } from '../wire/errors.ts';
import type { JsonGreeting } from '../wire/greeting.ts';
import { encodeControl } from '../wire/message.ts';
import type { TurnMeta } from '../wire/types.ts';
import { Connection, type ProxyAddress } from './connection.ts';

/** One message of a seat, with its cue. */
export interface PlayedMessage {
  /** A frame of the framed dialect. */
  readonly line: string;
  /** The text of it, for those who watch it being written. */
  readonly text: string;
  readonly meta: TurnMeta;
  /** It is said when the seat has heard so many frames that want an answer. */
  readonly after: number;
  /** How long it waits then, in milliseconds. */
  readonly delayMs: number;
  /** How much of that it is being written. */
  readonly writingMs: number;
}

/** All that a seat says in a meeting, as it is written down. */
export interface Part {
  readonly messages: readonly PlayedMessage[];
  /** Whether it goes when all is said and heard, and why. */
  readonly leave?: { readonly after: number; readonly reason: string };
}

export interface PlayOptions {
  readonly proxy: ProxyAddress;
  readonly greeting: JsonGreeting;
  readonly part: Part;
  readonly signal: AbortSignal;
}

/** Pieces a second, where somebody watches. */
const pieceMs = 50;

/**
 * Sits down and says its part, whatever the words of the other one are: only their number counts. Resolves
 * with the reason when the meeting is over. Rejects with ColloquyError.
 */
export async function play({ proxy, greeting, part, signal }: PlayOptions): Promise<string> {
  const over = new AbortController();
  const connection = new Connection({
    proxy,
    greeting: { ...greeting, features: ['note', 'numbered'] },
    signal,
    onFrame: ({ type }) => void ((type === 'stop' || type === 'error') && over.abort()),
    onEnd: () => over.abort(),
  });
  const waiting = [...part.messages];
  let heard = 0;
  for await (const frame of connection.frames()) {
    if (frame.type === 'error') {
      throw new ColloquyError(`the proxy refused: ${frame.message} (${frame.code})`, { code: frame.code });
    }
    if (frame.type === 'stop') {
      connection.close();
      return frame.reason;
    }
    if (isCue(frame.type)) heard++;
    for (let next = waiting[0]; next && next.after <= heard; next = waiting[0]) {
      waiting.shift();
      if (!(await write(connection, next, AbortSignal.any([signal, over.signal])))) break;
    }
    const { leave } = part;
    const isDone = waiting.length === 0 && leave !== undefined && heard >= leave.after;
    if (isDone) connection.send(encodeControl('leave', leave.reason));
  }
  signal.throwIfAborted();
  throw new ColloquyError('the meeting ended without a word', { code: 'proxy-lost' });
}

/** Whether a frame is something that somebody said, or the word to begin. */
function isCue(type: string): boolean {
  return type === 'start' || type === 'text' || type === 'bye' || type === 'help';
}

/** False where the meeting is over before it is written. */
async function write(
  connection: Connection,
  { line, text, meta, delayMs, writingMs }: PlayedMessage,
  signal: AbortSignal,
): Promise<boolean> {
  const sleep = async (ms: number): Promise<void> => {
    if (ms > 0) await systemSleep(ms, undefined, { signal }).catch(() => {});
  };
  await sleep(delayMs - writingMs);
  const words = writingMs > 0 ? (text.match(/\s*\S+/g) ?? []) : [];
  const size = Math.max(1, Math.ceil((words.length * pieceMs) / Math.max(writingMs, 1)));
  const pieces = Math.ceil(words.length / size);
  for (let piece = 0; piece < pieces && !signal.aborted; piece++) {
    connection.send(encodeControl('delta', words.slice(piece * size, (piece + 1) * size).join('')));
    await sleep(writingMs / pieces);
  }
  if (signal.aborted) return false;
  connection.say(line, meta);
  return true;
}
