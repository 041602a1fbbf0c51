import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { proxySchema } from '../../config/schema.ts';
import { readOutline } from '../../journal/conversation.ts';
import { listMeetings } from '../../journal/meetings.ts';
import { toLoopSettings } from '../../proxy/loops/settings.ts';
import type { Switch, WatchfulnessSettings } from '../../proxy/watchfulness.ts';
import { RawClient, startRelay, type TestRelay } from '../support/relay.ts';

function watching(loops: Switch, flags: Switch): { watchfulness: WatchfulnessSettings } {
  const limits = toLoopSettings(proxySchema.parse({}).loops);
  return { watchfulness: { loops: { enabled: loops, ...limits }, flags } };
}

const model = { provider: 'openai', model: 'gpt' };

async function seatTwo(
  ports: TestRelay['ports'],
  greetings: { readonly a?: object; readonly b?: object } = {},
): Promise<{ a: RawClient; b: RawClient; secrets: { a: string; b: string } }> {
  const a = await RawClient.greet(ports.a, {
    name: 'Anna',
    lang: 'en',
    meeting: 'm',
    ...model,
    ...greetings.a,
  });
  const b = await RawClient.greet(ports.b, {
    name: 'Ben',
    lang: 'en',
    meeting: 'm',
    ...model,
    ...greetings.b,
  });
  const secrets = { a: secretIn(await a.until('/start\n')), b: secretIn(await b.until(/\/welcome: .*\n/)) };
  return { a, b, secrets };
}

function secretIn(received: string): string {
  return /"secret":"(\w+)"/.exec(received)?.[1] ?? '';
}

/** Each says its lines in turn; resolves when the last one has arrived. */
async function talk({ a, b }: { a: RawClient; b: RawClient }, lines: readonly string[]): Promise<void> {
  for (const [index, line] of lines.entries()) {
    const [from, to] = index % 2 === 0 ? [a, b] : [b, a];
    from.send(`${line}\n`);
    await to.until(`${line}\n`);
  }
}

const goodbyes = [
  'The ferry leaves at nine, then.',
  'It does. Bring a coat.',
  'Thank you so much!',
  'You are welcome, take care!',
  'Goodbye, my friend!',
  'Goodbye, and all the best!',
  'See you soon, farewell!',
];

describe('a meeting that goes round in circles', () => {
  it('ends with the reason loop and the evidence, after its last message has arrived', async () => {
    const { ports, journal, event } = await startRelay(watching('auto', 'off'));
    const two = await seatTwo(ports);
    await talk(two, goodbyes);
    expect(await two.a.closed()).toContain('/stop: loop\n');
    const events = journal('m');
    expect(events.at(-1)).toMatchObject({
      type: 'stop',
      reason: 'loop',
      detail: 'turns 3 to 7 are nothing but goodbyes: “See you soon, farewell!”',
    });
    expect(events[0]).toMatchObject({ settings: { loops: { courtesies: 5 } } });
    expect(events[0]).not.toHaveProperty('settings.flags');
    expect(await event('stopped')).toMatchObject({ reason: 'loop' });
  });

  it('is read along with where nobody watches, and messages would else be passed on unread', async () => {
    const { ports, journal } = await startRelay(watching('auto', 'auto'), undefined, { isWatched: false });
    const two = await seatTwo(ports);
    await talk(two, goodbyes);
    await two.a.until('/stop: loop\n');
    expect(journal('m').at(-1)).toMatchObject({ type: 'stop', reason: 'loop' });
  });

  it('is left to its goodbye where one of them has said /bye', async () => {
    const { ports, journal } = await startRelay(watching('on', 'off'));
    const two = await seatTwo(ports);
    await talk(two, goodbyes.slice(0, 6));
    two.a.send('See you soon, farewell! /bye\n');
    await two.b.until('/bye\n');
    two.b.send('Farewell! /end\n');
    await two.b.until('/stop: end\n');
    expect(journal('m').at(-1)).toMatchObject({ type: 'stop', reason: 'end' });
  });

  it.each([
    ['that is switched off', 'off', {}, {}],
    ['of two who are no models', 'auto', { provider: 'scripted' }, { provider: 'eliza' }],
    ['of a model and a person', 'auto', {}, { provider: 'human' }],
  ] as const)('goes on where nobody looks: a meeting %s', async (_, enabled, a, b) => {
    const { ports, journal } = await startRelay({ ...watching(enabled, 'off'), maxMessages: 8 });
    const two = await seatTwo(ports, { a, b });
    await talk(two, [...goodbyes, 'Bye bye!']);
    await two.a.until('/stop: max-messages\n');
    expect(journal('m')[0]).not.toHaveProperty('settings.loops');
  });

  it('is known for one by the proxy that goes on with it', async () => {
    const first = await startRelay(watching('on', 'on'));
    const greeting = { features: ['history', 'note'] };
    const { a, b, secrets } = await seatTwo(first.ports, { a: greeting, b: greeting });
    await talk({ a, b }, goodbyes.slice(0, 6));
    await first.relay.shutDown(0, true);
    const { transcripts } = first;
    const next = await startRelay({ ...watching('auto', 'auto'), transcripts });
    const back = {
      a: await RawClient.greet(next.ports.a, { name: 'Anna', meeting: 'm', secret: secrets.a, ...greeting }),
      b: await RawClient.greet(next.ports.b, { name: 'Ben', meeting: 'm', secret: secrets.b, ...greeting }),
    };
    await back.a.until('/history: ');
    await back.b.until('/history: ');
    back.a.send(`${goodbyes[6]}\n`);
    await back.b.until('/stop: loop\n');
    const text = await readFile(path.join(transcripts, 'm', 'journal.jsonl'), 'utf8');
    expect(text.trimEnd().split('\n').at(-1)).toContain('turns 3 to 7 are nothing but goodbyes');
  });
});

describe('a doubtful meeting', () => {
  it('is flagged in its journal, its transcripts and the list, and nobody at the table notices', async () => {
    const { ports, journal, transcripts, relay, seen } = await startRelay({
      ...watching('off', 'auto'),
      maxMessages: 4,
    });
    const two = await seatTwo(ports);
    await talk(two, ['As an AI language model, I like bread.', 'Anna: I know.\\nBen: You do?', '', 'Good.']);
    expect(await two.a.closed()).not.toContain('flag');
    await relay.finish();
    const flags = journal('m').filter(({ type }) => type === 'flag');
    expect(flags).toMatchObject([
      { seat: 'a', turn: 1, flag: 'broke-character' },
      { seat: 'b', turn: 2, flag: 'spoke-both' },
      { seat: 'a', turn: 3, flag: 'empty' },
    ]);
    expect(seen.filter(({ type }) => type === 'flag')).toHaveLength(3);
    expect((await listMeetings(transcripts))[0]?.flags).toHaveLength(3);
    const read = (file: string): Promise<string> => readFile(path.join(transcripts, 'm', file), 'utf8');
    const summary =
      'Flagged: Anna answered empty (turn 3); Anna broke character (turn 1); Ben spoke both parts (turn 2)';
    expect(await read('transcript.md')).toContain(summary);
    expect(await read('transcript.html')).toContain(summary);
    expect((await readOutline(path.join(transcripts, 'm', 'journal.jsonl'))).flags).toHaveLength(3);
  });

  it('tells who never spoke', async () => {
    const { ports, journal } = await startRelay(watching('off', 'on'));
    const { a, b } = await seatTwo(ports, { a: { provider: undefined }, b: { provider: undefined } });
    a.send('Hello?\n');
    await b.until('Hello?\n');
    a.send('/stop\n');
    await a.closed();
    expect(journal('m').slice(-2)).toMatchObject([
      { type: 'flag', seat: 'b', flag: 'never-spoke' },
      { type: 'stop', reason: 'stopped' },
    ]);
  });

  it('is listed as such without a relay that looked, as far as its journal shows it', async () => {
    const { ports, transcripts } = await startRelay({ maxMessages: 2 });
    const two = await seatTwo(ports);
    await talk(two, ['', 'Good.']);
    await two.a.closed();
    expect((await listMeetings(transcripts))[0]?.flags).toEqual([{ flag: 'empty', seat: 'a', turn: 1 }]);
  });
});

it('leaves guests to wait in peace while what reads along is loaded, and lets them leave', async () => {
  const { ports, relay } = await startRelay(watching('on', 'on'));
  const gone = await RawClient.greet(ports.a, { name: 'Gone', meeting: 'm' });
  gone.socket.destroy();
  const a = await RawClient.greet(ports.a, { name: 'Anna', meeting: 'm' });
  a.send('I am early.\n');
  const b = await RawClient.greet(ports.b, { name: 'Ben', meeting: 'm' });
  await b.until('I am early.\n');
  expect(relay.meetings).toBe(1);
});
