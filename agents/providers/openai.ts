import OpenAI, { APIConnectionError, APIError } from 'openai';
import {
  ProviderError,
  type FinishReason,
  type Provider,
  type ReplyPiece,
  type ReplyRequest,
} from '../provider.ts';
import type { Usage } from '../../wire/types.ts';
import {
  cutOff,
  noKey,
  notTheApi,
  toProviderError,
  type HttpFailure,
  type HttpService,
} from './http-failure.ts';

export interface OpenAiSettings {
  readonly model: string;
  readonly baseUrl: string;
  readonly apiKey?: string | undefined;
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
  readonly maxTokens?: number | undefined;
  readonly seed?: number | undefined;
  readonly stop?: readonly string[] | undefined;
}

/**
 * OpenAI's chat completions, and whatever else speaks that API. Throws ProviderError `no-key`.
 * Source: https://platform.openai.com/docs/api-reference/chat
 */
export function createOpenAi(settings: OpenAiSettings): Provider {
  if (!settings.apiKey) throw noKey('openai', 'OPENAI_API_KEY');
  const service: HttpService = {
    provider: 'openai',
    ...settings,
    keyVariable: 'OPENAI_API_KEY',
    urlVariable: 'OPENAI_BASE_URL',
    hints: {
      unknownModel: 'choose another with --model or in config/openai.yml',
      unreachable: 'check the network, or OPENAI_BASE_URL',
    },
  };
  const client = new OpenAI({ ...clientOptions(settings.baseUrl), apiKey: settings.apiKey });
  return createChatCompletions(client, service, settings);
}

/** LM Studio's server, which speaks the same API and asks for no key. */
export function createLmStudio(settings: OpenAiSettings): Provider {
  const service: HttpService = {
    provider: 'lmstudio',
    ...settings,
    keyVariable: 'LMSTUDIO_API_KEY',
    urlVariable: 'LMSTUDIO_BASE_URL, which usually ends in /v1',
    hints: {
      unknownModel: 'load it in LM Studio, or leave the model out to take what is loaded',
      unreachable: 'start the server in LM Studio (Developer tab), or set LMSTUDIO_BASE_URL',
    },
  };
  const client = new OpenAI({
    ...clientOptions(settings.baseUrl),
    // The SDK wants a key where the server wants none.
    apiKey: settings.apiKey ?? 'lm-studio',
    // Meant for OpenAI: the SDK would read them from the environment and send them along.
    organization: null,
    project: null,
  });
  return createChatCompletions(client, service, settings);
}

function clientOptions(baseURL: string) {
  return {
    baseURL,
    // The SDK would read it from the environment and prefer it.
    adminAPIKey: null,
    // Retrying is done in one place, with the viewers told.
    maxRetries: 0,
    // A day, which means never: the watchdog takes its part.
    timeout: 86_400_000,
    logLevel: 'off' as const,
  };
}

type Request = OpenAI.ChatCompletionCreateParamsStreaming;

function createChatCompletions(client: OpenAI, service: HttpService, settings: OpenAiSettings): Provider {
  const { provider, model } = service;
  const dialect: Dialect = { usage: true, newLimit: isOpenAiItself(service.baseUrl) };

  function create({ system, messages, signal }: ReplyRequest) {
    const request: Request = {
      model,
      messages: [...(system === '' ? [] : [{ role: 'system' as const, content: system }]), ...messages],
      stream: true,
      ...samplingOf(settings, dialect),
    };
    return client.chat.completions.create(request, { signal }).withResponse();
  }

  async function* reply(request: ReplyRequest): AsyncGenerator<ReplyPiece> {
    const { signal } = request;
    const ask = (): ReturnType<typeof create> =>
      create(request).catch((error: unknown) => {
        if (!adapt(dialect, error)) throw error;
        return ask();
      });
    try {
      const { data, response } = await ask();
      const isStream = /event-stream/i.test(response.headers.get('content-type') ?? '');
      yield* readChunks(data, signal, () => (isStream ? cutOff(provider) : notTheApi(service)));
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof ProviderError ? error : toProviderError(service, toFailure(error));
    }
  }

  return { name: provider, model, reply };
}

type Chunk = OpenAI.ChatCompletionChunk;
/** Fields that servers add for models that think aloud. */
type Delta = OpenAI.ChatCompletionChunk.Choice.Delta & {
  readonly reasoning_content?: string | null;
  readonly reasoning?: string | null;
};

async function* readChunks(
  stream: AsyncIterable<Chunk>,
  signal: AbortSignal,
  noEnd: () => ProviderError,
): AsyncGenerator<ReplyPiece> {
  let finish: FinishReason | undefined;
  let refused = false;
  let usage: OpenAI.CompletionUsage | undefined;
  let first: Chunk | undefined;
  for await (const chunk of stream) {
    first ??= chunk;
    const choice = chunk.choices?.[0];
    const delta: Delta = choice?.delta ?? {};
    const reasoning = delta.reasoning_content || delta.reasoning;
    if (reasoning) yield { type: 'reasoning', text: reasoning };
    // A refusal is what the model says, only under another name.
    const text = delta.content || delta.refusal;
    if (text) yield { type: 'text', text };
    if (delta.refusal) refused = true;
    if (choice?.finish_reason) finish = refused ? 'refusal' : toFinish(choice.finish_reason);
    if (!chunk.usage) continue;
    usage = chunk.usage;
    yield { type: 'usage', usage: toUsage(usage) };
  }
  // The SDK ends an aborted stream, and one that was cut off, as if all were well.
  signal.throwIfAborted();
  if (!finish) throw noEnd();
  const { id, model } = first ?? {};
  yield { type: 'end', finish, id, model, ...(usage ? { usage: toUsage(usage) } : {}) };
}

/** Where servers that speak this API differ. Starts as a guess, and learns from their refusals. */
interface Dialect {
  /** Some older ones refuse to be asked for usage. */
  usage: boolean;
  /** OpenAI's newer models want the limit under its new name; most other servers know the old one only. */
  newLimit: boolean;
}

function isOpenAiItself(baseUrl: string): boolean {
  return /(?:^|\.)openai\.com$/.test(new URL(baseUrl).hostname);
}

/** Whether the refusal was about the dialect, and the next request will be another. */
function adapt(dialect: Dialect, error: unknown): boolean {
  if (!(error instanceof APIError) || (error.status !== 400 && error.status !== 422)) return false;
  if (dialect.usage && /stream_options|include_usage/.test(error.message)) dialect.usage = false;
  else if (!dialect.newLimit && /max_completion_tokens/.test(error.message)) dialect.newLimit = true;
  else return false;
  return true;
}

function samplingOf(settings: OpenAiSettings, { usage, newLimit }: Dialect): Partial<Request> {
  const { temperature, topP, maxTokens, seed, stop } = settings;
  const limit = newLimit ? 'max_completion_tokens' : 'max_tokens';
  return {
    ...(usage ? { stream_options: { include_usage: true } } : {}),
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(maxTokens === undefined ? {} : { [limit]: maxTokens }),
    ...(seed === undefined ? {} : { seed }),
    ...(stop === undefined ? {} : { stop: [...stop] }),
  };
}

function toFinish(reason: OpenAI.ChatCompletionChunk.Choice['finish_reason']): FinishReason {
  if (reason === 'content_filter') return 'content-filter';
  return reason === 'stop' || reason === 'length' ? reason : 'other';
}

function toUsage(usage: OpenAI.CompletionUsage): Usage {
  const cached = usage.prompt_tokens_details?.cached_tokens ?? 0;
  return { input: usage.prompt_tokens, output: usage.completion_tokens, cached };
}

function toFailure(error: unknown): HttpFailure {
  if (!(error instanceof APIError) || error instanceof APIConnectionError) {
    return { type: 'network', cause: error };
  }
  const { status, headers, message, code, type } = error as APIError<number | undefined, Headers | undefined>;
  const kind = [type, code].filter(Boolean).join(' ');
  // The SDK puts the status in front of the server's words.
  return { type: 'answer', status, headers, words: message.replace(/^\d{3} /, ''), kind };
}
