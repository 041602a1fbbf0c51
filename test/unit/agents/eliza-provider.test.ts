import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { createSpeakerProvider } from '../../../agents/eliza/speaker.ts';
import type { ChatMessage, Provider, ReplyPiece } from '../../../agents/provider.ts';
import { createEliza } from '../../../agents/providers/eliza.ts';
import { createParry } from '../../../agents/providers/parry.ts';
import { seededRandom } from '../../../agents/random.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const never = new AbortController().signal;

async function piecesOf(
  provider: Provider,
  messages: readonly ChatMessage[],
  signal = never,
): Promise<ReplyPiece[]> {
  const pieces: ReplyPiece[] = [];
  for await (const piece of provider.reply({ system: '', messages, signal })) pieces.push(piece);
  return pieces;
}

async function replyTo(provider: Provider, messages: readonly ChatMessage[]): Promise<string> {
  const pieces = await piecesOf(provider, messages);
  return pieces.map((piece) => (piece.type === 'text' ? piece.text : '')).join('');
}

/** The whole conversation, with the provider's replies to what it is told. */
async function converse(provider: Provider, told: readonly string[]): Promise<ChatMessage[]> {
  const messages: ChatMessage[] = [];
  for (const content of told) {
    messages.push({ role: 'user', content });
    messages.push({ role: 'assistant', content: await replyTo(provider, messages) });
  }
  return messages;
}

const told = [
  '/start',
  'I am tired.',
  'My sister never writes.',
  'Why do you ask?',
  'Rain.',
  'My sister again.',
  'Snow.',
];

const providers = [
  ['eliza', (seed: number) => createEliza({ random: seededRandom(seed) })],
  ['parry', (seed: number) => createParry({ random: seededRandom(seed) })],
] as const;

test.each(providers)('%s streams word by word and ends with a finish and no cost', async (name, create) => {
  const provider = create(1);
  const pieces = await piecesOf(provider, [{ role: 'user', content: 'I am tired of my work.' }]);
  expect(provider.name).toBe(name);
  expect(pieces.length).toBeGreaterThan(3);
  expect(pieces.at(-1)).toEqual({ type: 'end', finish: 'stop', usage: { input: 0, output: 0, cached: 0 } });
});

test.each(providers)(
  '%s gives the same replies however often and from wherever it is asked',
  async (_name, create) => {
    const whole = await converse(create(7), told);
    const resumed = create(7);
    const late = await replyTo(resumed, whole.slice(0, -1));
    expect(late).toBe(whole.at(-1)?.content);
    expect(await replyTo(resumed, whole.slice(0, -1))).toBe(late);
    expect(await replyTo(resumed, whole.slice(0, 3))).toBe(whole[3]?.content);
  },
);

test.each(providers)('%s goes on when old messages were dropped in front', async (_name, create) => {
  const whole = await converse(create(3), told);
  const windowed = create(3);
  await converse(windowed, told.slice(0, -1));
  expect(await replyTo(windowed, whole.slice(-6, -1))).toBe(whole.at(-1)?.content);
});

test.each(providers)('%s can hold two conversations in turn', async (_name, create) => {
  const one = await converse(create(5), told);
  const provider = create(5);
  const [first, second]: [ChatMessage[], ChatMessage[]] = [[], []];
  for (const content of told) {
    first.push({ role: 'user', content });
    first.push({ role: 'assistant', content: await replyTo(provider, first) });
    second.push({ role: 'user', content: `${content} And you?` });
    second.push({ role: 'assistant', content: await replyTo(provider, second) });
  }
  expect(first).toEqual(one);
});

test.each(providers)(
  '%s opens, explains itself and takes leave when the relay says so',
  async (_name, create) => {
    const ask = (content: string) => replyTo(create(2), [{ role: 'user', content }]);
    expect(await ask('[note] the window is open\n\n/start')).toBe(await ask('/start'));
    expect(await ask('It was a pleasure.\n\n/bye')).toMatch(
      /goodbye|until next|shall stop|that will do|time is up|good\./i,
    );
    expect(await ask('/help')).toMatch(/^I am (Eliza|Parry)/);
    expect(await ask('/help')).not.toContain('\n');
    expect(await ask('what does /bye mean, and /help?')).not.toBe(await ask('/help'));
  },
);

test.each(providers)('%s answers a mebibyte of anything in no time', async (_name, create) => {
  for (const text of ['my mafia horse, but ', 'you are ', '😀’«', '**`[x](y)`**\n', 'x']) {
    const provider = create(1);
    const startedAt = performance.now();
    const reply = await replyTo(provider, [{ role: 'user', content: text.repeat((1 << 20) / text.length) }]);
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    expect(reply.length).toBeLessThan(500);
    expect(reply).not.toBe('');
  }
});

test('a thousand turns are a thousand answers, also when only the last messages are handed over', async () => {
  let answers = 0;
  const speaker = {
    open: () => 'Hello.',
    answer: (text: string) => `${++answers} ${text}`,
    takeLeave: () => 'Bye.',
    explain: () => 'A parrot.',
    remember: () => undefined,
  };
  const provider = createSpeakerProvider({
    name: 'eliza',
    model: 'm',
    createSpeaker: () => speaker,
    pace: {},
  });
  const messages: ChatMessage[] = [];
  for (let turn = 1; turn <= 1000; turn++) {
    messages.push({ role: 'user', content: `turn ${turn}` });
    const reply = await replyTo(provider, turn < 500 ? messages : messages.slice(-21));
    expect(reply).toBe(`${turn} turn ${turn}`);
    messages.push({ role: 'assistant', content: reply });
  }
  expect(answers).toBe(1000);
});

test('a pace lets the words come slowly', async () => {
  const waits: number[] = [];
  const sleep = async (ms: number) => void waits.push(ms);
  const provider = createEliza({ random: () => 0, charactersPerSecond: 50, sleep });
  const reply = await replyTo(provider, [{ role: 'user', content: '/start' }]);
  expect(waits.length).toBe(reply.split(' ').length);
  expect(waits.reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(reply.length * 20);
});

test('the signal ends a slow reply at once', async () => {
  const abort = new AbortController();
  const provider = createEliza({ charactersPerSecond: 0.001 });
  const reply = piecesOf(provider, [{ role: 'user', content: '/start' }], abort.signal);
  setTimeout(() => abort.abort(), 5);
  await expect(reply).rejects.toThrow(/abort/i);
});

test('a script of 1966 is read by its file, and a wrong one is refused with its place', async () => {
  const folder = await temporaryFolder();
  const good = path.join(folder, 'good.txt');
  const bad = path.join(folder, 'bad.yml');
  await writeFile(good, '(AHOY)\nSTART\n(NONE ((0) (AYE)))\n');
  await writeFile(bad, 'about: x\nnoen: [a]\n');
  const provider = createEliza({ script: good });
  expect(provider.model).toBe('good');
  expect(await converse(provider, ['/start', 'hm'])).toMatchObject([
    {},
    { content: 'AHOY' },
    {},
    { content: 'AYE' },
  ]);
  expect(() => createEliza({ script: bad })).toThrow(
    /bad\.yml:2:1 unknown key "noen", did you mean "none"\?/,
  );
  expect(() => createParry({ script: bad })).toThrow(expect.objectContaining({ code: 'bad-script' }));
});
