import path from 'node:path';
import { setTimeout as systemSleep } from 'node:timers/promises';
import {
  ProviderError,
  type ChatMessage,
  type Provider,
  type ReplyPiece,
  type ReplyRequest,
} from '../provider.ts';
import { parseReplies, readReplies, type Reply, type ScriptedReplies } from './scripted-file.ts';

interface ScriptedEffects {
  readonly sleep?: (delayMs: number, signal: AbortSignal) => Promise<unknown>;
}

/**
 * Plays given replies, the n-th for its n-th turn: the conversation decides, so that one which is taken up
 * again goes on where it was. `source` is a file, or its content. Throws ColloquyError `bad-script`.
 */
export function createScripted(source: string | ScriptedReplies, effects: ScriptedEffects = {}): Provider {
  const { sleep = defaultSleep } = effects;
  const { replies, at_end: atEnd } =
    typeof source === 'string' ? readReplies(source) : parseReplies(source, 'replies');
  /** How often each turn has failed as its script wants. */
  const failures = new Map<number, number>();

  async function* reply({ messages, signal }: ReplyRequest): AsyncGenerator<ReplyPiece> {
    signal.throwIfAborted();
    const turn = messages.filter(({ role }) => role === 'assistant').length;
    const next = replies[turn] ?? (atEnd === 'repeat-last' ? replies.at(-1) : undefined);
    if (next === undefined) {
      if (atEnd === 'error') throw fail({ message: `there are only ${replies.length} replies` });
      yield { type: 'text', text: '/bye' };
      yield { type: 'end', finish: 'stop' };
      return;
    }
    if (next.delay_ms > 0) await sleep(next.delay_ms, signal);
    const failed = failures.get(turn) ?? 0;
    if (next.error && (next.text === undefined || failed < next.error.times)) {
      failures.set(turn, failed + 1);
      if (next.error.usage) yield { type: 'usage', usage: next.error.usage };
      throw fail(next.error);
    }
    for (const text of split(next.text ?? '', next.chunk)) {
      signal.throwIfAborted();
      yield { type: 'text', text };
    }
    yield { type: 'end', finish: next.finish, ...(next.usage ? { usage: next.usage } : {}) };
  }

  const model = typeof source === 'string' ? path.parse(source).name : 'replies';
  return { name: 'scripted', model, reply };
}

/** What to ask a script for its reply number `index`, from 0, whatever was said before. */
export function askInOrder(message: ChatMessage, index: number): readonly ChatMessage[] {
  const earlier = Array.from({ length: index }, (_, at): readonly ChatMessage[] => [
    { role: 'user', content: `question ${at + 1}` },
    { role: 'assistant', content: `answer ${at + 1}` },
  ]);
  return [...earlier.flat(), message];
}

/** A script that is asked one thing after the other, and not in one conversation. `asked`: how much it was before. */
export function inOrderOfAsking(script: Provider, asked: number): Provider {
  let next = asked;
  return {
    ...script,
    async *reply(request) {
      const last = request.messages.at(-1) ?? { role: 'user', content: '' };
      const index = next++;
      let isDone = false;
      try {
        yield* script.reply({ ...request, messages: askInOrder(last, index) });
        isDone = true;
      } finally {
        // Asked again after an error, it is still the same question.
        if (!isDone && next === index + 1) next = index;
      }
    },
  };
}

/** Pieces of so many characters, or words. */
function split(text: string, chunk: number | undefined): readonly string[] {
  if (chunk === undefined) return text.match(/\s*\S+|\s+$/g) ?? [];
  const characters = [...text];
  return Array.from({ length: Math.ceil(characters.length / chunk) }, (_, index) =>
    characters.slice(index * chunk, (index + 1) * chunk).join(''),
  );
}

/** As a server's answer with that status would be judged. */
function fail({ message, status, retry_after_ms: retryAfterMs }: Partial<NonNullable<Reply['error']>>) {
  const retryable = status !== undefined && (status === 429 || status >= 500);
  const code = status === 429 ? 'rate-limited' : retryable ? 'overloaded' : 'scripted';
  return new ProviderError(`scripted: ${message}`, {
    provider: 'scripted',
    code,
    retryable,
    ...(status === undefined ? {} : { status }),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

function defaultSleep(delayMs: number, signal: AbortSignal): Promise<unknown> {
  return systemSleep(delayMs, undefined, { signal });
}
