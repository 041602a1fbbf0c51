import { statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { readConversation } from '../../journal/conversation.ts';
import { describeEntry } from '../../journal/render/sentences.ts';
import { readControlFile } from '../../proxy/control-file.ts';
import type { RelaySettings } from '../../proxy/relay-settings.ts';
import { readSeatsFile } from '../../proxy/seats-file.ts';
import { answerTo, moderate, openControl } from '../support/moderator.ts';
import { RawClient, startRelay, type TestRelay } from '../support/relay.ts';

const features = ['note', 'history'];

interface Two extends TestRelay {
  readonly a: RawClient;
  readonly b: RawClient;
  readonly ask: (action: string, more?: object) => Promise<unknown>;
}

async function meet(
  changes: Partial<RelaySettings> = {},
  own: readonly string[] = features,
  isWatched = true,
): Promise<Two> {
  const relay = await startRelay({ ...changes }, undefined, { isWatched });
  const a = await RawClient.greet(relay.ports.a, { name: 'Ann', meeting: 'm', features: own });
  const b = await RawClient.greet(relay.ports.b, { name: 'Ben', meeting: 'm', features: own });
  await a.until('/start\n');
  await b.until(/\/welcome: .*\n/);
  const ask = (action: string, more: object = {}): Promise<unknown> =>
    moderate(relay, 'm', { action, ...more });
  return { ...relay, a, b, ask };
}

const count = (relay: TestRelay, type: string): number =>
  relay.journal('m').filter((event) => event.type === type).length;

function secretsIn(transcripts: string): { readonly a: string; readonly b: string } {
  const secrets = readSeatsFile(path.join(transcripts, 'm'))?.secrets;
  if (!secrets) throw new Error('there is no seats.json');
  return secrets;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe('a paused meeting', () => {
  test.each([
    ['that somebody watches', true],
    ['on the fast path', false],
  ])('%s journals what comes, and lets it all go in order when it is resumed', async (_, isWatched) => {
    const two = await meet({}, features, isWatched);
    const { a, b, ask } = two;
    a.send('One.\n');
    await b.until('One.\n');
    expect(await ask('pause')).toMatchObject({ ok: true, status: { isPaused: true, turns: 1 } });
    b.send('Two.\n');
    a.send('Three.\n');
    b.send('Four.\n');
    await until(() => count(two, 'turn') === 4);
    expect(await ask('status')).toMatchObject({ status: { waiting: 3 } });
    // Whatever was sent before is answered before this.
    await ask('say', { text: 'A moment, please.' });
    expect(await a.until('please.\n')).toBe('/note: The moderator says to you both: A moment, please.\n');
    expect(await b.until('please.\n')).toBe('/note: The moderator says to you both: A moment, please.\n');
    expect(await ask('resume')).toMatchObject({ ok: true, status: { isPaused: false, waiting: 0 } });
    const [toA, toB] = [await a.until('Four.\n'), await b.until('Three.\n')];
    expect([...toA.matchAll(/Two|Four/g)].map(String)).toEqual(['Two', 'Four']);
    expect(toB).toBe('Three.\n');
    a.send('Five.\n');
    expect(await b.until('Five.\n')).toBe('Five.\n');
  });

  test('lets exactly one turn through with each step, whether it came before or comes later', async () => {
    const two = await meet();
    const { a, b, ask } = two;
    await ask('pause');
    a.send('One.\n');
    a.send('Two.\n');
    await until(() => count(two, 'turn') === 2);
    expect(await ask('step')).toMatchObject({ ok: true, step: 'released', status: { waiting: 1 } });
    expect(await b.until('.\n')).toBe('One.\n');
    await ask('step');
    expect(await b.until('.\n')).toBe('Two.\n');
    expect(await ask('step')).toMatchObject({ step: 'next', status: { waiting: 0, steps: 1 } });
    b.send('Three.\nFour.\n');
    expect(await a.until('.\n')).toBe('Three.\n');
    await until(() => count(two, 'turn') === 4);
    expect(await ask('status')).toMatchObject({ status: { waiting: 1, steps: 0, isPaused: true } });
    expect(a.received).toBe('');
  });

  test('says what makes no sense', async () => {
    const { ask } = await meet();
    expect(await ask('resume')).toEqual({ ok: false, message: 'the meeting is not paused' });
    expect(await ask('step')).toEqual({ ok: false, message: 'the meeting is not paused' });
    await ask('pause');
    expect(await ask('pause')).toEqual({ ok: false, message: 'the meeting is paused already' });
    expect(await ask('give', { seat: 'a' })).toEqual({ ok: false, message: 'seat a is not taken over' });
    expect(await ask('whisper', { seat: 'a', text: ' ' })).toMatchObject({ ok: false });
    expect(await ask('dance')).toMatchObject({ ok: false });
  });

  test('does not read more from a seat than a few messages', async () => {
    const two = await meet();
    const { a, ask } = two;
    await ask('pause');
    const long = 'x'.repeat(60_000);
    for (let number = 1; number <= 200; number++) a.send(`${number} ${long}\n`);
    await new Promise((resolve) => setTimeout(resolve, 150));
    const held = count(two, 'turn');
    expect(held).toBeGreaterThan(0);
    expect(held).toBeLessThan(60);
    two.b.socket.resume();
    await ask('resume');
    await until(() => count(two, 'turn') === 200);
  });

  test('has its time stand still, and ends when a turn goes on that is the last', async () => {
    const { a, b, ask, event } = await meet({ maxMessages: 2, maxSeconds: 1 });
    await ask('pause');
    a.send('One.\n');
    b.send('Two.\n');
    await new Promise((resolve) => setTimeout(resolve, 1_200));
    expect(await ask('status')).toMatchObject({ ok: true, status: { turns: 2 } });
    await ask('resume');
    expect(await event('stopped')).toMatchObject({ reason: 'max-messages' });
    expect(await b.closed()).toContain('One.\n');
    expect(await a.closed()).toContain('Two.\n');
  });

  test('goes on paused when its proxy is killed and another one takes it up', async () => {
    const first = await meet();
    const { a, b, ask, ports, transcripts } = first;
    a.send('One.\n');
    await b.until('One.\n');
    await ask('pause');
    await ask('limits', { limits: { maxMessages: 7 } });
    b.send('Two.\n');
    await until(() => count(first, 'turn') === 2);
    const secrets = secretsIn(transcripts);
    await first.relay.shutDown(0, true);

    await startRelay({ ports, transcripts });
    const status = await moderate({ transcripts }, 'm', { action: 'status' });
    expect(status).toMatchObject({
      status: { isPaused: true, waiting: 1, turns: 2, limits: { maxMessages: 7 } },
    });
    const again = { meeting: 'm', features };
    const backA = await RawClient.greet(ports.a, { name: 'Ann', secret: secrets.a, ...again });
    const backB = await RawClient.greet(ports.b, { name: 'Ben', secret: secrets.b, ...again });
    expect(await backA.until(/\/history: .*\n/)).not.toContain('Two.');
    await backB.until(/\/history: .*\n/);
    await moderate({ transcripts }, 'm', { action: 'whisper', seat: 'a', text: 'Patience.' });
    expect(await backA.until('Patience.\n')).not.toContain('Two.');
    await moderate({ transcripts }, 'm', { action: 'resume' });
    expect(await backA.until('Two.\n')).toBe('Two.\n');
    backA.send('Three.\n');
    expect(await backB.until('Three.\n')).toBe('Three.\n');
  });
});

describe('a moderator', () => {
  test('whispers to one side: as a note, or ahead of the next text', async () => {
    const relay = await startRelay();
    const a = await RawClient.greet(relay.ports.a, { name: 'Ann', meeting: 'm', features });
    const c = await RawClient.greet(relay.ports.b, { name: 'Cleo', meeting: 'm' });
    await a.until('/start\n');
    await c.until(/\/welcome: .*\n/);
    await moderate(relay, 'm', { action: 'whisper', seat: 'a', text: 'Ask about\nthe horses.' });
    expect(await a.until('horses.\n')).toBe(
      '/note: The moderator tells you alone: Ask about\\nthe horses.\n',
    );
    await moderate(relay, 'm', { action: 'whisper', seat: 'b', text: 'Be kind.' });
    a.send('Hello.\n');
    expect(await c.until('Hello.\n')).toBe('The moderator tells you alone: Be kind.\\n\\nHello.\n');
  });

  test('limits tokens, and money where the prices are known', async () => {
    const { a, b, ask, event, journal } = await meet();
    a.send('/meta: {"usage": {"input": 90, "output": 10, "cached": 0}}\nOne.\n');
    await b.until('One.\n');
    expect(await ask('limits', { limits: { maxTokens: 101 } })).toMatchObject({ ok: true });
    expect(await ask('limits', { limits: { maxTokens: 100 } })).toMatchObject({ ok: true });
    await event('stopped');
    expect(journal('m').at(-1)).toMatchObject({
      type: 'stop',
      reason: 'max-tokens',
      detail: '100 of 100 tokens',
    });
  });

  test('cannot limit what is paid to somebody whose price nobody knows', async () => {
    const relay = await startRelay();
    const model = { provider: 'openai', model: 'never-heard-of', meeting: 'm' };
    await RawClient.greet(relay.ports.a, { name: 'Ann', ...model });
    const b = await RawClient.greet(relay.ports.b, { name: 'Ben', ...model });
    await b.until(/\/welcome: .*\n/);
    const answer = await moderate(relay, 'm', { action: 'limits', limits: { maxCost: 0.5 } });
    expect(JSON.stringify(answer)).toContain('no price is known for openai never-heard-of');
  });

  test('changes limits, which end the meeting at once where they are reached', async () => {
    const { a, b, ask, event, journal } = await meet({ maxMessages: 3 });
    a.send('One.\n');
    await b.until('One.\n');
    expect(await ask('limits', { limits: { maxMessages: 0 } })).toMatchObject({ ok: true });
    for (const word of ['Two', 'Three', 'Four']) {
      b.send(`${word}.\n`);
      await a.until(`${word}.\n`);
    }
    expect(await ask('limits', { limits: { maxSeconds: -1 } })).toMatchObject({ ok: false });
    await ask('limits', { limits: { maxMessages: 4 } });
    expect(await event('stopped')).toMatchObject({ reason: 'max-messages', turns: 4 });
    expect(journal('m').filter(({ type }) => type === 'moderator')).toMatchObject([
      { action: 'limits', limits: { maxMessages: 0 } },
      { action: 'limits', limits: { maxMessages: 4 } },
    ]);
  });

  test('ends the meeting without a goodbye, or with one, for which a paused meeting goes on', async () => {
    const first = await meet();
    expect(await first.ask('stop')).toMatchObject({ ok: true });
    expect(await first.event('stopped')).toMatchObject({
      reason: 'stopped',
      detail: 'the moderator ended it',
    });
    expect(await first.a.closed()).toContain('/stop: stopped\n');
    expect(readControlFile(path.join(first.transcripts, 'm'))).toBeUndefined();

    const second = await meet();
    await second.ask('pause');
    second.a.send('One.\n');
    await until(() => count(second, 'turn') === 1);
    await second.ask('goodbye');
    expect(await second.b.until('/bye\n')).toBe('One.\n/bye\n');
    second.b.send('Farewell.\n/end\n');
    expect(await second.a.closed()).toBe('Farewell.\n/stop: stopped\n');
    const conversation = await readConversation(path.join(second.transcripts, 'm', 'journal.jsonl'));
    expect(
      conversation.entries.map((entry) =>
        entry.type === 'turn' ||
        entry.type === 'block' ||
        entry.type === 'result' ||
        entry.type === 'translation'
          ? entry.type
          : describeEntry(entry, conversation.seats),
      ),
    ).toEqual([
      'The moderator pauses the meeting',
      'turn',
      'The moderator asks the two to say goodbye',
      'The meeting goes on, to say goodbye',
      'turn',
    ]);
  });

  test('has what was stopped while it waited in the journal, and told to nobody', async () => {
    const two = await meet();
    await two.ask('pause');
    two.a.send('Not yet.\n');
    await until(() => count(two, 'turn') === 1);
    await two.ask('stop');
    expect(await two.b.closed()).toBe('/stop: stopped\n');
    expect(two.journal('m').at(-1)).toMatchObject({ type: 'stop', reason: 'stopped' });
  });
});

describe('whoever has not got the token of a meeting', () => {
  test('is told nothing, whatever goes on', async () => {
    const relay = await meet();
    const other = await RawClient.greet(relay.ports.a, { name: 'Cem', meeting: 'n', features });
    await RawClient.greet(relay.ports.b, { name: 'Dora', meeting: 'n', features });
    await other.until('/start\n');
    const file = readControlFile(path.join(relay.transcripts, 'm'));
    const { port = 0, token = '' } = file ?? {};
    const request = { action: 'stop' };
    const [flipped] = [token.replace(/^./, (first) => (first === '0' ? '1' : '0'))];
    for (const line of [
      JSON.stringify({ meeting: 'm', token: flipped, request }),
      JSON.stringify({ meeting: 'm', token: '', request }),
      JSON.stringify({ meeting: 'm', request }),
      JSON.stringify({ meeting: 'none', token, request }),
      // The token of one meeting opens no other.
      JSON.stringify({ meeting: 'n', token, request }),
      'GET / HTTP/1.1\r\n\r\n',
      '[1,2]',
      'x'.repeat(200_000),
    ]) {
      expect(await answerTo(port, `${line}\n`)).toBe('');
    }
    expect(await relay.ask('status')).toMatchObject({ ok: true });
    expect(statSync(path.join(relay.transcripts, 'm', 'control.json')).mode & 0o777).toBe(0o600);
    expect(relay.seen.some(({ type }) => type === 'stopped')).toBe(false);
  });

  test('is not there where nothing is kept', async () => {
    const relay = await startRelay({ transcripts: undefined });
    const a = await RawClient.greet(relay.ports.a, { name: 'Ann', meeting: 'm', features });
    await RawClient.greet(relay.ports.b, { name: 'Ben', meeting: 'm', features });
    await a.until('/start\n');
    expect(readControlFile(path.join(relay.transcripts, 'm'))).toBeUndefined();
  });
});

describe('a seat that a person takes over', () => {
  const take = async (two: Two, seat: 'a' | 'b'): Promise<RawClient> => {
    const { client } = await openControl(two.transcripts, 'm', { action: 'take', seat });
    expect(await client.until('\n')).toContain('"ok":true');
    return client;
  };

  test('tells the person what was said, and an agent that can be retold what was said in its name', async () => {
    const two = await meet({}, [...features, 'numbered', 'retold']);
    const { a, b, ask, journal } = two;
    a.send('/meta: {"number":1,"heard":3}\nOne.\n');
    expect(await b.until('One.\n')).toMatch(/\/seq: \d+\nOne\.\n$/);
    const person = await take(two, 'b');
    expect(await person.until('One.\n')).toMatch(/\/welcome: .*"seat":"b".*\n\/history: \[\]\nOne\.\n$/);
    expect(person.received + journal('m').length).not.toContain('secret');
    person.send('I am no agent.\n');
    expect(await a.until('agent.\n')).toMatch(/\/seq: \d+\nI am no agent\.\n$/);
    // The agent was writing, and its words reach nobody.
    b.send('/meta: {"number":1,"heard":5}\nToo late.\n');
    await until(() => journal('m').some((event) => event.type === 'moderator' && event.text === 'Too late.'));
    a.send('/meta: {"number":2,"heard":7}\nTwo.\n');
    expect(await person.until('Two.\n')).toBe('Two.\n');
    expect(await ask('whisper', { seat: 'b', text: 'Hm.' })).toMatchObject({ ok: true });
    await person.until('Hm.\n');
    expect(await ask('give', { seat: 'b' })).toMatchObject({ ok: true, status: { taken: [] } });
    expect(await person.closed()).toBe('/stop: given-back\n');
    const back = await b.until('Two.\n');
    expect(back).toMatch(
      /^\/seq: (\d+)\n\/history: \[\{"turn":1,"seat":"a","text":"One\."\},\{"turn":2,"seat":"b","text":"I am no agent\."\},\{"note":"The moderator tells you alone: Hm\."\}\]\n\/seq: \1\nTwo\.\n$/,
    );
    const [, seq = ''] = /\/seq: (\d+)/.exec(back) ?? [];
    // What it wrote before it knew that is as late as before.
    b.send(`/meta: {"number":2,"heard":${Number(seq) - 1}}\nEven later.\n`);
    b.send(`/meta: {"number":3,"heard":${seq}}\nNow it is me.\n`);
    expect(await a.until('me.\n')).toMatch(/^\/seq: \d+\nNow it is me\.\n$/);
    const turns = journal('m').filter((event) => event.type === 'turn');
    expect(turns.map(({ text, by }) => [text, by])).toEqual([
      ['One.', undefined],
      ['I am no agent.', 'moderator'],
      ['Two.', undefined],
      ['Now it is me.', undefined],
    ]);
  });

  test('is given back to a classic agent with a word on what was said, when it has answered what it was asked', async () => {
    const relay = await startRelay();
    const a = await RawClient.connect(relay.ports.a);
    const b = await RawClient.connect(relay.ports.b);
    a.send('/iam: Ann\n');
    b.send('/iam: Ben\n');
    const { meeting } = await relay.event('paired');
    await a.until('/start\n');
    a.send('One.\n');
    await b.until('One.\n');
    const { client: person } = await openControl(relay.transcripts, meeting, { action: 'take', seat: 'b' });
    await person.until('One.\n');
    person.send('Mine.\n');
    await a.until('Mine.\n');
    a.send('Two.\n');
    await person.until('Two.\n');
    const given = moderate(relay, meeting, { action: 'give', seat: 'b' });
    await person.closed();
    b.send('An answer to One.\n');
    expect(await given).toMatchObject({ ok: true });
    expect(await b.until('Two.\n')).toBe(
      'The moderator spoke in your place. What you wrote meanwhile was passed on to nobody.\n\nYou: Mine.\n\nTwo.\n',
    );
    b.send('An answer to Two.\n');
    expect(await a.until('.\n')).toBe('An answer to Two.\n');
  });

  test('is given back when the terminal is gone, and the agent that left meanwhile may come back', async () => {
    const two = await meet();
    const { a, b, ports, transcripts, event, journal } = two;
    const secrets = secretsIn(transcripts);
    const person = await take(two, 'b');
    b.socket.destroy();
    await until(() => journal('m').some(({ type }) => type === 'lost'));
    a.send('One.\n');
    await person.until('One.\n');
    person.send('Mine.\n');
    await a.until('Mine.\n');
    person.socket.destroy();
    await until(() => journal('m').some((one) => one.type === 'moderator' && one.action === 'give'));
    a.send('Two.\n');
    await until(() => count(two, 'turn') === 3);
    const back = await RawClient.greet(ports.b, {
      name: 'Ben',
      meeting: 'm',
      secret: secrets.b,
      features,
      seen: 3,
    });
    expect(await back.until('Two.\n')).toMatch(
      /\/history: \[\{"turn":1,"seat":"a","text":"One\."\},\{"turn":2,"seat":"b","text":"Mine\."\}\]\nTwo\.\n$/,
    );
    expect(two.seen.some(({ type }) => type === 'stopped')).toBe(false);
    await event('returned');
  });

  test('is held by one person at a time, and told when the meeting is over', async () => {
    const two = await meet();
    const person = await take(two, 'a');
    expect(await two.ask('take', { seat: 'a' })).toEqual({
      ok: false,
      message: 'seat a is taken over already',
    });
    await two.ask('stop');
    expect(await person.closed()).toContain('/stop: stopped\n');
    expect(await two.a.closed()).toContain('/stop: stopped\n');
  });
});
