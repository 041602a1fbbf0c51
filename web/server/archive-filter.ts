import type { MeetingRow } from '../api.ts';
import type { ArchiveAnswer, ArchiveQuery, SortKey } from '../archive-api.ts';

const seats = ['a', 'b'] as const;

/** Those of the rows that the query asks for, but for its words. */
export function filterRows<Row extends MeetingRow>(
  rows: readonly Row[],
  { persona, model, ended, flag, from, to }: ArchiveQuery,
): Row[] {
  const fromMs = from === undefined ? -Infinity : Date.parse(from);
  const toMs = to === undefined ? Infinity : Date.parse(to) + dayMs;
  return rows.filter((row) => {
    const startedAtMs = Date.parse(row.startedAt);
    return (
      isAny(persona, () => seats.some((seat) => fold(row.seats[seat].name) === fold(persona ?? ''))) &&
      isAny(model, () => seats.some((seat) => modelsOf(row.seats[seat]).includes(fold(model ?? '')))) &&
      isAny(ended, () => (row.ended ?? 'unfinished') === ended) &&
      isAny(flag, () => hasFlag(row, flag ?? '')) &&
      startedAtMs >= fromMs &&
      startedAtMs < toMs
    );
  });
}

/** Whether all words occur in what a row shows: the names, the models, the name of the meeting. */
export function rowHas(row: MeetingRow, words: readonly string[]): boolean {
  const shown = seats.flatMap((seat) => [row.seats[seat].name, row.seats[seat].model ?? '']);
  const text = fold([row.meeting, ...shown].join('\n'));
  return words.every((word) => text.includes(fold(word)));
}

/** `two words "and a phrase"` → three. */
export function wordsOf(q: string): string[] {
  return [...q.matchAll(/"([^"]+)"?|[^\s"]+/g)]
    .map(([whole, phrase]) => (phrase ?? whole).trim())
    .filter((word) => word !== '');
}

/** A new list. Rows that have no such figure come last, whichever way it goes. */
export function sortRows<Row extends MeetingRow>(
  rows: readonly Row[],
  {
    sort = 'started',
    order = sort === 'name' ? 'ascending' : 'descending',
  }: Pick<ArchiveQuery, 'sort' | 'order'>,
): Row[] {
  const sign = order === 'ascending' ? 1 : -1;
  const keyed = rows.map((row) => ({ row, key: keyOf(row, sort) }));
  const collator = new Intl.Collator(undefined, { numeric: true });
  keyed.sort((one, other) => {
    if (one.key === undefined || other.key === undefined) {
      if (one.key !== other.key) return one.key === undefined ? 1 : -1;
    } else if (typeof one.key === 'string') {
      const difference = collator.compare(one.key, other.key as string);
      if (difference !== 0) return sign * difference;
    } else if (one.key !== other.key) return sign * (one.key - (other.key as number));
    return compare(other.row.startedAt, one.row.startedAt) || compare(one.row.meeting, other.row.meeting);
  });
  return keyed.map(({ row }) => row);
}

/** What the rows hold of everything that can be filtered by. */
export function choicesOf(rows: readonly MeetingRow[]): ArchiveAnswer['choices'] {
  const count = (valuesOf: (row: MeetingRow) => readonly string[]): ArchiveAnswer['choices']['ended'] => {
    const counts = new Map<string, number>();
    for (const row of rows) {
      for (const value of new Set(valuesOf(row))) counts.set(value, (counts.get(value) ?? 0) + 1);
    }
    return [...counts]
      .sort(([one, times], [other, otherTimes]) => otherTimes - times || compare(one, other))
      .slice(0, mostChoices)
      .map(([value, times]) => ({ value, count: times }));
  };
  return {
    personas: count((row) => seats.map((seat) => row.seats[seat].name)),
    models: count((row) => seats.flatMap((seat) => row.seats[seat].model ?? [])),
    ended: count((row) => [row.ended ?? 'unfinished']),
    flags: count((row) => row.flags.map(({ flag }) => flag)),
  };
}

const mostChoices = 200;

function isAny(asked: string | undefined, matches: () => boolean): boolean {
  return asked === undefined || asked === '' || matches();
}

function hasFlag({ flags }: MeetingRow, asked: string): boolean {
  if (asked === 'any') return flags.length > 0;
  return asked === 'none' ? flags.length === 0 : flags.some(({ flag }) => flag === asked);
}

function modelsOf({ provider, model }: MeetingRow['seats']['a']): string[] {
  return [model, provider, `${provider ?? ''}:${model ?? ''}`].flatMap((name) => (name ? [fold(name)] : []));
}

function keyOf(row: MeetingRow, sort: SortKey): number | string | undefined {
  switch (sort) {
    case 'started':
      return Date.parse(row.startedAt);
    case 'ended':
      return row.lastAt === undefined ? undefined : Date.parse(row.lastAt);
    case 'turns':
      return row.turns;
    case 'tokens':
      return row.tokens;
    case 'cost':
      return row.cost;
    case 'duration':
      return row.lastAt === undefined ? undefined : Date.parse(row.lastAt) - Date.parse(row.startedAt);
    case 'name':
      return `${row.seats.a.name} ${row.seats.b.name}`;
  }
}

const dayMs = 86_400_000;

function fold(text: string): string {
  return text.normalize('NFC').toLowerCase().trim();
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
