import { describe, expect, it } from 'vitest';
import { costOf, formatCost } from '../../../journal/cost.ts';
import { describePrices, renderUsageTable, usageCells } from '../../../journal/render/usage-cells.ts';
import type { SeatTotals } from '../../../journal/seat-totals.ts';
import { usageTable } from '../../../journal/usage-table.ts';
import type { MeetingSettings } from '../../../journal/event.ts';

const price = { input: 3, cached: 0.3, stored: 3.75, output: 15, asOf: '2026-03-21' };
const settings: MeetingSettings = { hello: '/start', first: 'a', maxMessages: 10, maxSeconds: 0 };
const totals = (changes: Partial<SeatTotals>): SeatTotals => ({
  turns: 3,
  characters: 9,
  latenciesMs: [],
  ...changes,
});
const usage = { input: 1_000_000, output: 100_000, cached: 600_000, stored: 200_000 };

describe('the cost of a reply', () => {
  it('counts what was cached and what was stored at their own prices, once', () => {
    expect(costOf(usage, price)).toBeCloseTo(0.2 * 3 + 0.6 * 0.3 + 0.2 * 3.75 + 0.1 * 15);
    expect(costOf(usage, { input: 3, output: 15 })).toBeCloseTo(3 + 1.5);
  });

  it.each([
    [0, '$0'],
    [0.000_01, 'under $0.0001'],
    [0.012_34, '$0.0123'],
    [1.5, '$1.50'],
  ])('is written for people: %d', (dollars, text) => {
    expect(formatCost(dollars)).toBe(text);
  });
});

describe('the table of what speakers took', () => {
  const both = {
    seats: { a: { name: 'Ada', provider: 'anthropic' }, b: { name: 'B\u001b[2Job', provider: 'ollama' } },
    totals: {
      a: totals({ usage, latenciesMs: [900, 100, 400] }),
      b: totals({ usage: { input: 10, output: 2, cached: 0 }, latenciesMs: [200, 100] }),
    },
    settings: { ...settings, prices: { a: price } },
  };

  it('has a row for each and one for both', () => {
    const table = usageTable(both);
    expect(table && usageCells(table)).toEqual([
      ['Speaker', 'Turns', 'Tokens in', 'Cached', 'Out', 'Cost', 'Median', 'Worst'],
      ['Ada', '3', '1,000,000', '600,000', '100,000', '$3.03', '0.4 s', '0.9 s'],
      [expect.not.stringContaining('\u001b') as string, '3', '10', '0', '2', '$0', '0.1 s', '0.2 s'],
      ['Both', '6', '1,000,010', '600,000', '100,002', '$3.03', '0.2 s', '0.9 s'],
    ]);
    expect(table && describePrices(table)).toBe('Cost by prices of 2026-03-21.');
  });

  it('has a row for who translates between the two, whose cost counts', () => {
    const prices = { a: price, translator: { input: 1, output: 2, asOf: '2026-01-02' } };
    const table = usageTable({
      ...both,
      totals: { ...both.totals, translator: { input: 2_000_000, output: 500_000, cached: 0 } },
      settings: { ...settings, prices },
    });
    expect(table && usageCells(table).slice(3)).toEqual([
      ['Translator', '–', '2,000,000', '0', '500,000', '$3.00', '–', '–'],
      ['All', '6', '3,000,010', '600,000', '600,002', '$6.03', '0.2 s', '0.9 s'],
    ]);
    expect(table && describePrices(table)).toBe('Cost by prices of 2026-01-02.');
  });

  it('says so where no price is known', () => {
    const table = usageTable({ ...both, settings });
    expect(table?.speakers.a.cost).toBeUndefined();
    expect(table?.together.cost).toBeUndefined();
    expect(table && renderUsageTable(table)).toMatch(
      /Ada .* unknown .*\n[^]*config\/prices\.yml has no price/,
    );
  });

  it('is not there where no model spoke', () => {
    const speechless = { a: totals({ latenciesMs: [3] }), b: totals({}) };
    expect(usageTable({ ...both, totals: speechless })).toBeUndefined();
  });
});
