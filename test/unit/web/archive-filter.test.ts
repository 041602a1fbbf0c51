import { describe, expect, it } from 'vitest';
import type { MeetingRow } from '../../../web/api.ts';
import { choicesOf, filterRows, rowHas, sortRows, wordsOf } from '../../../web/server/archive-filter.ts';

function row(meeting: string, rest: Partial<MeetingRow> = {}): MeetingRow {
  return {
    meeting,
    startedAt: '2026-11-20T12:00:00.000Z',
    lastAt: '2026-11-20T12:01:00.000Z',
    seats: { a: { name: 'Ada', provider: 'openai', model: 'gpt-4o' }, b: { name: 'Bert' } },
    state: 'ended',
    ended: 'end',
    turns: 4,
    flags: [],
    ...rest,
  };
}

const names = (rows: readonly MeetingRow[]): string[] => rows.map(({ meeting }) => meeting);

describe('filterRows', () => {
  const rows = [
    row('one'),
    row('two', { seats: { a: { name: 'Jürgen' }, b: { name: 'Ada', provider: 'ollama', model: 'llama' } } }),
    row('three', { state: 'interrupted', ended: undefined }),
    row('four', { flags: [{ flag: 'empty', seat: 'b', turn: 2 }], startedAt: '2026-11-21T23:59:59.000Z' }),
  ];

  it('finds a persona on either seat, whatever the case, and no part of a name', () => {
    expect(names(filterRows(rows, { persona: 'JÜRGEN' }))).toEqual(['two']);
    expect(filterRows(rows, { persona: 'Ad' })).toEqual([]);
  });

  it('finds a model by its name, its service, or both', () => {
    expect(names(filterRows(rows, { model: 'llama' }))).toEqual(['two']);
    expect(names(filterRows(rows, { model: 'ollama:llama' }))).toEqual(['two']);
    expect(names(filterRows(rows, { model: 'ollama' }))).toEqual(['two']);
  });

  it('knows meetings without an end, and those that are flagged', () => {
    expect(names(filterRows(rows, { ended: 'unfinished' }))).toEqual(['three']);
    expect(names(filterRows(rows, { flag: 'any' }))).toEqual(['four']);
    expect(names(filterRows(rows, { flag: 'none' }))).toEqual(['one', 'two', 'three']);
    expect(filterRows(rows, { flag: 'spoke-both' })).toEqual([]);
  });

  it('counts both days of a span in', () => {
    expect(names(filterRows(rows, { from: '2026-11-21', to: '2026-11-21' }))).toEqual(['four']);
    expect(filterRows(rows, { to: '2026-11-19' })).toEqual([]);
  });
});

describe('sortRows', () => {
  it('puts those without a figure last, whichever way it goes', () => {
    const rows = [row('none'), row('much', { cost: 2 }), row('little', { cost: 1 })];
    expect(names(sortRows(rows, { sort: 'cost', order: 'ascending' }))).toEqual(['little', 'much', 'none']);
    expect(names(sortRows(rows, { sort: 'cost', order: 'descending' }))).toEqual(['much', 'little', 'none']);
  });

  it('begins with the latest, and with A where names are sorted', () => {
    const rows = [row('old'), row('new', { startedAt: '2026-11-22T00:00:00.000Z' })];
    expect(names(sortRows(rows, {}))).toEqual(['new', 'old']);
    const zoe = row('z', { seats: { a: { name: 'Zoe' }, b: { name: 'Bert' } } });
    expect(names(sortRows([zoe, row('a')], { sort: 'name' }))).toEqual(['a', 'z']);
  });
});

describe('words', () => {
  it('are parted by spaces, and held together by quotation marks', () => {
    expect(wordsOf('  loom "two words"  end"')).toEqual(['loom', 'two words', 'end']);
    expect(wordsOf('""')).toEqual([]);
  });

  it('are found in names and models too', () => {
    expect(rowHas(row('one'), ['ada', 'GPT'])).toBe(true);
    expect(rowHas(row('one'), ['ada', 'loom'])).toBe(false);
  });
});

it('choices are counted once a meeting, the most frequent first', () => {
  const twins = row('twins', { seats: { a: { name: 'Ada' }, b: { name: 'Ada' } } });
  expect(choicesOf([twins, row('one')]).personas).toEqual([
    { value: 'Ada', count: 2 },
    { value: 'Bert', count: 1 },
  ]);
});
