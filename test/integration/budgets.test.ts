import { describe, expect, it } from 'vitest';
import type { PriceList } from '../../config/prices.ts';
import { RawClient, startRelay } from '../support/relay.ts';

const a = { name: 'Ada', meeting: 'm1', provider: 'openai', model: 'gpt' };
const b = { name: 'Bob', meeting: 'm1', provider: 'ollama', model: 'llama' };
const meta = (input: number, output: number): string =>
  `/meta: ${JSON.stringify({ usage: { input, output, cached: 0 } })}\n`;

async function pair(ports: { readonly a: number; readonly b: number }, features: readonly string[] = []) {
  const ada = await RawClient.greet(ports.a, { ...a, features });
  const bob = await RawClient.greet(ports.b, { ...b, features });
  await ada.until('/start\n');
  await bob.until('/welcome: ');
  await bob.until('\n');
  return { ada, bob };
}

describe('a limit of tokens', () => {
  it('ends the meeting with the message that reaches it, which is delivered', async () => {
    const { ports, journal, event } = await startRelay({ maxTokens: 250 });
    const { ada, bob } = await pair(ports);
    ada.send(`${meta(100, 20)}one\n`);
    await bob.until('one\n');
    bob.send(`${meta(110, 19)}two\n`);
    await ada.until('two\n');
    ada.send(`${meta(1, 0)}three\n`);
    expect(await bob.closed()).toBe('three\n/stop: max-tokens\n');
    expect(journal('m1').at(-1)).toMatchObject({ reason: 'max-tokens', detail: '250 of 250 tokens' });
    expect(journal('m1')[0]).toMatchObject({ settings: { maxTokens: 250 } });
    const { usage } = await event('stopped');
    expect(usage?.together).toMatchObject({ turns: 3, usage: { input: 211, output: 39 } });
  });

  it('counts what a control word that came alone was billed, and what who leaves had been', async () => {
    const { ports, journal, event } = await startRelay();
    const { ada, bob } = await pair(ports);
    ada.send(`${meta(100, 2)}/help\n`);
    await bob.until('/help\n');
    bob.send(`${meta(50, 0)}/leave: gives up\n`);
    const { usage } = await event('stopped');
    expect(usage?.speakers.a.usage).toEqual({ input: 100, output: 2, cached: 0 });
    expect(usage?.speakers.b.usage).toEqual({ input: 50, output: 0, cached: 0 });
    expect(journal('m1').filter((one) => 'meta' in one)).toMatchObject([
      { type: 'control' },
      { type: 'lost' },
    ]);
  });

  it('goes on counting where the proxy before it was ended', async () => {
    const features = ['history'];
    const first = await startRelay({ maxTokens: 300 });
    const ada = await RawClient.greet(first.ports.a, { ...a, features });
    const bob = await RawClient.greet(first.ports.b, { ...b, features });
    const [, secretA] = /"secret":"(\w+)"/.exec(await ada.until('/start\n')) ?? [];
    const [, secretB] = /"secret":"(\w+)"/.exec(await bob.until('\n')) ?? [];
    ada.send(`${meta(150, 20)}one\n`);
    await bob.until('one\n');
    await first.relay.shutDown(0, true);
    // No limit of its own: what the meeting began with holds.
    const second = await startRelay({ transcripts: first.transcripts });
    const back = (greeting: object, port: number, secret: string | undefined) =>
      RawClient.greet(port, { ...greeting, features, secret });
    const adaAgain = await back(a, second.ports.a, secretA);
    const bobAgain = await back(b, second.ports.b, secretB);
    await bobAgain.until('one\n');
    bobAgain.send(`${meta(120, 10)}two\n`);
    await adaAgain.until('/stop: max-tokens\n');
    expect((await second.event('stopped')).usage?.together.usage).toEqual({
      input: 270,
      output: 30,
      cached: 0,
    });
  });
});

describe('a limit of the cost', () => {
  const prices: PriceList = new Map([
    ['openai', new Map([['gpt', { input: 1, output: 2, asOf: '2026-11-01' }]])],
  ]);

  it('is kept by the prices that were in force when the meeting began', async () => {
    const { ports, journal } = await startRelay({ maxCost: 0.5 }, undefined, { prices });
    const { ada, bob } = await pair(ports);
    bob.send(`${meta(9_000_000, 0)}a local model costs nothing\n`);
    await ada.until('nothing\n');
    ada.send(`${meta(300_000, 99_999)}nearly\n`);
    await bob.until('nearly\n');
    ada.send(`${meta(0, 1)}there\n`);
    expect(await bob.closed()).toBe('there\n/stop: max-cost\n');
    expect(journal('m1').at(-1)).toMatchObject({ reason: 'max-cost', detail: '$0.5000 of $0.5000' });
    expect(journal('m1')[0]).toMatchObject({
      settings: { prices: { a: { input: 1, output: 2, asOf: '2026-11-01' } } },
    });
  });

  it('that cannot be kept ends the meeting before anybody is asked', async () => {
    const { ports, journal } = await startRelay({ maxCost: 0.5 });
    const ada = await RawClient.greet(ports.a, a);
    await RawClient.greet(ports.b, b);
    expect(await ada.closed()).toBe('/stop: error\n');
    expect(journal('m1').at(-1)).toMatchObject({
      reason: 'error',
      detail: expect.stringMatching(/no price is known for openai gpt \(seat a\)/) as string,
    });
  });
});

describe('a meeting in which nobody says anything', () => {
  it('ends, reason idle', async () => {
    const { ports, journal } = await startRelay({ idleSeconds: 0.2 });
    const { ada, bob } = await pair(ports);
    ada.send('Hello?\n');
    expect(await bob.closed()).toBe('Hello?\n/stop: idle\n');
    expect(journal('m1').at(-1)).toMatchObject({ reason: 'idle', detail: '0.2 s' });
  });

  it('goes on while somebody writes', async () => {
    const { ports } = await startRelay({ idleSeconds: 1 });
    const { ada, bob } = await pair(ports, ['delta']);
    for (let piece = 0; piece < 6; piece++) {
      ada.send('/delta: a piece \n');
      await bob.until('/delta: a piece');
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
    ada.send('all of it\n');
    await bob.until('all of it\n');
  });

  it('is not ended for it while a seat is kept for somebody', async () => {
    const { ports, journal } = await startRelay({ idleSeconds: 0.2, resumeMs: 1_000 });
    const { ada, bob } = await pair(ports, ['history']);
    bob.socket.destroy();
    await ada.closed();
    expect(journal('m1').at(-1)).toMatchObject({ reason: 'agent-lost' });
  });
});

it('who takes notes is told how many messages are left, before the message it answers, and nobody else', async () => {
  const { ports, journal } = await startRelay({ maxMessages: 6, tellTurnsLeft: true });
  const ada = await RawClient.greet(ports.a, { ...a, features: ['note'] });
  const bob = await RawClient.greet(ports.b, b);
  await ada.until('/start\n');
  await bob.until('\n');
  const heard: string[] = [];
  for (let turn = 1; turn <= 6; turn++) {
    const [from, to] = turn % 2 === 1 ? [ada, bob] : [bob, ada];
    from.send(`turn ${turn}\n`);
    heard.push(await to.until(`turn ${turn}\n`));
  }
  expect(heard).toEqual([
    'turn 1\n',
    '/note: 4 messages are left in this conversation, your next one among them.\nturn 2\n',
    'turn 3\n',
    expect.stringMatching(/^\/note: Two messages are left .*\nturn 4\n$/) as string,
    'turn 5\n',
    'turn 6\n',
  ]);
  expect(journal('m1').filter(({ type }) => type === 'note')).toHaveLength(2);
});
