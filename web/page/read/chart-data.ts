import type { Series, SeriesPoint } from '../../archive-api.ts';

interface Line {
  readonly name: string;
  /** Absent: of both. */
  readonly seat?: 'a' | 'b';
  /** Of each turn; null where it is none of this line's. */
  readonly values: readonly (number | null)[];
}

export interface Chart {
  readonly title: string;
  readonly unit: 'ms' | 'count' | 'dollars';
  readonly turns: readonly number[];
  readonly lines: readonly Line[];
  /** It only ever rises, and its last value is the whole. */
  readonly isSum: boolean;
}

/** What there is to draw of a meeting; a chart that would show nothing is left out. */
export function chartsOf({ points }: Series, names: { readonly a: string; readonly b: string }): Chart[] {
  const turns = points.map(({ turn }) => turn);
  const bySeat = (of: (point: SeriesPoint) => number | undefined): Line[] =>
    (['a', 'b'] as const).map((seat) => ({
      name: names[seat],
      seat,
      values: points.map((point) => (point.seat === seat ? (of(point) ?? null) : null)),
    }));
  const charts: Chart[] = [
    { title: 'Time a turn took', unit: 'ms', turns, lines: bySeat(({ ms }) => ms), isSum: false },
    { title: 'Tokens written', unit: 'count', turns, lines: bySeat(({ output }) => output), isSum: false },
    { title: 'Tokens read', unit: 'count', turns, lines: bySeat(({ input }) => input), isSum: false },
    {
      title: 'Cost so far',
      unit: 'dollars',
      turns,
      lines: [{ name: 'Both together', values: points.map(({ costSoFar }) => costSoFar) }],
      isSum: true,
    },
  ];
  return charts.filter(({ lines }) => lines.some(({ values }) => values.some((value) => (value ?? 0) > 0)));
}

/** The chart in a sentence, for those who do not see it. */
export function describeChart({ turns, lines, isSum }: Chart, format: (value: number) => string): string {
  return lines
    .flatMap(({ name, values }) => {
      const known = values.flatMap((value, at) => (value === null ? [] : [{ value, turn: turns[at] ?? 0 }]));
      const highest = known.reduce((one, other) => (other.value > one.value ? other : one), {
        value: -1,
        turn: 0,
      });
      const last = known.at(-1);
      if (!last) return [];
      if (isSum) return `${name}: ${format(last.value)} after turn ${last.turn}.`;
      const median = medianOf(known.map(({ value }) => value));
      return `${name}: ${format(median)} as a rule, at most ${format(highest.value)} in turn ${highest.turn}.`;
    })
    .join(' ');
}

function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? 0;
  const lower = sorted.length % 2 === 1 ? upper : (sorted[middle - 1] ?? 0);
  return Math.round((lower + upper) / 2);
}
