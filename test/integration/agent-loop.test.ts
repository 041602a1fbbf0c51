import { describe, expect, it } from 'vitest';
import { startAgent, type Agent, type AgentOptions } from '../../agents/agent.ts';
import { ProviderError, type ChatMessage, type Provider } from '../../agents/provider.ts';
import { RawClient, startRelay } from '../support/relay.ts';

type Answer = string | Error | ((messages: readonly ChatMessage[], signal: AbortSignal) => Promise<string>);

/** Gives these answers one after the other, and keeps what it was asked. */
function createFake(answers: Answer[]): Provider & { asked: (readonly ChatMessage[])[] } {
  const asked: (readonly ChatMessage[])[] = [];
  return {
    name: 'scripted',
    model: 'fake',
    asked,
    async *reply({ messages, signal }) {
      asked.push(messages);
      const answer = answers.shift() ?? 'nothing left to say';
      if (answer instanceof Error) throw answer;
      const text = typeof answer === 'string' ? answer : await answer(messages, signal);
      for (const text_ of text.split(/(?<= )/)) yield { type: 'text', text: text_ };
      yield { type: 'end', finish: 'stop', usage: { input: 3, output: 2, cached: 1 } };
    },
  };
}

function sit(port: number, provider: Provider, changes: Partial<AgentOptions> = {}): Agent {
  return startAgent({
    proxy: { host: '127.0.0.1', port },
    greeting: {
      name: 'Agent',
      meeting: 'm1',
      provider: provider.name,
      model: provider.model,
      features: ['note'],
    },
    system: 'You are an agent.',
    provider,
    patience: { maxRetries: 2, maxWaitMs: 1_000, idleMs: 1_000, firstPieceMs: 1_000 },
    signal: new AbortController().signal,
    ...changes,
  });
}

const partner = { name: 'Partner', meeting: 'm1' };

describe('an agent', () => {
  it('starts, sends what it streams, answers with the whole conversation, and leaves when told to', async () => {
    const { ports, journal, seen } = await startRelay();
    const provider = createFake(['Good morning to you.', 'Very well.']);
    const agent = sit(ports.a, provider);
    const other = await RawClient.greet(ports.b, partner);
    await other.until('\n');
    expect(await other.until('\n')).toBe('Good morning to you.\n');
    other.send('How are you?\n');
    expect(await other.until('\n')).toBe('Very well.\n');
    other.send('/end\n');
    expect(await agent.finished).toBe('end');
    expect(provider.asked).toEqual([
      [{ role: 'user', content: '/start' }],
      [
        { role: 'user', content: '/start' },
        { role: 'assistant', content: 'Good morning to you.' },
        { role: 'user', content: 'How are you?' },
      ],
    ]);
    const deltas = seen.filter((event) => event.type === 'delta').map(({ text }) => text);
    expect(deltas.length).toBeGreaterThan(3);
    expect(deltas.join('')).toContain('Good morning to you.');
    expect(journal('m1')[4]).toMatchObject({
      text: 'Good morning to you.',
      meta: { usage: { input: 3, output: 2, cached: 1 }, finish: 'stop', ms: expect.any(Number) as number },
    });
  });

  it('asks nobody for an answer to the last words of a meeting', async () => {
    const { ports } = await startRelay({ first: 'b', maxMessages: 1 });
    const provider = createFake(['too late']);
    const agent = sit(ports.a, provider);
    const other = await RawClient.greet(ports.b, partner);
    await other.until('/start\n');
    other.send('These are the last words.\n');
    expect(await agent.finished).toBe('max-messages');
    expect(provider.asked).toEqual([]);
  });

  it('says its opening line word for word and asks nobody for it', async () => {
    const { ports } = await startRelay();
    const provider = createFake(['Second.']);
    sit(ports.a, provider, { opening: 'Call me Ishmael.' });
    const other = await RawClient.greet(ports.b, partner);
    await other.until('Call me Ishmael.\n');
    other.send('Who?\n');
    await other.until('Second.\n');
    expect(provider.asked).toHaveLength(1);
  });

  it('answers a goodbye once, with an end to it, though the model forgets that', async () => {
    const { ports, journal } = await startRelay({ first: 'b' });
    const provider = createFake(['Farewell, friend.']);
    const agent = sit(ports.a, provider);
    const other = await RawClient.greet(ports.b, partner);
    await other.until('/start\n');
    other.send('It is late. /bye\n');
    expect(await other.closed()).toBe('Farewell, friend.\n/stop: end\n');
    expect(await agent.finished).toBe('end');
    expect(provider.asked.at(-1)).toEqual([{ role: 'user', content: 'It is late.\n\n/bye' }]);
    expect(journal('m1').filter(({ type }) => type === 'turn')).toHaveLength(2);
  });

  it('answers a text and a call for help that came with it once', async () => {
    const { ports } = await startRelay({ first: 'b' });
    const provider = createFake(['I am an agent.', 'NOT TWICE']);
    sit(ports.a, provider);
    const other = await RawClient.greet(ports.b, partner);
    await other.until('/start\n');
    other.send('Who are you? /help\n');
    await other.until('I am an agent.\n');
    other.send('/end\n');
    await other.closed();
    expect(provider.asked).toEqual([[{ role: 'user', content: 'Who are you?\n\n/help' }]]);
  });

  it('starts its answer again when a goodbye comes in the middle of it', async () => {
    const { ports } = await startRelay({ first: 'b' });
    let asked = (): void => {};
    const isAsked = new Promise<void>((resolve) => (asked = resolve));
    const never: Answer = (_messages, signal) =>
      new Promise((_resolve, reject) => {
        asked();
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    const provider = createFake([never, 'Then goodbye. /bye']);
    sit(ports.a, provider);
    const other = await RawClient.greet(ports.b, partner);
    await other.until('/start\n');
    other.send('A question?\n');
    await isAsked;
    other.send('/bye\n');
    expect(await other.closed()).toBe('Then goodbye.\n/stop: end\n');
    expect(provider.asked.at(-1)).toEqual([{ role: 'user', content: 'A question?\n\n/bye' }]);
  });

  it('takes leave when its model does, and says nothing after that', async () => {
    const { ports, journal } = await startRelay();
    const agent = sit(ports.a, createFake(['That was all. /bye', 'NOT THIS']));
    const other = await RawClient.greet(ports.b, partner);
    expect(await other.until('/bye\n')).toMatch(/That was all\.\n\/bye\n$/);
    other.send('So long.\n');
    expect(await other.closed()).toBe('/stop: end\n');
    expect(await agent.finished).toBe('end');
    expect(JSON.stringify(journal('m1'))).not.toContain('NOT THIS');
  });

  it('says what stands in its way, tries again, and sends a whole reply', async () => {
    const { ports, journal } = await startRelay();
    const limited = new ProviderError('openai: rate limited', {
      provider: 'openai',
      code: 'rate-limited',
      retryable: true,
      status: 429,
      retryAfterMs: 30,
    });
    sit(ports.a, createFake([limited, 'Here I am.']));
    const other = await RawClient.greet(ports.b, partner);
    await other.until('Here I am.\n');
    expect(journal('m1')).toContainEqual(
      expect.objectContaining({
        type: 'status',
        seat: 'a',
        text: expect.stringMatching(/next try in/) as string,
      }),
    );
  });

  it('gives up on what cannot be mended, and the journal knows why it went', async () => {
    const { ports, event } = await startRelay();
    const wrong = new ProviderError('openai: the key is wrong', {
      provider: 'openai',
      code: 'wrong-key',
      retryable: false,
    });
    const agent = sit(ports.a, createFake([wrong]));
    const other = await RawClient.greet(ports.b, partner);
    await expect(agent.finished).rejects.toThrowError('openai: the key is wrong');
    expect(await other.closed()).toMatch(/\/stop: agent-lost\n$/);
    expect((await event('stopped')).detail).toContain('the key is wrong');
  });

  it('says at least something when the model says nothing', async () => {
    const { ports, journal } = await startRelay();
    sit(ports.a, createFake(['', ' \n', '', '']));
    const other = await RawClient.greet(ports.b, partner);
    await other.until('…\n');
    expect(journal('m1').find(({ type }) => type === 'turn')).toMatchObject({
      text: '…',
      meta: { finish: 'empty' },
    });
  });

  it('keeps control words of the chat template out of what it says', async () => {
    const { ports } = await startRelay();
    sit(ports.a, createFake(['<think>Who is that?</think>Good day.<|im_end|>']));
    const other = await RawClient.greet(ports.b, partner);
    await other.until('\n');
    expect(await other.until('\n')).toBe('Good day.\n');
  });

  it('waits for a proxy that is not there yet and says so', async () => {
    const { ports, relay } = await startRelay();
    await relay.close();
    const waits: string[] = [];
    const abort = new AbortController();
    const agent = sit(ports.a, createFake([]), {
      signal: abort.signal,
      observer: {
        onWait(problem, delayMs) {
          waits.push(`${problem} ${delayMs}`);
          if (waits.length === 2) abort.abort();
        },
      },
    });
    await expect(agent.finished).rejects.toThrowError(/abort/);
    expect(waits).toEqual([
      `no proxy listens on 127.0.0.1:${ports.a} yet 250`,
      `no proxy listens on 127.0.0.1:${ports.a} yet 500`,
    ]);
  });

  it('fails with one sentence when it is refused', async () => {
    const { ports } = await startRelay({ token: 'secret' });
    await expect(sit(ports.a, createFake([])).finished).rejects.toThrowError(
      /the proxy refused: .*token.*\(bad-token\)/,
    );
  });
});
