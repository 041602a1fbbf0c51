import { parseArgs } from 'node:util';
import { Composer } from '../agents/compose.ts';
import { loadTokenCounter, type TokenCounter } from '../agents/context/count-tokens.ts';
import type { ContextSettings, ContextStrategy } from '../agents/context/settings.ts';
import { History } from '../agents/history.ts';
import type { ChatMessage } from '../agents/provider.ts';
import { createOpenAi } from '../agents/providers/openai.ts';
import { seededRandom } from '../agents/random.ts';
import { loadPersona } from '../personas/persona.ts';
import type { Usage } from '../wire/types.ts';
import { startCachingServer } from './context/caching-server.ts';
import { printTable } from './relay/figures.ts';

// Input tokens billed for a whole meeting, both sides together: with the conversation whole, with each
// strategy in a small window, and for comparison with as little cut as possible, turn by turn. The provider is
// a server on loopback that finds the beginning of a prompt in its cache as those of OpenAI and Anthropic do.
const { values } = parseArgs({
  options: { turns: { type: 'string', default: '100' }, window: { type: 'string', default: '8000' } },
});
const [turns, windowTokens] = [Number(values.turns), Number(values.window)];
const reserveTokens = Math.floor(windowTokens / 8);
const vocabulary =
  'the moon of a river and stone paper in window garden letter winter music was silver'.split(' ');
const personas = ['lichtenberg', 'sor-juana'].map((name) => loadPersona(name, { cwd: process.cwd() }).text);
const patience = { firstPieceMs: 0, idleMs: 0, maxRetries: 0, maxWaitMs: 0 };
const counter = await loadTokenCounter();

const rows = [
  { name: 'the whole conversation', billed: await meet(undefined) },
  ...(await each(['truncate-middle', 'truncate-oldest', 'summarize'] as const, async (strategy) => ({
    name: strategy,
    billed: await meet(strategy),
  }))),
  { name: 'as little cut as possible', billed: await meet('a-little') },
];
console.log(
  `input tokens billed over ${turns} turns, in a window of ${windowTokens} but for the first row\n`,
);
printTable(
  [
    '',
    'requests',
    'tokens',
    'longest',
    'from cache',
    'share',
    'no caching',
    'cached at 50 %',
    'at 10 %, kept at 125 %',
  ],
  rows.map(({ name, billed }) => {
    const input = sum(billed, (usage) => usage.input);
    const cached = sum(billed, (usage) => usage.cached);
    return [
      name,
      String(billed.length),
      String(input),
      String(Math.max(...billed.map((usage) => usage.input))),
      String(cached),
      `${Math.round((cached / input) * 100)} %`,
      String(input),
      String(Math.round(input - cached * 0.5)),
      String(Math.round((input - cached) * 1.25 + cached * 0.1)),
    ];
  }),
);

/** Two speakers in turn; what each request was billed. */
async function meet(strategy: ContextStrategy | 'a-little' | undefined): Promise<readonly Usage[]> {
  const random = seededRandom(7);
  const server = await startCachingServer(counter, () => makeUpReply(random));
  const { signal } = new AbortController();
  const speakers = personas.map((system) => {
    const history = new History();
    const composer = new Composer({
      provider: createOpenAi({ model: 'bench', baseUrl: server.baseUrl, apiKey: 'none' }),
      system,
      patience,
      context: strategy === undefined || strategy === 'a-little' ? undefined : contextOf(strategy),
      onDelta: () => {},
      onStatus: () => {},
      onSpent: () => {},
      nowMs: () => 0,
    });
    return { history, composer, system };
  });
  let said = '/start';
  for (let turn = 0; turn < turns; turn++) {
    const speaker = speakers[turn % 2] as (typeof speakers)[number];
    speaker.history.hear(said);
    const messages = speaker.history.messages();
    const prompt = strategy === 'a-little' ? fitTightly(messages, speaker.system, counter) : messages;
    said = (await speaker.composer.compose(prompt, signal)).text;
    speaker.history.say(said);
  }
  server.close();
  return server.billed;
}

function contextOf(strategy: ContextStrategy): ContextSettings {
  return { windowTokens, reserveTokens, strategy, tokenRatio: 1, reportsWholePrompt: true };
}

/** What most programs do: leave out of the oldest no more than must be, which is another beginning every turn. */
function fitTightly(
  messages: readonly ChatMessage[],
  system: string,
  counter: TokenCounter,
): readonly ChatMessage[] {
  const count = (message: ChatMessage): number => counter.message(message);
  const room = windowTokens - reserveTokens - count({ role: 'user', content: system });
  let from = 0;
  while (sum(messages.slice(from), count) > room) from += 2;
  return messages.slice(from);
}

/** From 40 to 240 words. */
function makeUpReply(random: () => number): string {
  const length = 40 + Math.floor(random() * 200);
  return Array.from({ length }, () => vocabulary[Math.floor(random() * vocabulary.length)]).join(' ');
}

async function each<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  for (const one of all) results.push(await work(one));
  return results;
}

function sum<T>(all: readonly T[], value: (one: T) => number): number {
  return all.reduce((total, one) => total + value(one), 0);
}
