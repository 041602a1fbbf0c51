import { ColloquyError } from '../wire/errors.ts';
import type { TurnMeta, Usage } from '../wire/types.ts';
import { cleanReply, createReplyCleaner } from './clean-reply.ts';
import { ContextWindow, type Cut } from './context/context-window.ts';
import type { ContextSettings } from './context/settings.ts';
import { silence } from './history.ts';
import { ProviderError, type ChatMessage, type Provider, type ReplyPiece } from './provider.ts';
import { replyReliably, type Patience } from './reliable.ts';
import type { RequestGate } from './request-limit.ts';
import { createSwapWatch } from './swap-watch.ts';

export interface ComposerOptions {
  readonly provider: Provider;
  /** The system prompt. */
  readonly system: string;
  readonly patience: Patience;
  /** Absent where the model reads a conversation of any length. */
  readonly context?: ContextSettings | undefined;
  /** Tell those who watch what the model thinks. */
  readonly showReasoning?: boolean | undefined;
  /** What all share who ask the same service. */
  readonly limit?: RequestGate | undefined;
  /** A piece of what is being written; an empty one takes back what was shown. */
  readonly onDelta: (text: string) => void;
  readonly onStatus: (text: string) => void;
  /** Billed for what is no turn: a summary, or a reply that came to nothing. */
  readonly onSpent: (usage: Usage) => void;
  readonly nowMs: () => number;
}

/** What one turn says, and how it came about. */
export interface Composition {
  readonly text: string;
  readonly meta: TurnMeta;
  /** What it was written without, as far as that was not told with an earlier one. */
  readonly cuts: readonly Cut[];
}

/** Thoughts longer than this are cut off: a status has 500 characters, and there are 100 a turn. */
const longestThought = 4_500;
const thoughtOfStatus = 450;

/** Has the turns of one speaker written, out of the conversation so far. */
export class Composer {
  readonly #options: ComposerOptions;
  readonly #window: ContextWindow | undefined;
  readonly #swapping: (loadMs: number | undefined) => string | undefined;
  /** What was cut for a turn that was never said counts for the next one. */
  #cuts: readonly Cut[] = [];

  constructor(options: ComposerOptions) {
    const { provider, system, context } = options;
    this.#options = options;
    this.#window = context && new ContextWindow(context, system);
    this.#swapping = createSwapWatch(provider);
  }

  /** Rejects with ProviderError, ColloquyError, or the reason of the signal. */
  async compose(conversation: readonly ChatMessage[], signal: AbortSignal): Promise<Composition> {
    const startedAtMs = this.#options.nowMs();
    const { text, finish, usage } = await this.#write(conversation, signal);
    const meta = {
      ...(usage ? { usage } : {}),
      ms: this.#options.nowMs() - startedAtMs,
      // A refusal, a filter or a limit is the better reason why nothing came.
      finish: text === '' && (finish === 'stop' || finish === 'other') ? 'empty' : finish,
    };
    const cuts = this.#cuts;
    this.#cuts = [];
    return { text: text === '' ? silence : text, meta, cuts };
  }

  /** A prompt that the provider finds too long although it was counted as short enough is cut once more. */
  async #write(conversation: readonly ChatMessage[], signal: AbortSignal): Promise<Reply> {
    const messages = await this.#fit(conversation, signal);
    try {
      return await this.#ask(messages, signal);
    } catch (error) {
      const isTooLong = error instanceof ProviderError && error.code === 'context-too-long';
      if (!isTooLong || !this.#window) throw error;
      await this.#window.tighten(error.message, messages);
      this.#options.onStatus('the provider finds the conversation too long; cut further, asked again');
      return this.#ask(await this.#fit(conversation, signal), signal);
    }
  }

  async #fit(conversation: readonly ChatMessage[], signal: AbortSignal): Promise<readonly ChatMessage[]> {
    if (!this.#window) return conversation;
    const { messages, cuts, remarks } = await this.#window.fit(
      conversation,
      (request) => this.#summarize(request, signal),
      signal,
    );
    this.#cuts = [...this.#cuts, ...cuts];
    for (const remark of remarks) this.#options.onStatus(remark);
    return messages;
  }

  async #ask(messages: readonly ChatMessage[], signal: AbortSignal): Promise<Reply> {
    const { provider, system, patience, onDelta, onStatus, onSpent, showReasoning, limit } = this.#options;
    let cleaner = createReplyCleaner();
    let thoughts = '';
    let isFirstAttempt = true;
    const stream = replyReliably(provider, { system, messages, signal }, patience, {
      limit,
      onStatus: (text) => {
        isFirstAttempt = false;
        onStatus(text);
      },
      onRestart: () => {
        cleaner = createReplyCleaner();
        thoughts = '';
        onDelta('');
      },
      onSpent,
    });
    for await (const piece of stream) {
      if (piece.type === 'reasoning') thoughts += piece.text;
      if (piece.type === 'text') this.#show(cleaner.push(piece.text));
      if (piece.type !== 'end') continue;
      const { rest, text, restart } = cleaner.end();
      this.#show({ text: rest, restart });
      if (showReasoning) this.#tellThoughts(`${thoughts}\n${cleaner.thoughts}`);
      this.#account(piece, isFirstAttempt);
      const { finish, usage } = piece;
      return { text, finish, ...(usage ? { usage } : {}) };
    }
    signal.throwIfAborted();
    throw new ColloquyError(`${provider.name}: the reply was cut off`, { code: 'cut-off' });
  }

  async #summarize(request: { system: string; prompt: string }, signal: AbortSignal): Promise<string> {
    const { provider, patience, onStatus, onSpent, limit } = this.#options;
    let text = '';
    const hooks = { limit, onStatus, onSpent, onRestart: () => void (text = '') };
    const messages = [{ role: 'user' as const, content: request.prompt }];
    // The turn itself is worth more patience than what it is written without.
    const limits = { ...patience, maxRetries: Math.min(patience.maxRetries, 2) };
    const asked = { system: request.system, messages, signal, isOnce: true };
    onStatus('sums up what no longer fits into the context');
    for await (const piece of replyReliably(provider, asked, limits, hooks)) {
      if (piece.type === 'text') text += piece.text;
      if (piece.type === 'end' && piece.usage) onSpent(piece.usage);
    }
    signal.throwIfAborted();
    return cleanReply(text);
  }

  #show({ text, restart }: { readonly text: string; readonly restart: boolean }): void {
    if (restart) this.#options.onDelta('');
    if (text !== '') this.#options.onDelta(text);
  }

  #tellThoughts(thoughts: string): void {
    const text = thoughts.trim();
    const shown = text.slice(0, longestThought);
    for (let start = 0; start < shown.length; start += thoughtOfStatus) {
      const isLast = start + thoughtOfStatus >= shown.length;
      const more = isLast && text.length > shown.length ? ` [… ${text.length - shown.length} more]` : '';
      const part = shown.slice(start, start + thoughtOfStatus);
      this.#options.onStatus(`thinks: ${part}${more}`);
    }
  }

  #account({ usage, loadMs }: Extract<ReplyPiece, { type: 'end' }>, isFirstAttempt: boolean): void {
    // What was asked for more than once was perhaps counted more than once.
    if (usage && isFirstAttempt) this.#window?.correct(usage.input);
    const remark = this.#swapping(loadMs);
    if (remark !== undefined) this.#options.onStatus(remark);
  }
}

interface Reply {
  readonly text: string;
  readonly finish: string;
  readonly usage?: Usage;
}
