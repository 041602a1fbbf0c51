import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, it } from 'vitest';
import { startAgent } from '../../agents/agent.ts';
import type { ContextSettings, ContextStrategy } from '../../agents/context/settings.ts';
import { createOpenAi } from '../../agents/providers/openai.ts';
import type { JournalEvent } from '../../journal/event.ts';
import type { Seat } from '../../wire/types.ts';
import { startModelServer, type Answer, type ModelServer } from '../support/model-server.ts';
import { startRelay } from '../support/relay.ts';
import { hasValidRoles, messagesOf, promptTokens } from '../support/tokens.ts';

type Body = Readonly<Record<string, unknown>>;

const windowTokens = 8_000;
const maxTokens = 400;
const opening = 'Good evening. Whatever comes, remember the word xylophone-42.';
const words = 'moon river stone paper window garden letter winter music silver'.split(' ');
const patience = { maxRetries: 1, maxWaitMs: 1_000, idleMs: 5_000, firstPieceMs: 5_000 };

describe('a meeting of 300 turns in a window of 8,000 tokens', () => {
  it.each<ContextStrategy>(['truncate-middle', 'truncate-oldest', 'summarize'])(
    'never asks for more, with %s',
    async (strategy) => {
      const server = await startModelServer('openai', (body, index) => {
        return isSummary(body) ? sumUp(body) : speak(body, index);
      });
      const { journal, stopped } = await meet(server, 300, strategy);
      expect(stopped).toMatchObject({ reason: 'max-messages' });
      const turns = journal.filter((event) => event.type === 'turn');
      expect(turns).toHaveLength(300);

      const bodies = server.requests.map(({ body }) => body);
      expect(Math.max(...bodies.map(promptTokens))).toBeLessThanOrEqual(windowTokens - maxTokens);
      expect(bodies.every(hasValidRoles)).toBe(true);
      // A window that is never used is no achievement.
      expect(Math.max(...bodies.map(promptTokens))).toBeGreaterThan(windowTokens * 0.85);

      // Cuts are rare, and large.
      const cuts = journal.filter((event) => event.type === 'truncated');
      expect(cuts.length).toBeGreaterThanOrEqual(4);
      expect(cuts.length).toBeLessThanOrEqual(40);
      for (const seat of ['a', 'b'] as const) {
        const last = bodies.filter((body) => !isSummary(body) && isOf(seat, body)).at(-1) as Body;
        const left = cuts.filter((cut) => cut.seat === seat).reduce((sum, { count }) => sum + count, 0);
        // Whoever began has heard `/start` as well, and nobody answers the last turn.
        const lived = messagesOf(last).length - 1 + left;
        expect(lived).toBe(299);
        expect(JSON.stringify(last).includes('xylophone-42')).toBe(strategy !== 'truncate-oldest');
      }
      // Nothing of it is heard by the partner.
      expect(turns.filter(({ text }) => /\[note\]|left out|XYLOPHONE/.test(text))).toEqual([]);
      expect(bodies.some(isSummary)).toBe(strategy === 'summarize');
    },
  );

  it('reports what the server billed, to the token, summaries included', async () => {
    const billed: { input: number; output: number }[] = [];
    const server = await startModelServer('openai', (body, index) => {
      const answer = isSummary(body) ? sumUp(body) : speak(body, index);
      if (answer.type === 'reply' && answer.usage) billed.push(answer.usage);
      return answer;
    });
    const { journal } = await meet(server, 120, 'summarize');
    expect(server.requests.some(({ body }) => isSummary(body))).toBe(true);
    const reported = journal.flatMap((event) =>
      event.type === 'turn' && event.meta?.usage ? [event.meta.usage] : [],
    );
    for (const kind of ['input', 'output'] as const) {
      const sum = (usages: readonly { input: number; output: number }[]): number =>
        usages.reduce((total, usage) => total + usage[kind], 0);
      expect(sum(reported)).toBe(sum(billed));
    }
  });
});

function isSummary(body: Body): boolean {
  return messagesOf(body)[0]?.content.startsWith('You write summaries') ?? false;
}

function isOf(seat: Seat, body: Body): boolean {
  return messagesOf(body)[0]?.content === `You are ${seat}.`;
}

/** From ten words to three hundred (with the numbers), of which no two replies are alike. */
function speak(body: Body, index: number): Answer {
  const length = 10 + ((index * 37) % 140);
  const pieces = Array.from({ length }, (_, at) => `${words[(index + at * at) % 10]} ${index} `);
  return answerWith(body, [pieces.slice(0, 5).join(''), pieces.slice(5).join('')]);
}

/** A model that keeps of each part what it was told to remember. */
function sumUp(body: Body): Answer {
  const remembers = JSON.stringify(body).includes('xylophone-42');
  return answerWith(body, ['We began with ', remembers ? 'the word xylophone-42.' : 'something else.']);
}

function answerWith(body: Body, pieces: readonly string[]): Answer {
  const usage = { input: promptTokens(body), output: countTokens(pieces.join('')), cached: 0 };
  return { type: 'reply', pieces, usage };
}

async function meet(
  server: ModelServer,
  maxMessages: number,
  strategy: ContextStrategy,
): Promise<{ journal: readonly JournalEvent[]; stopped: object }> {
  const { ports, journal, event } = await startRelay({ maxMessages });
  const context: ContextSettings = {
    windowTokens,
    reserveTokens: maxTokens,
    strategy,
    tokenRatio: 1,
    reportsWholePrompt: true,
  };
  const settings = { model: 'm', baseUrl: `${server.origin}/v1`, apiKey: 'sk-test', maxTokens };
  const agents = (['a', 'b'] as const).map((seat) => {
    const provider = createOpenAi(settings);
    const { name, model } = provider;
    return startAgent({
      proxy: { host: '127.0.0.1', port: ports[seat] },
      greeting: { name: seat, meeting: 'm1', provider: name, model, features: ['note'] },
      system: `You are ${seat}.`,
      ...(seat === 'a' ? { opening } : {}),
      provider,
      patience,
      context,
      signal: new AbortController().signal,
    });
  });
  await Promise.all(agents.map(({ finished }) => finished));
  const stopped = await event('stopped');
  return { journal: journal('m1'), stopped };
}
