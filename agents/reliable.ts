import { setTimeout as systemSleep } from 'node:timers/promises';
import { cleanReply } from './clean-reply.ts';
import {
  ProviderError,
  type FinishReason,
  type Provider,
  type ReplyPiece,
  type ReplyRequest,
} from './provider.ts';
import type { RequestGate } from './request-limit.ts';
import { telemetry } from '../telemetry/telemetry.ts';
import type { Usage } from '../wire/types.ts';
import { cutOff } from './providers/http-failure.ts';

/** How much an agent puts up with from its provider. Milliseconds; 0: no limit. */
export interface Patience {
  /** Until the first piece of a reply: a local model is loaded first. */
  readonly firstPieceMs: number;
  /** Between two pieces. */
  readonly idleMs: number;
  /** How often a reply is asked for again. */
  readonly maxRetries: number;
  /** The longest wait before that. A server that asks for more is given up. */
  readonly maxWaitMs: number;
}

export interface ReplyHooks {
  /** "rate limited by openai, next try in 12 s", for those who watch. */
  readonly onStatus: (text: string) => void;
  /** What was yielded of this reply is void: it comes again from the start. */
  readonly onRestart: () => void;
  /** An attempt that came to nothing is billed all the same, as far as the provider has said. */
  readonly onSpent?: (usage: Usage) => void;
  /** What those share who ask the same service. Waiting for it is not the provider's silence. */
  readonly limit?: RequestGate | undefined;
  readonly sleep?: (delayMs: number, signal: AbortSignal) => Promise<unknown>;
  readonly random?: () => number;
}

/** Waits without a wish of the server's: full jitter below 0.5 s, 1 s, 2 s … 30 s. */
const firstBackoffMs = 500;
const longestBackoffMs = 30_000;

/** How often an empty reply is asked for again: a model that has nothing to say may mean it. */
const maxEmptyReplies = 2;

/**
 * A provider's reply, asked for again where that can help: after errors that pass, silences, connections
 * lost in mid-reply and empty answers. Rejects with ProviderError, or with the reason of the signal.
 */
export async function* replyReliably(
  provider: Provider,
  request: ReplyRequest,
  patience: Patience,
  hooks: ReplyHooks,
): AsyncGenerator<ReplyPiece, void, void> {
  const { sleep = defaultSleep, random = Math.random } = hooks;
  let emptyReplies = 0;
  for (let retries = 0; ;) {
    let yielded = false;
    let text = '';
    let spent: Usage | undefined;
    const reportSpent = (): void => {
      if (spent) hooks.onSpent?.(spent);
    };
    const leave = await hooks.limit?.enter(request.signal, (why) => {
      telemetry()?.note('wait', { 'colloquy.wait.reason': 'limit' });
      hooks.onStatus(why);
    });
    try {
      for await (const piece of watchedReply(provider, request, patience)) {
        if (piece.type === 'text') text += piece.text;
        if (piece.type === 'usage' || piece.type === 'end') spent = piece.usage ?? spent;
        if (piece.type === 'usage') continue;
        if (piece.type === 'end') {
          if (cleanReply(text) !== '' || emptyReplies === maxEmptyReplies || wasKept(piece.finish)) {
            yield spent ? { ...piece, usage: spent } : piece;
            return;
          }
          break;
        }
        yielded = true;
        yield piece;
      }
      emptyReplies++;
      telemetry()?.note('retry', { 'error.type': 'empty' });
      reportSpent();
      hooks.onStatus(`${provider.name} answered nothing, asked again`);
    } catch (error) {
      reportSpent();
      if (request.signal.aborted || !(error instanceof ProviderError) || !error.retryable) throw error;
      // A server that says 0 has no wish.
      const delayMs =
        error.retryAfterMs || random() * Math.min(longestBackoffMs, firstBackoffMs * 2 ** retries);
      // Where it is given up, the others are no better off.
      if (isCrowded(error)) hooks.limit?.holdBack(delayMs);
      leave?.();
      refuseHopeless(error, retries++, delayMs, patience);
      telemetry()?.note('retry', { 'error.type': error.code, 'colloquy.wait.seconds': delayMs / 1_000 });
      hooks.onStatus(`${describe(error)}, next try in ${Math.ceil(delayMs / 1_000)} s`);
      await sleep(delayMs, request.signal);
    } finally {
      leave?.();
    }
    if (yielded) hooks.onRestart();
  }
}

/** It is the service that has had enough, and not this request that is wrong. */
function isCrowded({ code, retryAfterMs }: ProviderError): boolean {
  return code === 'rate-limited' || (code === 'overloaded' && retryAfterMs !== undefined);
}

/** The words were withheld on purpose: the same question would be answered alike. */
function wasKept(finish: FinishReason): boolean {
  return finish === 'refusal' || finish === 'content-filter';
}

function refuseHopeless(
  error: ProviderError,
  retries: number,
  delayMs: number,
  { maxRetries, maxWaitMs }: Patience,
): void {
  const giveUp = (why: string): never => {
    const { provider, code, status } = error;
    const options = {
      provider,
      code,
      retryable: false,
      cause: error,
      ...(status === undefined ? {} : { status }),
    };
    throw new ProviderError(`${error.message} (${why})`, options);
  };
  if (retries >= maxRetries) giveUp(retries === 0 ? 'not tried again' : `tried ${retries + 1} times`);
  if (delayMs > maxWaitMs && maxWaitMs > 0) {
    giveUp(`it asks for a wait of ${Math.ceil(delayMs / 1_000)} s; max_wait_seconds is ${maxWaitMs / 1_000}`);
  }
}

function describe({ code, provider, message }: ProviderError): string {
  return code === 'rate-limited' ? `rate limited by ${provider}` : message;
}

/** One attempt, under a watchdog. */
async function* watchedReply(
  provider: Provider,
  request: ReplyRequest,
  { firstPieceMs, idleMs }: Patience,
): AsyncGenerator<ReplyPiece, void, void> {
  const attempt = new AbortController();
  const signal = AbortSignal.any([request.signal, attempt.signal]);
  const stream = provider.reply({ ...request, signal })[Symbol.asyncIterator]();
  let finished = false;
  try {
    for (let limitMs = firstPieceMs; ;) {
      const next = await orSilence(stream.next(), limitMs, provider, request.signal);
      if (next.done) throw cutOff(provider.name);
      // What the prompt costs is known before a word of the reply is.
      if (next.value.type !== 'usage') limitMs = idleMs;
      finished = next.value.type === 'end';
      yield next.value;
      if (finished) return;
    }
  } finally {
    attempt.abort();
    // The connection must not outlive the reply, nor may a provider that hears nothing keep us here.
    if (!finished) void stream.return?.().catch(() => {});
  }
}

/** `next`, unless it takes too long or the caller has lost interest. */
function orSilence<T>(
  next: Promise<T>,
  limitMs: number,
  { name }: Provider,
  signal: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    };
    const abort = (): void => {
      settle();
      reject(signal.reason as Error);
    };
    const stalled = (): void => {
      settle();
      const message = `${name}: nothing has come for ${limitMs / 1_000} s`;
      reject(new ProviderError(message, { provider: name, code: 'stalled', retryable: true }));
    };
    const timer = limitMs > 0 ? setTimeout(stalled, limitMs) : undefined;
    void next.then(resolve, reject).finally(settle);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

function defaultSleep(delayMs: number, signal: AbortSignal): Promise<unknown> {
  // setTimeout fires at once for more than 2^31 - 1 ms.
  return systemSleep(Math.min(delayMs, 2_147_483_647), undefined, { signal });
}
