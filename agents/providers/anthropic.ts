import Anthropic, { APIConnectionError, APIError } from '@anthropic-ai/sdk';
import type { Usage } from '../../wire/types.ts';
import {
  ProviderError,
  type FinishReason,
  type Provider,
  type ReplyPiece,
  type ReplyRequest,
} from '../provider.ts';
import {
  cutOff,
  noKey,
  notTheApi,
  toProviderError,
  type HttpFailure,
  type HttpService,
} from './http-failure.ts';

export interface AnthropicSettings {
  readonly model: string;
  readonly baseUrl: string;
  readonly apiKey?: string | undefined;
  readonly maxTokens: number;
  readonly stop?: readonly string[] | undefined;
}

/**
 * Anthropic's messages API, which takes no `temperature`, `top_p` or `top_k` any more. Throws ProviderError
 * `no-key`. Source: https://docs.anthropic.com/en/api/messages
 */
export function createAnthropic(settings: AnthropicSettings): Provider {
  const { model, baseUrl, apiKey } = settings;
  if (!apiKey) throw noKey('anthropic', 'ANTHROPIC_API_KEY');
  const service: HttpService = {
    provider: 'anthropic',
    ...settings,
    keyVariable: 'ANTHROPIC_API_KEY',
    urlVariable: 'ANTHROPIC_BASE_URL, which ends without /v1',
    hints: {
      unknownModel: 'choose another with --model or in config/anthropic.yml',
      unreachable: 'check the network, or ANTHROPIC_BASE_URL',
    },
  };
  const client = new Anthropic({
    // Given here, no other credential is looked for in the environment. It goes as `Authorization: Bearer`.
    apiKey,
    baseURL: baseUrl,
    // Retrying is done in one place, with the viewers told.
    maxRetries: 0,
    // A day, which means never: the watchdog takes its part.
    timeout: 86_400_000,
    logLevel: 'off',
  });

  async function* reply({
    system,
    messages,
    signal,
    isOnce = false,
  }: ReplyRequest): AsyncGenerator<ReplyPiece> {
    try {
      const request: Anthropic.MessageCreateParamsStreaming = {
        model,
        max_tokens: settings.maxTokens,
        stream: true,
        ...(system === '' ? {} : { system: isOnce ? system : [cached(system)] }),
        messages: isOnce ? [...messages] : withCachePoint(messages),
        ...(settings.stop ? { stop_sequences: [...settings.stop] } : {}),
      };
      const { data, response } = await client.messages.create(request, { signal }).withResponse();
      const isStream = /event-stream/i.test(response.headers.get('content-type') ?? '');
      yield* readEvents(data, signal, () => (isStream ? cutOff('anthropic') : notTheApi(service)));
    } catch (error) {
      signal.throwIfAborted();
      throw error instanceof ProviderError ? error : toProviderError(service, toFailure(error));
    }
  }

  return { name: 'anthropic', model, reply };
}

async function* readEvents(
  stream: AsyncIterable<Anthropic.RawMessageStreamEvent>,
  signal: AbortSignal,
  noEnd: () => ProviderError,
): AsyncGenerator<ReplyPiece> {
  let input = inputOf({ input_tokens: 0 });
  let message: Pick<Anthropic.Message, 'id' | 'model'> | undefined;
  let end: { readonly finish: FinishReason; readonly usage: Usage } | undefined;
  for await (const event of stream) {
    if (event.type === 'message_start') {
      message = event.message;
      input = inputOf(event.message.usage);
      yield { type: 'usage', usage: { ...input, output: event.message.usage.output_tokens } };
    }
    if (event.type === 'content_block_delta') {
      if (event.delta.type === 'text_delta') yield { type: 'text', text: event.delta.text };
      if (event.delta.type === 'thinking_delta') yield { type: 'reasoning', text: event.delta.thinking };
    }
    if (event.type === 'message_delta' && event.delta.stop_reason) {
      const usage = { ...input, output: event.usage.output_tokens };
      end = { finish: toFinish(event.delta.stop_reason), usage };
      yield { type: 'usage', usage };
    }
  }
  // The SDK ends an aborted stream, and one that was cut off, as if all were well.
  signal.throwIfAborted();
  if (!end) throw noEnd();
  yield { type: 'end', ...end, id: message?.id, model: message?.model };
}

/** What has been said so far is the same next time: the provider may keep it. */
function withCachePoint(messages: ReplyRequest['messages']): Anthropic.MessageParam[] {
  return messages.map(({ role, content }, index) =>
    index < messages.length - 1 ? { role, content } : { role, content: [cached(content)] },
  );
}

/** Source: https://docs.anthropic.com/en/docs/build-with-claude/prompt-caching */
function cached(text: string): Anthropic.TextBlockParam {
  return { type: 'text', text, cache_control: { type: 'ephemeral' } };
}

/** The API counts what it wrote to its cache and what it read from there apart from the rest. */
function inputOf(
  counts: Pick<Anthropic.Usage, 'input_tokens'> &
    Partial<Pick<Anthropic.Usage, 'cache_creation_input_tokens' | 'cache_read_input_tokens'>>,
): Omit<Usage, 'output'> {
  const stored = counts.cache_creation_input_tokens ?? 0;
  const cached = counts.cache_read_input_tokens ?? 0;
  return { input: counts.input_tokens + stored + cached, cached, ...(stored > 0 ? { stored } : {}) };
}

function toFinish(reason: Anthropic.StopReason): FinishReason {
  switch (reason) {
    case 'end_turn':
    case 'stop_sequence':
      return 'stop';
    case 'max_tokens':
    case 'model_context_window_exceeded':
      return 'length';
    case 'refusal':
      return 'refusal';
    default:
      return 'other';
  }
}

function toFailure(error: unknown): HttpFailure {
  if (!(error instanceof APIError) || error instanceof APIConnectionError) {
    return { type: 'network', cause: error };
  }
  const { status, headers, message, apiMessage, type } = error as APIError<
    number | undefined,
    Headers | undefined
  >;
  // Without words of the server's, the SDK makes some up, with the status in front.
  const words = apiMessage ?? message.replace(/^\d{3} /, '');
  return { type: 'answer', status, headers, words, kind: type ?? undefined };
}
