import OpenAI, { APIError } from 'openai';
import {
  ProviderError,
  type FinishReason,
  type Provider,
  type ReplyPiece,
  type ReplyRequest,
} from '../provider.ts';
import { toProviderError, type HttpService } from './http-failure.ts';

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

/** OpenAI's chat completions. Throws ProviderError `no-key`. */
export function createOpenAi(settings: OpenAiSettings): Provider {
  if (!settings.apiKey) {
    const message = 'openai: no OPENAI_API_KEY; set it in the environment or in .env';
    throw new ProviderError(message, { provider: 'openai', code: 'no-key', retryable: false });
  }
  const service: HttpService = {
    provider: 'openai',
    ...settings,
    keyVariable: 'OPENAI_API_KEY',
    hints: {
      unknownModel: 'choose another with --model or in config/openai.yml',
      unreachable: 'check the network, or OPENAI_BASE_URL',
    },
  };
  return createChatCompletions(service, settings, settings.apiKey);
}

/** LM Studio's server, which speaks the same API and asks for no key. */
export function createLmStudio(settings: OpenAiSettings): Provider {
  const service: HttpService = {
    provider: 'lmstudio',
    ...settings,
    keyVariable: 'LMSTUDIO_API_KEY',
    hints: {
      unknownModel: 'load it in LM Studio, or leave the model out to take what is loaded',
      unreachable: 'start the server in LM Studio (Developer tab), or set LMSTUDIO_BASE_URL',
    },
  };
  // The SDK wants a key where the server wants none.
  return createChatCompletions(service, settings, settings.apiKey ?? 'lm-studio');
}

type Chunk = OpenAI.ChatCompletionChunk;

function createChatCompletions(service: HttpService, settings: OpenAiSettings, apiKey: string): Provider {
  const { provider, model, baseUrl } = service;
  // Retrying is done in one place, with the viewers told. The watchdog takes the part of the timeout.
  const client = new OpenAI({
    apiKey,
    baseURL: baseUrl,
    maxRetries: 0,
    timeout: 86_400_000,
    logLevel: 'off',
  });
  /** Some servers that speak this API refuse the request for usage: they are asked for it once. */
  let wantsUsage = true;

  async function* reply({ system, messages, signal }: ReplyRequest): AsyncGenerator<ReplyPiece> {
    const request = (): OpenAI.ChatCompletionCreateParamsStreaming => ({
      model,
      messages: [...(system === '' ? [] : [{ role: 'system' as const, content: system }]), ...messages],
      stream: true,
      ...(wantsUsage ? { stream_options: { include_usage: true } } : {}),
      ...samplingOf(settings, provider === 'openai' && new URL(baseUrl).hostname.endsWith('openai.com')),
    });
    try {
      const stream = await client.chat.completions.create(request(), { signal }).catch((error: unknown) => {
        if (!(wantsUsage && isAboutUsage(error))) throw error;
        wantsUsage = false;
        return client.chat.completions.create(request(), { signal });
      });
      yield* readChunks(stream, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof ProviderError ? error : toProviderError(service, toFailure(error));
    }
  }

  async function* readChunks(stream: AsyncIterable<Chunk>, signal: AbortSignal): AsyncGenerator<ReplyPiece> {
    let finish: FinishReason | undefined;
    let usage: OpenAI.CompletionUsage | undefined;
    for await (const chunk of stream) {
      const choice = chunk.choices?.[0];
      const delta = choice?.delta as (OpenAI.ChatCompletionChunk.Choice.Delta & Reasoning) | undefined;
      const reasoning = delta?.reasoning_content ?? delta?.reasoning;
      if (reasoning) yield { type: 'reasoning', text: reasoning };
      // A refusal is what the model says, only under another name.
      const text = delta?.content ?? delta?.refusal;
      if (text) yield { type: 'text', text };
      if (choice?.finish_reason) finish = delta?.refusal ? 'refusal' : toFinish(choice.finish_reason);
      usage = chunk.usage ?? usage;
    }
    // The SDK ends an aborted stream, and one that was cut off, as if all were well.
    signal.throwIfAborted();
    if (!finish) {
      const message = `${provider}: the reply was cut off before its end`;
      throw new ProviderError(message, { provider, code: 'cut-off', retryable: true });
    }
    yield { type: 'end', finish, ...(usage ? { usage: toUsage(usage) } : {}) };
  }

  return { name: provider, model, reply };
}

/** Fields that servers add for models that think aloud. */
interface Reasoning {
  readonly reasoning_content?: string | null;
  readonly reasoning?: string | null;
}

/** OpenAI's own newer models refuse `max_tokens`; the servers that copied the API know nothing else. */
function samplingOf(
  settings: OpenAiSettings,
  isOpenAi: boolean,
): Partial<OpenAI.ChatCompletionCreateParamsStreaming> {
  const { temperature, topP, maxTokens, seed, stop } = settings;
  return {
    ...(temperature === undefined ? {} : { temperature }),
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(maxTokens === undefined
      ? {}
      : isOpenAi
        ? { max_completion_tokens: maxTokens }
        : { max_tokens: maxTokens }),
    ...(seed === undefined ? {} : { seed }),
    ...(stop === undefined ? {} : { stop: [...stop] }),
  };
}

function isAboutUsage(error: unknown): boolean {
  return (
    error instanceof APIError && error.status === 400 && /stream_options|include_usage/.test(error.message)
  );
}

function toFinish(reason: OpenAI.ChatCompletionChunk.Choice['finish_reason']): FinishReason {
  if (reason === 'content_filter') return 'content-filter';
  return reason === 'stop' || reason === 'length' ? reason : 'other';
}

function toUsage(usage: OpenAI.CompletionUsage): { input: number; output: number; cached: number } {
  const cached = usage.prompt_tokens_details?.cached_tokens ?? 0;
  return { input: usage.prompt_tokens, output: usage.completion_tokens, cached };
}

function toFailure(error: unknown): Parameters<typeof toProviderError>[1] {
  if (!(error instanceof APIError)) return { message: String(error), cause: error };
  const { status, headers, message, code, type } = error as APIError<number | undefined, Headers | undefined>;
  return { status, headers, message, type: `${type ?? ''} ${code ?? ''}`, cause: error };
}
