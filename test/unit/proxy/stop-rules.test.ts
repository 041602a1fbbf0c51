import { describe, expect, it } from 'vitest';
import { stopAfterTurn, type Limits, type Progress } from '../../../proxy/stop-rules.ts';

const progress: Progress = { turns: 4, questions: 1, tokens: 1_000, cost: 0.05 };
const none: Limits = { maxMessages: 0, maxSeconds: 0 };

describe('the rules that end a meeting', () => {
  it('end nothing where there is no limit', () => {
    expect(stopAfterTurn(progress, none)).toBeUndefined();
  });

  it.each([
    [{ maxMessages: 5 }, 'max-messages', '5 messages'],
    [{ maxTokens: 1_000 }, 'max-tokens', '1000 of 1000 tokens'],
    [{ maxCost: 0.04 }, 'max-cost', '$0.0500 of $0.0400'],
  ])('end it when %j is reached', (limits, reason, detail) => {
    expect(stopAfterTurn(progress, { ...none, ...limits })).toEqual({ reason, detail });
  });

  it.each([{ maxMessages: 6 }, { maxTokens: 1_001 }, { maxCost: 0.051 }])(
    'let it go on below %j',
    (limits) => {
      expect(stopAfterTurn(progress, { ...none, ...limits })).toBeUndefined();
    },
  );

  it('compose: any of them is enough', () => {
    const limits = { maxMessages: 100, maxSeconds: 0, maxTokens: 5_000, maxCost: 0.01 };
    expect(stopAfterTurn(progress, limits)?.reason).toBe('max-cost');
  });
});
