import type { ServiceName } from '../config/service-names.ts';
import { ColloquyError } from '../wire/errors.ts';
import type { Usage } from '../wire/types.ts';

/** Of a provider that a program brings along, any word: prices and limits go by it. */
export type ProviderName = ServiceName | 'human' | (string & {});

export interface ChatMessage {
  readonly role: 'user' | 'assistant';
  readonly content: string;
}

export type FinishReason = 'stop' | 'length' | 'content-filter' | 'refusal' | 'other';

export interface ReplyRequest {
  readonly system: string;
  /** Starts with `user`, alternates, ends with `user`, and no content is empty: `history.ts` sees to that. */
  readonly messages: readonly ChatMessage[];
  /** Ends the reply at once: the stream then rejects with the signal's reason or an AbortError. */
  readonly signal: AbortSignal;
  /** What comes later does not begin with the same messages: nothing to keep in a cache. */
  readonly isOnce?: boolean;
}

export type ReplyPiece =
  | { readonly type: 'text'; readonly text: string }
  /** Thinking that is nobody else's business: proof of life, never forwarded. */
  | { readonly type: 'reasoning'; readonly text: string }
  /** What it is known to cost so far, replaced by what comes later: counts where the reply comes to nothing. */
  | { readonly type: 'usage'; readonly usage: Usage }
  /** Always last. A stream that ends without it was cut off, and is an error. */
  | {
      readonly type: 'end';
      readonly finish: FinishReason;
      readonly usage?: Usage;
      /** How long it took to load the model, where the provider says so. */
      readonly loadMs?: number;
      /** What the provider calls the model that has answered, and its answer. */
      readonly model?: string | undefined;
      readonly id?: string | undefined;
    };

export type ReplyStream = AsyncIterable<ReplyPiece>;

/** Writes replies. Knows nothing of sockets, personas or files. */
export interface Provider {
  readonly name: ProviderName;
  readonly model: string;
  /** Streams one reply. Rejects with ProviderError; `signal` ends it at once. */
  reply(request: ReplyRequest): ReplyStream;
}

interface ProviderErrorOptions {
  readonly provider: ProviderName;
  /** `no-key`, `wrong-key`, `unknown-model`, `rate-limited`, `overloaded`, `unreachable`, `cut-off`, `stalled`, `bad-request`, … */
  readonly code: string;
  readonly retryable: boolean;
  /** HTTP status, where there was one. */
  readonly status?: number;
  /** The server's own wish, in milliseconds, from `Retry-After` or its kin. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
}

/** A provider could not answer. The message starts with the provider's name and holds no key. */
export class ProviderError extends ColloquyError {
  readonly provider: ProviderName;
  readonly status: number | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: ProviderErrorOptions) {
    super(message, options);
    this.provider = options.provider;
    this.status = options.status;
    this.retryAfterMs = options.retryAfterMs;
  }
}
