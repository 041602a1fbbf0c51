import { describe, expect, it } from 'vitest';
import { Composer, type ComposerOptions } from '../../../agents/compose.ts';
import type { ContextSettings } from '../../../agents/context/settings.ts';
import {
  ProviderError,
  type ChatMessage,
  type Provider,
  type ReplyPiece,
  type ReplyRequest,
} from '../../../agents/provider.ts';
import type { Usage } from '../../../wire/types.ts';

type Reply = readonly ReplyPiece[] | Error;

const usage = { input: 10, output: 2, cached: 3 };
const end: ReplyPiece = { type: 'end', finish: 'stop', usage };
const say = (text: string): ReplyPiece => ({ type: 'text', text });
const tooLong = new ProviderError('openai: the conversation is longer than m can read (400)', {
  provider: 'openai',
  code: 'context-too-long',
  retryable: false,
});

function createComposer(replies: readonly Reply[], changes: Partial<ComposerOptions> = {}) {
  const asked: ReplyRequest[] = [];
  const statuses: string[] = [];
  const deltas: string[] = [];
  const spent: Usage[] = [];
  const left = [...replies];
  const provider: Provider = {
    name: 'openai',
    model: 'm',
    async *reply(request) {
      asked.push(request);
      const reply = left.shift() ?? new Error('nothing is left to say');
      if (reply instanceof Error) throw reply;
      yield* reply;
    },
  };
  const composer = new Composer({
    provider,
    system: 'You are Ada.',
    patience: { firstPieceMs: 0, idleMs: 0, maxRetries: 0, maxWaitMs: 0 },
    onDelta: (text) => deltas.push(text),
    onStatus: (text) => statuses.push(text),
    onSpent: (usage) => spent.push(usage),
    nowMs: () => 0,
    ...changes,
  });
  const { signal } = new AbortController();
  return {
    asked,
    statuses,
    deltas,
    spent,
    compose: (messages = conversation(1)) => composer.compose(messages, signal),
  };
}

function context(changes: Partial<ContextSettings> = {}): ContextSettings {
  return {
    windowTokens: 1_000,
    reserveTokens: 100,
    strategy: 'truncate-middle',
    tokenRatio: 1,
    reportsWholePrompt: true,
    ...changes,
  };
}

function conversation(count: number): ChatMessage[] {
  return Array.from({ length: count }, (_, index) => ({
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: `#${index + 1} ${'moon river '.repeat(10)}`,
  }));
}

describe('composing a turn', () => {
  it('tells what it was written without, once, even if an attempt came to nothing', async () => {
    const { compose, asked } = createComposer([new Error('gone'), [say('Well.'), end], [say('So.'), end]], {
      context: context(),
    });
    await expect(compose(conversation(61))).rejects.toThrow('gone');
    const { text, cuts, meta } = await compose(conversation(61));
    expect(text).toBe('Well.');
    expect(meta).toEqual({ usage, ms: 0, finish: 'stop' });
    expect(cuts).toHaveLength(1);
    expect(asked[1]?.messages.length).toBe(61 - (cuts[0]?.count ?? 0));
    expect((await compose(conversation(61))).cuts).toEqual([]);
  });

  it('cuts further and asks once more where the provider counts otherwise', async () => {
    const { compose, asked, statuses } = createComposer([tooLong, [say('Well.'), end]], {
      context: context(),
    });
    const { text, cuts } = await compose(conversation(25));
    expect(text).toBe('Well.');
    expect(asked[0]?.messages).toHaveLength(25);
    expect(asked[1]?.messages.length).toBeLessThan(15);
    expect(cuts).toHaveLength(1);
    expect(statuses).toEqual(['the provider finds the conversation too long; cut further, asked again']);

    const stubborn = createComposer([tooLong, tooLong, tooLong], { context: context() });
    await expect(stubborn.compose(conversation(25))).rejects.toBe(tooLong);
    expect(stubborn.asked).toHaveLength(2);
    const unlimited = createComposer([tooLong]);
    await expect(unlimited.compose()).rejects.toBe(tooLong);
  });

  it('tells what the summary has cost beside the turn, and shows nothing of the summary as words', async () => {
    const summary = [say('<think>hm</think>We '), say('met.'), end];
    const { compose, asked, deltas, statuses, spent } = createComposer([summary, [say('Well.'), end]], {
      context: context({ windowTokens: 2_000, strategy: 'summarize' }),
    });
    const { meta, text } = await compose(conversation(81));
    expect(text).toBe('Well.');
    expect(meta.usage).toEqual(usage);
    expect(spent).toEqual([usage]);
    expect(deltas).toEqual(['Well.']);
    expect(asked.map(({ isOnce }) => isOnce)).toEqual([true, undefined]);
    expect(asked[1]?.messages[0]?.content).toMatch(
      /^\[note\] What was said before, in short:\n\nWe met\.\n\n#/,
    );
    expect(statuses[0]).toBe('sums up what no longer fits into the context');
    expect(statuses[1]).toMatch(/^goes on with a summary of messages 1 to \d+: We met\.$/);
  });

  it('keeps thinking to itself, unless it is to be shown to those who watch', async () => {
    const reply: Reply = [
      { type: 'reasoning', text: 'She is sad.' },
      say('<think>Be kind.</think>Come.'),
      end,
    ];
    const silent = createComposer([reply]);
    expect((await silent.compose()).text).toBe('Come.');
    expect(silent.statuses).toEqual([]);

    const shown = createComposer([reply], { showReasoning: true });
    expect((await shown.compose()).text).toBe('Come.');
    expect(shown.deltas).toEqual(['Come.']);
    expect(shown.statuses).toEqual(['thinks: She is sad.\nBe kind.']);

    const long = createComposer([[{ type: 'reasoning', text: 'x'.repeat(6_000) }, say('Come.'), end]], {
      showReasoning: true,
    });
    await long.compose();
    expect(long.statuses).toHaveLength(10);
    expect(long.statuses.every(({ length }) => length <= 500)).toBe(true);
    expect(long.statuses.at(-1)).toMatch(/ \[… 1500 more\]$/);
  });

  it.each([
    ['refusal', 'refusal'],
    ['content-filter', 'content-filter'],
    ['length', 'length'],
    ['stop', 'empty'],
  ] as const)('says why nothing came: %s', async (finish, told) => {
    const nothing: Reply = [{ type: 'end', finish, usage }];
    const { compose, asked } = createComposer([nothing, nothing, nothing]);
    expect(await compose()).toMatchObject({ text: '…', meta: { finish: told } });
    // Words that were withheld on purpose are not asked for again.
    expect(asked).toHaveLength(told === 'refusal' || told === 'content-filter' ? 1 : 3);
  });

  it('notices a model that is loaded again and again, and says so once', async () => {
    const load = (loadMs: number): Reply => [say('Well.'), { type: 'end', finish: 'stop', loadMs }];
    const { compose, statuses } = createComposer([8_000, 20, 4_000, 3_000, 5_000, 6_000].map(load));
    for (let turn = 0; turn < 6; turn++) await compose();
    expect(statuses).toEqual([
      'openai loads m anew for each reply, 4.0 s every time: most likely it and the model of the other agent do not fit into memory together; take smaller models, or one model for both, with the same num_ctx',
    ]);
  });
});
