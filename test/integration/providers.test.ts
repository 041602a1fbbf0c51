import { createServer } from 'node:net';
import { inspect } from 'node:util';
import { LLMock } from '@copilotkit/aimock';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Provider } from '../../agents/provider.ts';
import { createAnthropic } from '../../agents/providers/anthropic.ts';
import { createOllama } from '../../agents/providers/ollama.ts';
import { createLmStudio, createOpenAi } from '../../agents/providers/openai.ts';
import type { Patience } from '../../agents/reliable.ts';
import { errorOf, listen, wordsOf } from '../support/listening.ts';
import { startModelServer, type Answer } from '../support/model-server.ts';
import type { Api } from '../support/model-wires.ts';

const key = 'sk-test-5up3rS3cretK3y0123456789';

interface Service {
  readonly name: 'openai' | 'lmstudio' | 'anthropic' | 'ollama';
  readonly api: Api;
  /** What the server's address is called in the settings. */
  readonly path: string;
  readonly create: (baseUrl: string) => Provider;
  /** How the API says that there is no such model. */
  readonly unknownModel: Answer;
  /** What the message then proposes. */
  readonly help: string;
}

const services: readonly Service[] = [
  {
    name: 'openai',
    api: 'openai',
    path: '/v1',
    create: (baseUrl) => createOpenAi({ model: 'gpt-none', baseUrl, apiKey: key }),
    unknownModel: refusal(404, 'The model `gpt-none` does not exist or you do not have access to it.'),
    help: 'no model "gpt-none"; choose another with --model or in config/openai.yml',
  },
  {
    name: 'lmstudio',
    api: 'openai',
    path: '/v1',
    create: (baseUrl) => createLmStudio({ model: 'qwen-none', baseUrl, apiKey: key }),
    unknownModel: refusal(404, 'Model "qwen-none" not found. model_not_found'),
    help: 'load it in LM Studio',
  },
  {
    name: 'anthropic',
    api: 'anthropic',
    path: '',
    create: (baseUrl) => createAnthropic({ model: 'claude-none', baseUrl, apiKey: key, maxTokens: 100 }),
    unknownModel: refusal(404, 'model: claude-none', 'not_found_error'),
    help: 'choose another with --model or in config/anthropic.yml',
  },
  {
    name: 'ollama',
    api: 'ollama',
    path: '',
    create: (baseUrl) => createOllama({ model: 'llama-none', baseUrl }),
    unknownModel: refusal(404, 'model "llama-none" not found, try pulling it first'),
    help: 'run `ollama pull llama-none`',
  },
];

const usage = { input: 21, output: 5, cached: 8 };
const hello: Answer = { type: 'reply', pieces: ['Hel', 'lo, ', 'wörld 🌍'], usage };

describe.each(services)('$name', (service) => {
  it('streams a reply with its thinking apart and the tokens that it took', async () => {
    const { outcome } = await ask(service, [{ ...hello, reasoning: ['Let me ', 'see.'] }]);
    const { pieces } = await outcome;
    expect(pieces.filter(({ type }) => type === 'reasoning')).toEqual([
      { type: 'reasoning', text: 'Let me ' },
      { type: 'reasoning', text: 'see.' },
    ]);
    expect(pieces.filter(({ type }) => type === 'text').length).toBe(3);
    expect(wordsOf(pieces)).toBe('Hello, wörld 🌍');
    // Ollama does not tell what it had read before.
    const cached = service.name === 'ollama' ? 0 : usage.cached;
    // The server counts what Anthropic put into its cache apart, and as input.
    const stored = service.name === 'anthropic' ? { stored: 2 } : {};
    const end = { type: 'end', finish: 'stop', usage: { ...usage, cached, ...stored } };
    expect(pieces.at(-1)).toMatchObject({ ...end, model: expect.any(String) as string });
  });

  it('says when a reply was too long to be finished', async () => {
    const finish = service.api === 'anthropic' ? 'max_tokens' : 'length';
    const { outcome } = await ask(service, [{ ...hello, finish }]);
    expect((await outcome).pieces.at(-1)).toMatchObject({ type: 'end', finish: 'length' });
  });

  it('waits as long as a 429 asks for, and asks again', async () => {
    const limited = refusal(429, 'Slow down', 'rate_limit_error', { 'retry-after': '7' });
    const { outcome, statuses, waits } = await ask(service, [limited, hello]);
    expect(wordsOf((await outcome).pieces)).toBe('Hello, wörld 🌍');
    expect(waits).toEqual([7_000]);
    expect(statuses).toEqual([`rate limited by ${service.name}, next try in 7 s`]);
  });

  it('gives up on a 429 that asks for a longer wait than allowed', async () => {
    const limited = refusal(429, 'Slow down', 'rate_limit_error', { 'retry-after': '301' });
    const { outcome, waits, server } = await ask(service, [limited, hello]);
    await expect(outcome).rejects.toMatchObject({
      code: 'rate-limited',
      status: 429,
      retryable: false,
      message: expect.stringMatching(/a wait of 301 s; max_wait_seconds is 300/) as string,
    });
    expect(waits).toEqual([]);
    expect(server.requests.length).toBe(1);
  });

  it.each([500, 503, 529])('asks again after a %i', async (status) => {
    const { outcome, waits } = await ask(service, [refusal(status, 'Oops'), refusal(status, 'Oops'), hello]);
    expect(wordsOf((await outcome).pieces)).toBe('Hello, wörld 🌍');
    // Half of 0.5 s, then half of 1 s: the injected random is 0.5.
    expect(waits).toEqual([250, 500]);
  });

  it('asks again after so many failures as allowed, and no more', async () => {
    const { outcome, server } = await ask(service, Array<Answer>(9).fill(refusal(500, 'Oops')));
    await expect(outcome).rejects.toMatchObject({
      code: 'overloaded',
      message: expect.stringMatching(/^\w+: the server failed \(500: Oops\) \(tried 3 times\)$/) as string,
    });
    expect(server.requests.length).toBe(3);
  });

  it.each([
    ['the connection is reset in mid-reply', 'reset', 'cut-off'],
    ['the stream ends without an end', 'early-end', 'cut-off'],
    ['nothing more comes in mid-reply', 'stall', 'stalled'],
    ['the server reports an error in mid-reply', 'error', 'overloaded'],
  ] as const)('starts the reply anew when %s', async (_what, ending, code) => {
    const broken: Answer = { type: 'reply', pieces: ['Once upon'], ending };
    const { outcome, statuses, server } = await ask(service, [broken, hello], { idleMs: 60 });
    const { pieces, restarts } = await outcome;
    expect(wordsOf(pieces)).toBe('Hello, wörld 🌍');
    expect(restarts).toBe(1);
    expect(statuses).toHaveLength(1);
    await server.requests[0]?.closed;

    const { outcome: last } = await ask(service, [broken], { idleMs: 60, maxRetries: 0 });
    await expect(last).rejects.toMatchObject({ code, provider: service.name });
  });

  it('asks again when the server hangs up without an answer', async () => {
    const { outcome, waits } = await ask(service, [{ type: 'hang-up' }, hello]);
    expect(wordsOf((await outcome).pieces)).toBe('Hello, wörld 🌍');
    expect(waits).toEqual([250]);
    const { outcome: last } = await ask(service, [{ type: 'hang-up' }], { maxRetries: 0 });
    await expect(last).rejects.toMatchObject({ code: 'cut-off' });
  });

  it('gives up a server that takes the request and never answers', async () => {
    const { outcome, server } = await ask(service, [{ type: 'silence' }, hello], { firstPieceMs: 60 });
    expect(wordsOf((await outcome).pieces)).toBe('Hello, wörld 🌍');
    await server.requests[0]?.closed;
  });

  it('does not ask again with a wrong key, and tells it nobody', async () => {
    const words = `Incorrect API key provided: ${key}. You can find yours at https://example.com.`;
    const { outcome, server } = await ask(service, [refusal(401, words, 'authentication_error'), hello]);
    const error = await errorOf(outcome);
    expect(error).toMatchObject({ code: 'wrong-key', status: 401, retryable: false });
    expect(error.message).toMatch(
      new RegExp(`^${service.name}: the key was refused \\(401: Incorrect API key`),
    );
    // Whatever a logger may print of it, with all that is hidden and all causes.
    expect(inspect(error, { depth: Infinity, showHidden: true })).not.toContain('5up3rS3cret');
    expect(server.requests.length).toBe(1);
  });

  it('helps those who name a model that is not there', async () => {
    const { outcome, server } = await ask(service, [service.unknownModel, hello]);
    const error = await errorOf(outcome);
    expect(error).toMatchObject({ code: 'unknown-model', retryable: false });
    expect(error.message).toContain(service.help.replace(/^no model "[^"]+"/, ''));
    expect(error.message).toContain('-none"');
    expect(server.requests.length).toBe(1);
  });

  it('takes a 404 that names no model for a wrong address', async () => {
    const { outcome } = await ask(service, [refusal(404, 'page not found')]);
    const error = await errorOf(outcome);
    expect(error).toMatchObject({ code: 'bad-request', retryable: false });
    expect(error.message).toMatch(/nothing answers at http:\/\/127\.0\.0\.1:\d+\S*; check \w+(?:_URL|_HOST)/);
  });

  it('knows a page of another server when it sees one', async () => {
    const page: Answer = { type: 'raw', contentType: 'text/html', text: '<html><body>Welcome</body></html>' };
    const { outcome, server } = await ask(service, [page, hello]);
    const error = await errorOf(outcome);
    expect(error).toMatchObject({ code: 'bad-request', retryable: false });
    expect(error.message).toMatch(/^\w+: http:\S+ answers, but not as \w+ does; check \w+_(?:URL|HOST)/);
    expect(server.requests.length).toBe(1);
  });

  it('says that the conversation is too long for the model, and does not ask again', async () => {
    const words = 'prompt is too long: 200001 tokens exceed the context window of 200000';
    const { outcome, server } = await ask(service, [refusal(400, words, 'invalid_request_error'), hello]);
    expect(await errorOf(outcome)).toMatchObject({ code: 'context-too-long', retryable: false });
    expect(server.requests.length).toBe(1);
  });

  it('does not ask again when the request was bad', async () => {
    const { outcome, server } = await ask(service, [
      refusal(400, 'seed: no', 'invalid_request_error'),
      hello,
    ]);
    const error = await errorOf(outcome);
    expect(error).toMatchObject({ code: 'bad-request', retryable: false });
    expect(error.message).toMatch(/the server refused the request \(400: seed: no\)$/);
    expect(server.requests.length).toBe(1);
  });

  it('asks twice again when the reply is empty, then takes it', async () => {
    const empty: Answer = { type: 'reply', pieces: [' \n'], usage };
    const { outcome, server, waits } = await ask(service, [empty, empty, empty, hello]);
    expect((await outcome).pieces.at(-1)).toMatchObject({ type: 'end' });
    expect(server.requests.length).toBe(3);
    expect(waits).toEqual([]);

    const { outcome: second } = await ask(service, [{ type: 'reply', pieces: [] }, hello]);
    expect(wordsOf((await second).pieces)).toBe('Hello, wörld 🌍');
  });

  it('says what to start when nobody listens', async () => {
    const provider = service.create(`http://127.0.0.1:${await unusedPort()}${service.path}`);
    const { outcome, waits } = listen(provider, {}, () => {});
    const error = await errorOf(outcome);
    expect(error).toMatchObject({ code: 'unreachable', provider: service.name });
    expect(error.message).toMatch(/no answer from http:\S+ \(ECONNREFUSED\); \S/);
    expect(waits).toHaveLength(2);
  });

  it('ends at once when it is told to, before the first byte', async () => {
    const { outcome, server, abort } = await ask(service, [{ type: 'silence' }]);
    await server.untilAsked(1);
    await expectPrompt(abort, outcome);
    await server.requests[0]?.closed;
  });

  it('ends at once when it is told to, in mid-reply', async () => {
    const stall: Answer = { type: 'reply', pieces: ['Once'], ending: 'stall' };
    const { outcome, server, abort, heard } = await ask(service, [stall]);
    await heard;
    await expectPrompt(abort, outcome);
    await server.requests[0]?.closed;
  });

  it('ends at once when it is told to, while it waits for the next try', async () => {
    const provider = await withServer(service, [refusal(429, 'Slow', 'rate', { 'retry-after': '60' })]);
    const { outcome, abort, told } = listen(provider.provider, {}, () => {}, { realSleep: true });
    await told;
    await expectPrompt(abort, outcome);
    expect(provider.server.requests.length).toBe(1);
  });

  it('asks nobody when it was told to end before', async () => {
    const { provider, server } = await withServer(service, [hello]);
    const { outcome, abort } = listen(provider, {}, () => {});
    abort();
    await expect(outcome).rejects.toBeDefined();
    expect(server.requests.length).toBe(0);
  });

  it('speaks with a server that others wrote', async () => {
    const mock = new LLMock({ port: 0 });
    mock.onMessage('Good day.', { content: 'Hello from the judge.' });
    await mock.start();
    onTestFinished(() => mock.stop());
    const { outcome } = listen(service.create(mock.url + service.path), { maxRetries: 0 }, () => {});
    const { pieces } = await outcome;
    expect(wordsOf(pieces)).toBe('Hello from the judge.');
    expect(pieces.at(-1)).toMatchObject({ type: 'end', finish: 'stop' });
  });
});

function refusal(status: number, message: string, kind?: string, headers?: Record<string, string>): Answer {
  return { type: 'refuse', status, message, ...(kind ? { kind } : {}), ...(headers ? { headers } : {}) };
}

async function withServer(service: Service, answers: readonly Answer[]) {
  const server = await startModelServer(service.api, answers);
  return { server, provider: service.create(server.origin + service.path) };
}

async function ask(service: Service, answers: readonly Answer[], limits: Partial<Patience> = {}) {
  const { server, provider } = await withServer(service, answers);
  return { server, ...listen(provider, limits, server.hear) };
}

async function expectPrompt(abort: () => void, outcome: Promise<unknown>): Promise<void> {
  const begin = performance.now();
  abort();
  await expect(outcome).rejects.toMatchObject({ message: expect.stringMatching(/enough|aborted/) as string });
  expect(performance.now() - begin).toBeLessThan(5_000);
}

/** A port on which nobody listens: one that was just given back. */
async function unusedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}
