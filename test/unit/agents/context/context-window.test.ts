import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { ContextWindow, type Fitted } from '../../../../agents/context/context-window.ts';
import { loadTokenCounter, type TokenCounter } from '../../../../agents/context/count-tokens.ts';
import type { ContextSettings, ContextStrategy } from '../../../../agents/context/settings.ts';
import type { Write } from '../../../../agents/context/summarize.ts';
import type { ChatMessage } from '../../../../agents/provider.ts';

let counter: TokenCounter;
beforeAll(async () => {
  counter = await loadTokenCounter();
});

const { signal } = new AbortController();
const noSummary: Write = () => Promise.reject(new Error('nobody should ask'));
const system = 'You are Ada.';

function settings(changes: Partial<ContextSettings> = {}): ContextSettings {
  const usual = { windowTokens: 1_000, reserveTokens: 100, tokenRatio: 1, reportsWholePrompt: true };
  return { ...usual, strategy: 'truncate-middle', ...changes };
}

/** `count` messages of so many words each; every one says its number, from 1. */
function conversation(count: number, words = 20): ChatMessage[] {
  return Array.from({ length: count }, (_, index) => message(index, words));
}

function message(index: number, words: number): ChatMessage {
  return {
    role: index % 2 === 0 ? 'user' : 'assistant',
    content: `#${index + 1}.${' moon river'.repeat(words / 2)}`,
  };
}

/** The numbers of the messages in a prompt. */
function numbersOf(messages: readonly ChatMessage[]): number[] {
  return messages.map(({ content }) => Number(/#(\d+)\./.exec(content)?.[1]));
}

function tokensOf(messages: readonly ChatMessage[]): number {
  const all = [{ role: 'user' as const, content: system }, ...messages];
  return all.reduce((sum, { content }) => sum + counter.text(content) + 4, 0);
}

describe('what a model is sent of a conversation', () => {
  it('is all of it as long as it fits', async () => {
    const window = new ContextWindow(settings(), system);
    const whole = conversation(21);
    expect(await window.fit(whole, noSummary, signal)).toEqual({ messages: whole, cuts: [], remarks: [] });
  });

  it('is the opening and the latest, with a note between them, and not cut again for a while', async () => {
    const window = new ContextWindow(settings(), system);
    const whole = conversation(61);
    const { messages, cuts } = await window.fit(whole, noSummary, signal);
    const numbers = numbersOf(messages);
    expect(numbers.slice(0, 2)).toEqual([1, 2]);
    expect(numbers.at(-1)).toBe(61);
    const [cut] = cuts;
    expect(cuts).toHaveLength(1);
    const gap = messages[(cut?.start ?? 0) - 1];
    expect(gap).toMatchObject({
      role: 'user',
      content: expect.stringMatching(
        `^\\[note\\] Here ${cut?.count} messages are left out\\.\n\n#`,
      ) as string,
    });
    expect(messages.length + (cut?.count ?? 0)).toBe(61);

    // What was sent stays the beginning of what is sent next.
    const later = [...whole, message(61, 20), message(62, 20)];
    const next = await window.fit(later, noSummary, signal);
    expect(next.cuts).toEqual([]);
    expect(next.messages.slice(0, messages.length)).toEqual(messages);
  });

  it('is the latest alone, with truncate-oldest', async () => {
    const window = new ContextWindow(settings({ strategy: 'truncate-oldest' }), system);
    const { messages, cuts } = await window.fit(conversation(61), noSummary, signal);
    const [first] = numbersOf(messages);
    expect(cuts).toEqual([{ count: (first ?? 0) - 1, start: 1 }]);
    expect(messages[0]?.content).toMatch(/^#/);
  });

  it('has a summary in place of the oldest, which is summed up itself the next time', async () => {
    const window = new ContextWindow(settings({ strategy: 'summarize' }), system);
    const asked: string[] = [];
    const write: Write = async ({ prompt }) => `Summary ${asked.push(prompt)}.`;
    const whole = conversation(61);
    const first = await window.fit(whole, write, signal);
    expect(first.messages[0]?.content).toMatch(
      /^\[note\] What was said before, in short:\n\nSummary 3\.\n\n#\d+\./,
    );
    // More than one request could hold: the second part is told what became of the first.
    expect(asked).toHaveLength(3);
    expect(asked[0]).toContain('My partner: #1.');
    expect(asked[0]).toContain('I: #2.');
    expect(asked[1]).toContain('The summary so far:\n\nSummary 1.');
    const [cut] = first.cuts;
    const second = await window.fit([...whole, ...conversation(91).slice(61)], write, signal);
    expect(second.messages[0]?.content).toContain(`Summary ${asked.length}.`);
    expect(asked[3]).toContain('Summary 3.');
    expect(asked[3]).toContain(`#${(cut?.count ?? 0) + 1}.`);
    expect(asked[3]).not.toContain('#3.');
    expect(second.cuts[0]?.start).toBe((cut?.count ?? 0) + 1);
  });

  it('is the opening and the latest where no summary can be had, and says so', async () => {
    const window = new ContextWindow(settings({ strategy: 'summarize' }), system);
    const refuse: Write = () => Promise.reject(new Error('out of paper'));
    const { messages, remarks } = await window.fit(conversation(61), refuse, signal);
    expect(numbersOf(messages).slice(0, 2)).toEqual([1, 2]);
    expect(remarks).toEqual([
      'no summary of what is left out could be had (out of paper); it is left out without',
    ]);
    // The next time it is tried again, from the very beginning.
    const prompts: string[] = [];
    const write: Write = async ({ prompt }) => {
      prompts.push(prompt);
      return 'All is known.';
    };
    const later = await window.fit(conversation(101), write, signal);
    expect(prompts[0]).toContain('#1.');
    expect(later.messages[0]?.content).toContain('All is known.');
    expect(later.cuts[0]).toEqual({ count: expect.any(Number) as number, start: 1 });
  });

  it('lacks the middle of a message that is longer than the window, visibly', async () => {
    const window = new ContextWindow(settings(), system);
    const { messages, cuts, remarks } = await window.fit([message(0, 4_000)], noSummary, signal);
    expect(messages).toHaveLength(1);
    expect(messages[0]?.content).toMatch(
      /^#1\. moon[^]+\n\[… \d+ characters are left out here …\]\n[^]+ river$/,
    );
    expect(tokensOf(messages)).toBeLessThanOrEqual(900);
    expect(cuts).toEqual([]);
    expect(remarks).toEqual([expect.stringMatching(/^message 1 is too long; .* \d+ characters/)]);
  });

  it('is nothing where the persona alone fills the window', async () => {
    const window = new ContextWindow(settings(), 'moon river '.repeat(500));
    await expect(window.fit(conversation(3), noSummary, signal)).rejects.toThrow(
      /^the persona takes about \d+ of the 900 tokens that may be sent; set a larger context_tokens/,
    );
  });

  it('fits, keeps its roles and its beginning, and accounts for what is missing, whatever is said', async () => {
    const strategies: ContextStrategy[] = ['truncate-middle', 'truncate-oldest', 'summarize'];
    const lengths = fc.array(
      fc.oneof(
        { weight: 40, arbitrary: fc.integer({ min: 0, max: 60 }) },
        { weight: 1, arbitrary: fc.constant(3_000) },
      ),
      {
        minLength: 1,
        maxLength: 60,
        size: 'max',
      },
    );
    await fc.assert(
      fc.asyncProperty(
        lengths,
        fc.constantFrom(...strategies),
        fc.boolean(),
        async (sizes, strategy, fails) => {
          const window = new ContextWindow(settings({ strategy }), system);
          const write: Write = async () => {
            if (fails) throw new Error('no');
            return 'They talked. '.repeat(100);
          };
          const whole: ChatMessage[] = [];
          let missing = 0;
          let before: Fitted | undefined;
          for (const [index, size] of sizes.entries()) {
            whole.push(message(index, size));
            if (index % 2 === 1) continue;
            const fitted = await window.fit(whole, write, signal);
            const { messages, cuts, remarks } = fitted;
            expect(tokensOf(messages)).toBeLessThanOrEqual(900);
            expect(messages.every(({ role }, at) => role === (at % 2 === 0 ? 'user' : 'assistant'))).toBe(
              true,
            );
            expect(messages.at(-1)?.role).toBe('user');
            missing += cuts.reduce((sum, { count }) => sum + count, 0);
            expect(messages.length + missing).toBe(whole.length);
            if (before && cuts.length === 0 && remarks.length === 0) {
              expect(messages.slice(0, before.messages.length)).toEqual(before.messages);
            }
            before = fitted;
          }
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('how the window is measured', () => {
  it('follows what the provider reports: at once where it is more, slowly where it is less', async () => {
    const window = new ContextWindow(settings(), system);
    const whole = conversation(27);
    const all = await window.fit(whole, noSummary, signal);
    expect(all.cuts).toEqual([]);
    window.correct(tokensOf(all.messages) * 2);
    const halved = await window.fit(whole, noSummary, signal);
    expect(tokensOf(halved.messages)).toBeLessThanOrEqual(450);

    const thrifty = new ContextWindow(settings({ tokenRatio: 2 }), system);
    const some = conversation(19);
    // Twice as many as the room: it would be cut, had the provider not said that it needs fewer.
    for (let turn = 0; turn < 20; turn++) {
      const { messages } = await thrifty.fit(some.slice(0, 15), noSummary, signal);
      thrifty.correct(tokensOf(messages));
    }
    expect((await thrifty.fit(conversation(31), noSummary, signal)).cuts).toEqual([]);
  });

  it('believes no report that is absurd, and none of Ollama that is low', async () => {
    const window = new ContextWindow(settings({ reportsWholePrompt: false, tokenRatio: 1.5 }), system);
    const whole = conversation(19);
    for (let turn = 0; turn < 20; turn++) {
      const { messages } = await window.fit(whole, noSummary, signal);
      window.correct(Math.floor(tokensOf(messages) / 2));
      window.correct(tokensOf(messages) * 50);
      window.correct(0);
    }
    expect((await window.fit(whole, noSummary, signal)).cuts).toEqual([]);
    expect((await window.fit(conversation(33), noSummary, signal)).cuts).not.toEqual([]);
  });

  it('shrinks to the limit that a refusal names, and by a third at least', async () => {
    const sizes: number[] = [];
    const refusals = [
      'the conversation is longer than m can read (400)',
      'the conversation is longer than m can read (400: "This model\'s maximum context length is 500 tokens.")',
      'too long (400: "prompt is too long: 812 tokens > 600 maximum")',
    ];
    for (const refusal of refusals) {
      const window = new ContextWindow(settings(), system);
      const whole = conversation(27);
      const { messages } = await window.fit(whole, noSummary, signal);
      await window.tighten(refusal, messages);
      sizes.push(tokensOf((await window.fit(whole, noSummary, signal)).messages));
    }
    const [third = 0, named = 0, other = 0] = sizes;
    expect(third).toBeLessThanOrEqual(630);
    expect(named).toBeLessThanOrEqual(400);
    expect(other).toBeLessThanOrEqual(500);
  });
});
