import { expect, it } from 'vitest';
import { SeriesBuilder } from '../../../web/server/archive-series.ts';
import { chartsOf, describeChart } from '../../../web/page/read/chart-data.ts';
import { meetingEvent, stamp } from '../../support/journal.ts';
import type { MeetingEvent } from '../../../journal/event.ts';

const usage = { input: 1_000, output: 100, cached: 0 };

function build(events: readonly MeetingEvent[]): SeriesBuilder {
  const builder = new SeriesBuilder('ada-bert');
  for (const event of stamp(events)) builder.add(event);
  return builder;
}

const priced: MeetingEvent = {
  ...(meetingEvent({ provider: 'openai' }, { provider: 'ollama' }) as Extract<
    MeetingEvent,
    { type: 'meeting' }
  >),
  settings: {
    ...{ hello: '/start', first: 'a', maxMessages: 10, maxSeconds: 0 },
    prices: { a: { input: 1, output: 10, asOf: '2026-11-01' } },
  },
};

it('adds up cost turn by turn, with what was paid in vain', () => {
  const { points, isPriced } = build([
    priced,
    { type: 'turn', seat: 'a', turn: 1, text: 'One\nline', meta: { usage, ms: 500 } },
    { type: 'lost', seat: 'a', detail: 'gone', meta: { usage } },
    { type: 'turn', seat: 'b', turn: 2, text: 'Two', meta: { usage, ms: 700 } },
  ]).series;
  expect(points.map(({ cost, costSoFar }) => [cost, costSoFar])).toEqual([
    [0.002, 0.002],
    [0, 0.004],
  ]);
  expect(points[0]).toMatchObject({ begins: 'One line', characters: 8, ms: 500, input: 1_000, output: 100 });
  expect(isPriced).toEqual({ a: true, b: true });
});

it('says of a turn what became of its code, and what is doubtful about it', () => {
  const result = { type: 'result', seat: 'a', turn: 1, kind: 'test', output: '', outputBytes: 0 } as const;
  const { points } = build([
    priced,
    { type: 'turn', seat: 'a', turn: 1, text: '…', meta: { finish: 'empty' } },
    { ...result, number: 1, outcome: 'ok', files: [], ms: 1 },
    { ...result, number: 2, outcome: 'failed', files: [], ms: 1 },
    { ...result, number: 3, outcome: 'refused', files: [], ms: 1 },
    { type: 'flag', seat: 'a', turn: 1, flag: 'spoke-both', detail: 'x' },
  ]).series;
  expect(points[0]).toMatchObject({ ran: 2, failed: 1, flags: ['empty', 'spoke-both'] });
});

it('a chart says in words what it shows, and is not drawn where there is nothing', () => {
  const { series } = build([
    priced,
    { type: 'turn', seat: 'a', turn: 1, text: 'x', meta: { ms: 100 } },
    { type: 'turn', seat: 'b', turn: 2, text: 'x', meta: { ms: 50 } },
    { type: 'turn', seat: 'a', turn: 3, text: 'x', meta: { ms: 300 } },
  ]);
  const charts = chartsOf(series, { a: 'Ada', b: 'Bert' });
  expect(charts.map(({ title }) => title)).toEqual(['Time a turn took']);
  const [chart] = charts;
  expect(chart && describeChart(chart, (value) => `${value} ms`)).toBe(
    'Ada: 200 ms as a rule, at most 300 ms in turn 3. Bert: 50 ms as a rule, at most 50 ms in turn 2.',
  );
});
