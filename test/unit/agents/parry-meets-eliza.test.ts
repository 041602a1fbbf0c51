import { expect, test } from 'vitest';
import type { ChatMessage, Provider } from '../../../agents/provider.ts';
import { createEliza } from '../../../agents/providers/eliza.ts';
import { createParry } from '../../../agents/providers/parry.ts';
import { seededRandom } from '../../../agents/random.ts';

const seeds = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 1966, 1972];

test.each(seeds)('eliza and parry talk for forty turns without going in circles (seed %i)', async (seed) => {
  const turns = await letTalk(seed, 40);
  expect(await letTalk(seed, 40)).toEqual(turns);
  for (const speaker of [0, 1]) {
    const said = turns.filter((_, turn) => turn % 2 === speaker);
    for (const [index, reply] of said.entries()) {
      expect(said.slice(Math.max(0, index - 8), index)).not.toContain(reply);
    }
  }
  expect(new Set(turns.slice(0, 20)).size).toBeGreaterThanOrEqual(16);
  expect(new Set(turns).size).toBeGreaterThanOrEqual(36);
});

test('different seeds make different conversations', async () => {
  const conversations = await Promise.all(seeds.map((seed) => letTalk(seed, 10)));
  expect(new Set(conversations.map((turns) => turns.join('\n'))).size).toBe(seeds.length);
});

/** What the two say in turn; odd seeds let parry begin. */
async function letTalk(seed: number, count: number): Promise<string[]> {
  const random = seededRandom(seed);
  const speakers = [createEliza({ random }), createParry({ random })] as const;
  const histories: [ChatMessage[], ChatMessage[]] = [[], []];
  const turns: string[] = [];
  let seat: 0 | 1 = seed % 2 === 0 ? 0 : 1;
  histories[seat].push({ role: 'user', content: '/start' });
  while (turns.length < count) {
    const text = await replyOf(speakers[seat], histories[seat]);
    turns.push(text);
    histories[seat].push({ role: 'assistant', content: text });
    seat = seat === 0 ? 1 : 0;
    histories[seat].push({ role: 'user', content: text });
  }
  return turns;
}

async function replyOf(provider: Provider, messages: readonly ChatMessage[]): Promise<string> {
  let text = '';
  for await (const piece of provider.reply({ system: '', messages, signal: new AbortController().signal })) {
    if (piece.type === 'text') text += piece.text;
  }
  return text;
}
