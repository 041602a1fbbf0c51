import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, it } from 'vitest';
import { estimate, messagesUntil, roughTokens, type ExpectedSpeaker } from '../../../cli/estimate.ts';
import { packageRoot } from '../../../config/paths.ts';
import { loadPersona } from '../../../personas/persona.ts';

const speaker: ExpectedSpeaker = {
  name: 'Ada',
  provider: 'anthropic',
  model: 'm',
  system: 'x'.repeat(8_600),
  countsTokens: true,
  hasOpening: false,
  price: { input: 3, cached: 0.3, stored: 3.75, output: 15 },
};
const speakers = { a: speaker, b: speaker };
const assumed = (messages: number) => ({ messages, turnTokens: 96, first: 'a' as const });

describe('what a meeting is expected to take', () => {
  it('counts the persona and all that was said before, each time', () => {
    // 2,000 tokens of persona, 4 for its frame, 4 for /start; then 100 more with each message.
    const { usage } = estimate(speakers, assumed(4));
    expect(usage.a).toEqual({ input: 2_008 + 2_208, output: 192, cached: 2_008, stored: 2_008 + 200 });
    expect(usage.b).toEqual({ input: 2_108 + 2_308, output: 192, cached: 2_108, stored: 2_108 + 200 });
  });

  it('grows with the square of the messages, and caching takes most of that away', () => {
    const read = (messages: number): number => estimate(speakers, assumed(messages)).usage.a.input;
    expect(read(800) / read(400)).toBeGreaterThan(3.5);
    const { cost, uncachedCost } = estimate(speakers, assumed(400));
    expect(cost.a).toBeLessThan((uncachedCost.a ?? 0) / 4);
  });

  it('asks no model for an opening of the persona’s own, and none of a speaker without one', () => {
    const opening = { ...speaker, hasOpening: true };
    const eliza = { ...speaker, countsTokens: false };
    const { usage } = estimate({ a: opening, b: eliza }, assumed(2));
    expect(usage).toEqual({
      a: { input: 0, output: 0, cached: 0 },
      b: { input: 0, output: 0, cached: 0 },
    });
  });

  it('has no cost where no price is known', () => {
    const { name, provider, model, system } = speaker;
    const unknown = { name, provider, model, system, countsTokens: true, hasOpening: false };
    expect(estimate({ a: speaker, b: unknown }, assumed(2)).cost).toEqual({
      a: expect.any(Number) as number,
    });
  });

  it('tells after which message a limit is reached, if that is before the end', () => {
    expect(messagesUntil({ tokens: 4_300 }, speakers, assumed(10))).toBe(2);
    expect(messagesUntil({ tokens: 4_300 }, speakers, assumed(2))).toBeUndefined();
    expect(messagesUntil({ cost: 0.0001 }, speakers, assumed(10))).toBe(1);
    expect(messagesUntil({ tokens: 0, cost: 0 }, speakers, assumed(10))).toBeUndefined();
  });
});

it.each(['ada-lovelace', 'don-quijote', 'hypatia', 'lichtenberg', 'capitaine-nemo', 'sheldon-cooper'])(
  'tokens are told within a fifth without a tokenizer: %s',
  (name) => {
    const { text } = loadPersona(name, { cwd: packageRoot });
    const exact = countTokens(text);
    expect(roughTokens(text) / exact).toBeGreaterThan(0.8);
    expect(roughTokens(text) / exact).toBeLessThan(1.2);
  },
);
