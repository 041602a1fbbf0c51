import { Ollama, type ChatRequest, type ChatResponse } from 'ollama';
import { ProviderError, type Provider, type ReplyPiece, type ReplyRequest } from '../provider.ts';
import { toProviderError, type HttpFailure, type HttpService } from './http-failure.ts';

export interface OllamaSettings {
  readonly model: string;
  /** As `OLLAMA_HOST` has it: a URL, or a host with or without a port. */
  readonly baseUrl: string;
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
  readonly maxTokens?: number | undefined;
  readonly seed?: number | undefined;
  readonly stop?: readonly string[] | undefined;
  readonly numCtx?: number | undefined;
  readonly keepAlive?: string | number | undefined;
}

/** Ollama's native API: the only one that takes `num_ctx` and `keep_alive`. */
export function createOllama(settings: OllamaSettings): Provider {
  const { model } = settings;
  // A server listens on 0.0.0.0, but nobody calls it by that name.
  const host = settings.baseUrl.replace(/^((?:\w+:\/\/)?)0\.0\.0\.0/, '$1127.0.0.1');
  const service: HttpService = {
    provider: 'ollama',
    baseUrl: host,
    model,
    hints: {
      unknownModel: `run: ollama pull ${model}`,
      unreachable: 'start it with: ollama serve, or set OLLAMA_HOST',
    },
  };

  async function* reply({ system, messages, signal }: ReplyRequest): AsyncGenerator<ReplyPiece> {
    const client = new Ollama({ host, fetch: createFetch(signal) });
    try {
      const stream = await client.chat({
        model,
        messages: [...(system === '' ? [] : [{ role: 'system', content: system }]), ...messages],
        stream: true,
        ...requestOf(settings),
      });
      for await (const chunk of stream) {
        if (chunk.message?.thinking) yield { type: 'reasoning', text: chunk.message.thinking };
        if (chunk.message?.content) yield { type: 'text', text: chunk.message.content };
        if (chunk.done) yield toEnd(chunk);
      }
    } catch (error) {
      signal.throwIfAborted();
      throw toOllamaError(service, error);
    }
  }

  return { name: 'ollama', model, reply };
}

/** What a server answered that was no success, with the headers that the SDK would drop. */
class HttpStatusError extends Error {
  readonly failure: HttpFailure;

  constructor(failure: HttpFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** The SDK has no signal for a single request, loses `Retry-After`, and talks to stdout about errors. */
function createFetch(signal: AbortSignal): typeof fetch {
  return async (input, init) => {
    const signals = [signal, init?.signal].filter((each) => each instanceof AbortSignal);
    const response = await fetch(input, { ...init, signal: AbortSignal.any(signals) });
    if (response.ok) return response;
    const text = await response.text();
    throw new HttpStatusError({
      status: response.status,
      headers: response.headers,
      message: readError(text) ?? (text || response.statusText),
      cause: undefined,
    });
  };
}

function readError(text: string): string | undefined {
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    return typeof error === 'string' ? error : undefined;
  } catch {
    return undefined;
  }
}

function requestOf(settings: OllamaSettings): Pick<ChatRequest, 'options' | 'keep_alive'> {
  const { temperature, topP, maxTokens, seed, stop, numCtx, keepAlive } = settings;
  const options = {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(maxTokens === undefined ? {} : { num_predict: maxTokens }),
    ...(seed === undefined ? {} : { seed }),
    ...(stop === undefined ? {} : { stop: [...stop] }),
    ...(numCtx === undefined ? {} : { num_ctx: numCtx }),
  };
  return {
    ...(Object.keys(options).length > 0 ? { options } : {}),
    ...(keepAlive === undefined ? {} : { keep_alive: keepAlive }),
  };
}

function toEnd({ done_reason, prompt_eval_count, eval_count }: ChatResponse): ReplyPiece {
  const finish =
    done_reason === 'length' ? 'length' : done_reason === 'stop' || !done_reason ? 'stop' : 'other';
  // A prompt that was read before is not counted again, and the count is missing.
  const usage = { input: prompt_eval_count ?? 0, output: eval_count ?? 0, cached: 0 };
  return { type: 'end', finish, usage };
}

function toOllamaError(service: HttpService, error: unknown): ProviderError {
  if (error instanceof HttpStatusError) return toProviderError(service, error.failure);
  const message = error instanceof Error ? error.message : String(error);
  // The SDK's own words for a stream without an end.
  if (message.startsWith('Did not receive done')) {
    return new ProviderError('ollama: the reply was cut off before its end', {
      provider: 'ollama',
      code: 'cut-off',
      retryable: true,
    });
  }
  return toProviderError(service, { message, cause: error });
}
