import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { History } from '../../../agents/history.ts';

describe('History', () => {
  it('joins what one side said in a row, and notes with what they stand before', () => {
    const history = new History();
    history.hear('/start');
    history.say('Good morning.');
    history.note('Code block 1 output: 3');
    history.hear('And to you.');
    history.hear('Well?');
    expect(history.messages()).toEqual([
      { role: 'user', content: '/start' },
      { role: 'assistant', content: 'Good morning.' },
      { role: 'user', content: '[note] Code block 1 output: 3\n\nAnd to you.\n\nWell?' },
    ]);
  });

  it('is acceptable to every provider whatever happens', () => {
    const step = fc.tuple(fc.constantFrom('hear', 'say', 'note'), fc.constantFrom('', ' \n', 'x', '/start'));
    fc.assert(
      fc.property(fc.array(step as fc.Arbitrary<['hear' | 'say' | 'note', string]>), (steps) => {
        const history = new History();
        for (const [what, text] of steps) history[what](text);
        history.hear('now');
        const roles = history.messages().map(({ role }) => role);
        expect(roles.every((role, index) => role === (index % 2 === 0 ? 'user' : 'assistant'))).toBe(true);
        expect(roles.at(-1)).toBe('user');
        expect(history.messages().every(({ content }) => content.trim() !== '')).toBe(true);
      }),
    );
  });
});
