import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Provider } from '../../agents/provider.ts';
import { createAnthropic } from '../../agents/providers/anthropic.ts';
import { createOllama } from '../../agents/providers/ollama.ts';
import { createLmStudio, createOpenAi } from '../../agents/providers/openai.ts';
import { errorOf, listen, wordsOf } from '../support/listening.ts';
import { startModelServer, type Answer, type ModelServer } from '../support/model-server.ts';
import type { Api } from '../support/model-wires.ts';

const hello: Answer = { type: 'reply', pieces: ['Hello'] };
const request = {
  system: 'You are Ada.',
  messages: [
    { role: 'user', content: '/start' },
    { role: 'assistant', content: 'Good day.' },
    { role: 'user', content: 'Who are you?' },
  ],
} as const;
const system = { role: 'system', content: 'You are Ada.' };

const sampling = { temperature: 0, topP: 0.9, maxTokens: 300, seed: 0, stop: ['END'] };

afterEach(() => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

describe('what openai is sent', () => {
  it('is the conversation and what was set, zeros included', async () => {
    const { server } = await ask('openai', (origin) =>
      createOpenAi({ model: 'gpt', baseUrl: `${origin}/v1`, apiKey: 'sk-test', ...sampling }),
    );
    expect(server.requests[0]?.url).toBe('/v1/chat/completions');
    expect(server.requests[0]?.headers.authorization).toBe('Bearer sk-test');
    expect(server.requests[0]?.body).toEqual({
      model: 'gpt',
      messages: [system, ...request.messages],
      stream: true,
      stream_options: { include_usage: true },
      temperature: 0,
      top_p: 0.9,
      max_tokens: 300,
      seed: 0,
      stop: ['END'],
    });
  });

  it('holds nothing that was not set, and no empty system message', async () => {
    const { server } = await ask(
      'openai',
      (origin) => createOpenAi({ model: 'gpt', baseUrl: `${origin}/v1`, apiKey: 'sk-test' }),
      { system: '' },
    );
    expect(server.requests[0]?.body).toEqual({
      model: 'gpt',
      messages: request.messages,
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('has the limit under its new name at OpenAI itself', async () => {
    const sent: Request[] = [];
    vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
      sent.push(new Request(url, init));
      return Response.json({ error: { message: 'no' } }, { status: 400 });
    });
    const provider = createOpenAi({
      model: 'gpt',
      baseUrl: 'https://api.openai.com/v1',
      apiKey: 'sk-test',
      maxTokens: 9,
    });
    await expect(listen(provider, {}, () => {}).outcome).rejects.toThrow('refused the request');
    expect(sent).toHaveLength(1);
    const body = (await sent[0]?.json()) as object;
    expect(body).toMatchObject({ max_completion_tokens: 9 });
    expect(body).not.toHaveProperty('max_tokens');
  });

  it('is asked again without what a server does not know, and from then on at once', async () => {
    const noUsage = refusal(400, 'Unrecognized request argument supplied: stream_options');
    const noLimit = refusal(
      400,
      "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
    );
    const server = await startModelServer('openai', [noUsage, noLimit, hello, hello]);
    const settings = { model: 'gpt', baseUrl: `${server.origin}/v1`, apiKey: 'sk-test', maxTokens: 9 };
    const provider = createOpenAi(settings);
    for (let time = 0; time < 2; time++) {
      const { outcome, waits, statuses } = listen(provider, { maxRetries: 0 }, () => {});
      expect(wordsOf((await outcome).pieces)).toBe('Hello');
      // A matter of dialect, and no failure that anybody should hear about.
      expect([...waits, ...statuses]).toEqual([]);
    }
    const kinds = server.requests.map(({ body }) => [
      'stream_options' in body,
      body['max_tokens'],
      body['max_completion_tokens'],
    ]);
    expect(kinds).toEqual([
      [true, 9, undefined],
      [false, 9, undefined],
      [false, undefined, 9],
      [false, undefined, 9],
    ]);
  });

  it('is asked no third time by a server that refuses whatever it is sent', async () => {
    const stubborn = Array<Answer>(9).fill(
      refusal(422, 'stream_options and max_completion_tokens are unknown'),
    );
    const server = await startModelServer('openai', stubborn);
    const settings = { model: 'gpt', baseUrl: `${server.origin}/v1`, apiKey: 'sk-test', maxTokens: 9 };
    const error = await errorOf(listen(createOpenAi(settings), {}, () => {}).outcome);
    expect(error.code).toBe('bad-request');
    expect(server.requests.length).toBeLessThanOrEqual(3);
  });

  it('is nothing without a key', () => {
    const settings = { model: 'gpt', baseUrl: 'https://api.openai.com/v1' };
    const sentence = 'openai: no OPENAI_API_KEY; set it in the environment or in .env';
    expect(() => createOpenAi(settings)).toThrow(sentence);
    expect(() => createOpenAi({ ...settings, apiKey: '' })).toThrow(sentence);
    vi.stubEnv('OPENAI_API_KEY', 'sk-of-the-environment');
    // The layers of the configuration have read the environment already.
    expect(() => createOpenAi(settings)).toThrow(sentence);
  });
});

describe('what lmstudio is sent', () => {
  it('says nothing that was meant for OpenAI', async () => {
    vi.stubEnv('OPENAI_API_KEY', 'sk-of-openai');
    vi.stubEnv('OPENAI_ADMIN_KEY', 'sk-admin-of-openai');
    vi.stubEnv('OPENAI_ORG_ID', 'org-1');
    vi.stubEnv('OPENAI_PROJECT_ID', 'proj-1');
    const { server } = await ask('openai', (origin) =>
      createLmStudio({ model: '', baseUrl: `${origin}/v1` }),
    );
    const { headers, body } = server.requests[0] ?? {};
    expect(JSON.stringify(headers)).not.toMatch(/of-openai|org-1|proj-1/);
    expect(headers?.authorization).toBe('Bearer lm-studio');
    expect(body).toMatchObject({ model: '', messages: [system, ...request.messages] });
  });

  it('holds what was set, the seed too', async () => {
    const { server } = await ask('openai', (origin) =>
      createLmStudio({ model: 'm', baseUrl: `${origin}/v1`, ...sampling }),
    );
    expect(server.requests[0]?.body).toMatchObject({ temperature: 0, top_p: 0.9, seed: 0, stop: ['END'] });
  });

  it('holds the limit under the name that it knows', async () => {
    const { server } = await ask('openai', (origin) =>
      createLmStudio({ model: 'm', baseUrl: `${origin}/v1`, maxTokens: 9 }),
    );
    expect(server.requests[0]?.body).toMatchObject({ max_tokens: 9 });
  });
});

describe('what anthropic is sent', () => {
  it('is the conversation with two places to cache at, and no sampling', async () => {
    vi.stubEnv('ANTHROPIC_AUTH_TOKEN', 'token-of-another-program');
    const { server } = await ask('anthropic', (origin) =>
      createAnthropic({ model: 'claude', baseUrl: origin, apiKey: 'sk-ant', maxTokens: 300, stop: ['END'] }),
    );
    const { url, headers, body } = server.requests[0] ?? {};
    expect(url).toBe('/v1/messages');
    expect(JSON.stringify(headers)).not.toContain('another-program');
    expect(headers?.authorization ?? headers?.['x-api-key']).toMatch(/^(?:Bearer )?sk-ant$/);
    expect(headers?.['anthropic-version']).toMatch(/^\d{4}-\d\d-\d\d$/);
    const cache = { cache_control: { type: 'ephemeral' } };
    expect(body).toEqual({
      model: 'claude',
      max_tokens: 300,
      stream: true,
      system: [{ type: 'text', text: 'You are Ada.', ...cache }],
      messages: [
        ...request.messages.slice(0, 2),
        { role: 'user', content: [{ type: 'text', text: 'Who are you?', ...cache }] },
      ],
      stop_sequences: ['END'],
    });
  });

  it('has nowhere to cache at where nothing of it is asked again', async () => {
    const { server } = await ask(
      'anthropic',
      (origin) => createAnthropic({ model: 'claude', baseUrl: origin, apiKey: 'sk-ant', maxTokens: 300 }),
      { isOnce: true },
    );
    expect(server.requests[0]?.body).toMatchObject({ system: 'You are Ada.', messages: request.messages });
  });

  it('holds no system prompt where there is none', async () => {
    const { server } = await ask(
      'anthropic',
      (origin) => createAnthropic({ model: 'claude', baseUrl: origin, apiKey: 'sk-ant', maxTokens: 300 }),
      { system: '' },
    );
    expect(Object.keys(server.requests[0]?.body ?? {}).sort()).toEqual([
      'max_tokens',
      'messages',
      'model',
      'stream',
    ]);
  });

  it('is nothing without a key', () => {
    vi.stubEnv('ANTHROPIC_API_KEY', 'sk-of-the-environment');
    const settings = { model: 'claude', baseUrl: 'https://api.anthropic.com', maxTokens: 1 };
    expect(() => createAnthropic(settings)).toThrow(
      'anthropic: no ANTHROPIC_API_KEY; set it in the environment or in .env',
    );
  });
});

describe('what ollama is sent', () => {
  it('is the conversation, the options, and how long to stay loaded', async () => {
    const { server } = await ask('ollama', (origin) =>
      createOllama({ model: 'llama3.2', baseUrl: origin, ...sampling, numCtx: 8_192, keepAlive: '10m' }),
    );
    expect(server.requests[0]?.url).toBe('/api/chat');
    expect(server.requests[0]?.body).toEqual({
      model: 'llama3.2',
      messages: [system, ...request.messages],
      stream: true,
      keep_alive: '10m',
      options: { temperature: 0, top_p: 0.9, num_predict: 300, seed: 0, stop: ['END'], num_ctx: 8_192 },
    });
  });

  it('holds nothing that was not set', async () => {
    const { server } = await ask('ollama', (origin) => createOllama({ model: 'llama3.2', baseUrl: origin }), {
      system: '',
    });
    expect(server.requests[0]?.body).toEqual({ model: 'llama3.2', messages: request.messages, stream: true });
  });

  it('goes where OLLAMA_HOST says, without a scheme and under a path, with the name and password as a header', async () => {
    const bare = await ask('ollama', (origin) =>
      createOllama({ model: 'm', baseUrl: origin.replace('http://', '') }),
    );
    expect(bare.server.requests[0]?.url).toBe('/api/chat');
    const path = await ask('ollama', (origin) =>
      createOllama({ model: 'm', baseUrl: `${origin.replace('//', '//ada:lovelace@')}/models/` }),
    );
    expect(path.server.requests[0]?.url).toBe('/models/api/chat');
    const credentials = Buffer.from('ada:lovelace').toString('base64');
    expect(path.server.requests[0]?.headers.authorization).toBe(`Basic ${credentials}`);
  });

  it('is nothing where the address is none', () => {
    expect(() => createOllama({ model: 'm', baseUrl: 'http://' })).toThrow(
      'ollama: "http://" is no address; set OLLAMA_HOST to one such as 127.0.0.1:11434',
    );
  });
});

function refusal(status: number, message: string): Answer {
  return { type: 'refuse', status, message, kind: 'invalid_request_error' };
}

/** One reply of a provider at a server that knows its API. */
async function ask(
  api: Api,
  create: (origin: string) => Provider,
  more: { readonly system?: string; readonly isOnce?: boolean } = {},
): Promise<{ server: ModelServer }> {
  const server = await startModelServer(api, [hello]);
  const { signal } = new AbortController();
  const texts: string[] = [];
  for await (const piece of create(server.origin).reply({ ...request, ...more, signal })) {
    if (piece.type === 'text') texts.push(piece.text);
  }
  expect(texts).toEqual(['Hello']);
  return { server };
}
