import { Ollama, type ChatRequest, type ChatResponse } from 'ollama';
import { ProviderError, type Provider, type ReplyPiece, type ReplyRequest } from '../provider.ts';
import { cutOff, notTheApi, toProviderError, type HttpFailure, type HttpService } from './http-failure.ts';
import { readOllamaHost } from './ollama-host.ts';

export interface OllamaSettings {
  readonly model: string;
  /** As `OLLAMA_HOST` has it: a URL, or a host with or without a port. */
  readonly baseUrl: string;
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
  readonly maxTokens?: number | undefined;
  readonly seed?: number | undefined;
  readonly stop?: readonly string[] | undefined;
  /** Context window, in tokens. */
  readonly numCtx?: number | undefined;
  /** How long the model stays loaded: seconds, or a text such as `10m`. */
  readonly keepAlive?: string | number | undefined;
}

/**
 * Ollama's native API: the only one of its two that takes `num_ctx` and `keep_alive`. Throws ProviderError
 * `bad-request` where the address is none. Source: https://docs.ollama.com/api
 */
export function createOllama(settings: OllamaSettings): Provider {
  const { model } = settings;
  const { host, headers } = readOllamaHost(settings.baseUrl);
  const service: HttpService = {
    provider: 'ollama',
    baseUrl: host,
    model,
    urlVariable: 'OLLAMA_HOST',
    hints: {
      unknownModel: `run \`ollama pull ${model}\``,
      unreachable: 'start it with `ollama serve`, or set OLLAMA_HOST',
    },
  };

  async function* reply({ system, messages, signal }: ReplyRequest): AsyncGenerator<ReplyPiece> {
    const connection = new AbortController();
    const fetch = createFetch(service, AbortSignal.any([signal, connection.signal]));
    try {
      const stream = await new Ollama({ host, headers, fetch }).chat({
        model,
        messages: [...(system === '' ? [] : [{ role: 'system', content: system }]), ...messages],
        stream: true,
        ...requestOf(settings),
      });
      for await (const chunk of stream) {
        if (!chunk.message && !chunk.done) throw notTheApi(service);
        if (chunk.message?.thinking) yield { type: 'reasoning', text: chunk.message.thinking };
        if (chunk.message?.content) yield { type: 'text', text: chunk.message.content };
        if (chunk.done) yield toEnd(chunk);
      }
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof ProviderError ? error : toOllamaError(service, error);
    } finally {
      // The SDK leaves the body unread behind the last line, and when nobody listens any more.
      connection.abort();
    }
  }

  return { name: 'ollama', model, reply };
}

/** What a server answered that was no success, with the headers that the SDK would drop. */
class HttpStatusError extends Error {
  readonly failure: HttpFailure;

  constructor(failure: HttpFailure) {
    super('the server refused');
    this.failure = failure;
  }
}

/** The SDK has no signal for a single request, loses `Retry-After`, and prints to stdout about errors. */
function createFetch(service: HttpService, signal: AbortSignal): typeof fetch {
  return async (input, init) => {
    const response = await fetch(input, { ...init, signal });
    const { ok, status, statusText, headers } = response;
    // The SDK would print the page and go on.
    if (ok && /html/i.test(headers.get('content-type') ?? '')) throw notTheApi(service);
    if (ok) return response;
    const text = await response.text();
    throw new HttpStatusError({
      type: 'answer',
      status,
      headers,
      words: readError(text) ?? (text || statusText),
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

function toEnd(response: ChatResponse): ReplyPiece {
  const { done_reason, prompt_eval_count, eval_count, load_duration, model } = response;
  // `done` alone is the end: older servers give no reason.
  const finish = done_reason === 'length' ? 'length' : (done_reason || 'stop') === 'stop' ? 'stop' : 'other';
  // A prompt that was read before is not counted again, and the count is missing.
  const usage = { input: prompt_eval_count ?? 0, output: eval_count ?? 0, cached: 0 };
  // Nanoseconds.
  const load = load_duration ? { loadMs: load_duration / 1_000_000 } : {};
  return { type: 'end', finish, usage, model, ...load };
}

function toOllamaError(service: HttpService, error: unknown): ProviderError {
  if (error instanceof HttpStatusError) return toProviderError(service, error.failure);
  // What goes wrong on the network is a TypeError of fetch; the SDK's own errors are plain ones.
  if (!(error instanceof Error) || error.constructor !== Error || 'code' in error) {
    return toProviderError(service, { type: 'network', cause: error });
  }
  if (error.message.startsWith('Did not receive done')) return cutOff('ollama');
  return toProviderError(service, { type: 'answer', words: error.message });
}
