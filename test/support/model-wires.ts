import type { Usage } from '../../wire/types.ts';

export type Api = 'openai' | 'anthropic' | 'ollama';

type Body = Readonly<Record<string, unknown>>;

/** The texts of which the answers of one API are made. */
export interface ModelWire {
  readonly contentType: string;
  begin(usage: Usage, request: Body): string;
  reasoning(pieces: readonly string[]): string;
  words(pieces: readonly string[]): string;
  end(usage: Usage, finish: string | undefined, request: Body, loadMs?: number): string;
  /** What comes in the middle of a reply that cannot go on. */
  failure(): string;
  /** The body of an answer that is no success. */
  refusal(message: string, kind: string | undefined): unknown;
}

/** Source: https://platform.openai.com/docs/api-reference/chat-streaming */
const openai: ModelWire = {
  contentType: 'text/event-stream; charset=utf-8',
  begin: () => chunk([{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }]),
  reasoning: (pieces) => pieces.map((text) => delta({ reasoning_content: text })).join(''),
  words: (pieces) => pieces.map((content) => delta({ content })).join(''),
  end: (usage, finish = 'stop', request) => {
    const options = request['stream_options'] as { include_usage?: boolean } | undefined;
    const counts = {
      prompt_tokens: usage.input,
      completion_tokens: usage.output,
      total_tokens: usage.input + usage.output,
      prompt_tokens_details: { cached_tokens: usage.cached },
    };
    return (
      chunk([{ index: 0, delta: {}, finish_reason: finish }]) +
      (options?.include_usage ? chunk([], { usage: counts }) : '') +
      'data: [DONE]\n\n'
    );
  },
  failure: () => data(openai.refusal('The server had an error', 'server_error')),
  refusal: (message, kind) => ({ error: { message, type: kind ?? null, param: null, code: null } }),
};

/** Source: https://docs.anthropic.com/en/docs/build-with-claude/streaming */
const anthropic: ModelWire = {
  contentType: 'text/event-stream; charset=utf-8',
  begin: (usage, request) => {
    // What was written to the cache is counted apart: two tokens here, of those that count as input.
    const written = Math.min(2, usage.input - usage.cached);
    const counts = {
      input_tokens: usage.input - usage.cached - written,
      cache_creation_input_tokens: written,
      cache_read_input_tokens: usage.cached,
      output_tokens: 1,
    };
    const message = {
      id: 'msg_1',
      type: 'message',
      role: 'assistant',
      model: request['model'],
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: counts,
    };
    return event({ type: 'message_start', message }) + event({ type: 'ping' });
  },
  reasoning: (pieces) =>
    pieces.length === 0
      ? ''
      : block(0, { type: 'thinking', thinking: '', signature: '' }, [
          ...pieces.map((thinking) => ({ type: 'thinking_delta', thinking })),
          { type: 'signature_delta', signature: 'c2lnbmVk' },
        ]) + event({ type: 'content_block_stop', index: 0 }),
  words: (pieces) =>
    block(
      1,
      { type: 'text', text: '' },
      pieces.map((text) => ({ type: 'text_delta', text })),
    ),
  end: (usage, finish = 'end_turn') =>
    event({ type: 'content_block_stop', index: 1 }) +
    event({
      type: 'message_delta',
      delta: { stop_reason: finish, stop_sequence: null },
      usage: { output_tokens: usage.output },
    }) +
    event({ type: 'message_stop' }),
  failure: () =>
    event({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' }, request_id: 'req_1' }),
  refusal: (message, kind = 'api_error') => ({
    type: 'error',
    error: { type: kind, message },
    request_id: 'req_1',
  }),
};

/** Source: https://docs.ollama.com/api/chat */
const ollama: ModelWire = {
  contentType: 'application/x-ndjson',
  begin: () => '',
  reasoning: (pieces) => pieces.map((thinking) => part({ content: '', thinking })).join(''),
  words: (pieces) => pieces.map((content) => part({ content })).join(''),
  end: (usage, finish = 'stop', _request, loadMs = 0) =>
    part({ content: '' }, true, {
      done_reason: finish,
      total_duration: 9,
      load_duration: loadMs * 1_000_000,
      prompt_eval_count: usage.input,
      prompt_eval_duration: 4,
      eval_count: usage.output,
      eval_duration: 4,
    }),
  failure: () => line({ error: 'an error was encountered while running the model' }),
  refusal: (error) => ({ error }),
};

export const wires: Readonly<Record<Api, ModelWire>> = { openai, anthropic, ollama };

function chunk(choices: readonly unknown[], more: object = {}): string {
  const head = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_700_000_000, model: 'm' };
  return data({ ...head, choices, ...more });
}

function delta(fields: object): string {
  return chunk([{ index: 0, delta: fields, finish_reason: null }]);
}

function data(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`;
}

function event(value: { readonly type: string; readonly [key: string]: unknown }): string {
  return `event: ${value.type}\n${data(value)}`;
}

function block(index: number, content: object, deltas: readonly object[]): string {
  const begin = event({ type: 'content_block_start', index, content_block: content });
  return begin + deltas.map((delta) => event({ type: 'content_block_delta', index, delta })).join('');
}

function part(message: object, done = false, more: object = {}): string {
  const head = { model: 'm', created_at: '2026-01-01T00:00:00.000000Z' };
  return line({ ...head, message: { role: 'assistant', ...message }, done, ...more });
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}
