import Anthropic, { APIError } from '@anthropic-ai/sdk';
import type { Usage } from '../../wire/types.ts';
import {
  ProviderError,
  type FinishReason,
  type Provider,
  type ReplyPiece,
  type ReplyRequest,
} from '../provider.ts';
import { toProviderError, type HttpService } from './http-failure.ts';

export interface AnthropicSettings {
  readonly model: string;
  readonly baseUrl: string;
  readonly apiKey?: string | undefined;
  readonly maxTokens: number;
  readonly stop?: readonly string[] | undefined;
}

/** Anthropic's messages API. Throws ProviderError `no-key`. */
export function createAnthropic(settings: AnthropicSettings): Provider {
  const { model, baseUrl, apiKey } = settings;
  if (!apiKey) {
    const message = 'anthropic: no ANTHROPIC_API_KEY; set it in the environment or in .env';
    throw new ProviderError(message, { provider: 'anthropic', code: 'no-key', retryable: false });
  }
  const service: HttpService = {
    provider: 'anthropic',
    ...settings,
    keyVariable: 'ANTHROPIC_API_KEY',
    hints: {
      unknownModel: 'choose another with --model or in config/anthropic.yml',
      unreachable: 'check the network, or ANTHROPIC_BASE_URL',
    },
  };
  // Retrying is done in one place, with the viewers told. The watchdog takes the part of the timeout.
  const client = new Anthropic({
    apiKey,
    authToken: null,
    baseURL: baseUrl,
    maxRetries: 0,
    timeout: 86_400_000,
    logLevel: 'off',
  });

  async function* reply({ system, messages, signal }: ReplyRequest): AsyncGenerator<ReplyPiece> {
    try {
      const stream = await client.messages.create(
        {
          model,
          max_tokens: settings.maxTokens,
          stream: true,
          ...(system === ''
            ? {}
            : { system: [{ type: 'text', text: system, cache_control: { type: 'ephemeral' } }] }),
          messages: withCachePoint(messages),
          ...(settings.stop ? { stop_sequences: [...settings.stop] } : {}),
        },
        { signal },
      );
      yield* readEvents(stream, signal);
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
): AsyncGenerator<ReplyPiece> {
  let input = { total: 0, cached: 0 };
  let end: { readonly finish: FinishReason; readonly usage: Usage } | undefined;
  for await (const event of stream) {
    if (event.type === 'message_start') input = inputOf(event.message.usage);
    if (event.type === 'content_block_delta') {
      if (event.delta.type === 'text_delta') yield { type: 'text', text: event.delta.text };
      if (event.delta.type === 'thinking_delta') yield { type: 'reasoning', text: event.delta.thinking };
    }
    if (event.type === 'message_delta' && event.delta.stop_reason) {
      const usage = { input: input.total, output: event.usage.output_tokens, cached: input.cached };
      end = { finish: toFinish(event.delta.stop_reason), usage };
    }
  }
  signal.throwIfAborted();
  if (!end) {
    const message = 'anthropic: the reply was cut off before its end';
    throw new ProviderError(message, { provider: 'anthropic', code: 'cut-off', retryable: true });
  }
  yield { type: 'end', ...end };
}

/** What has been said so far is the same next time: the provider may keep it. */
function withCachePoint(messages: ReplyRequest['messages']): Anthropic.MessageParam[] {
  return messages.map(({ role, content }, index) =>
    index < messages.length - 1
      ? { role, content }
      : { role, content: [{ type: 'text', text: content, cache_control: { type: 'ephemeral' } }] },
  );
}

/** The API counts what it wrote to its cache and what it read from there apart from the rest. */
function inputOf(usage: Anthropic.Usage): { total: number; cached: number } {
  const cached = usage.cache_read_input_tokens ?? 0;
  return { total: usage.input_tokens + (usage.cache_creation_input_tokens ?? 0) + cached, cached };
}

function toFinish(reason: Anthropic.StopReason): FinishReason {
  switch (reason) {
    case 'end_turn':
    case 'stop_sequence':
      return 'stop';
    case 'max_tokens':
      return 'length';
    case 'refusal':
      return 'refusal';
    default:
      return 'other';
  }
}

function toFailure(error: unknown): Parameters<typeof toProviderError>[1] {
  if (!(error instanceof APIError)) return { message: String(error), cause: error };
  const { status, headers, message } = error as APIError<number | undefined, Headers | undefined>;
  const type = (error.error as { error?: { type?: string } } | undefined)?.error?.type;
  return { status, headers, message, type, cause: error };
}
