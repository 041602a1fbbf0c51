import stringWidth from 'string-width';
import type { Usage } from '../../wire/types.ts';
import { formatCost } from '../cost.ts';
import type { SpeakerUsage, UsageTable } from '../usage-table.ts';
import { formatNumber, formatSeconds } from './sentences.ts';
import { visibleLine } from './visible-controls.ts';

/** The first row is the head, the last one both together. The first cell of a row is a name; nothing else was written by others. */
export function usageCells({
  names,
  speakers,
  translator,
  together,
}: UsageTable): readonly (readonly string[])[] {
  return [
    ['Speaker', 'Turns', 'Tokens in', 'Cached', 'Out', 'Cost', 'Median', 'Worst'],
    cellsOf(visibleLine(names.a), speakers.a),
    cellsOf(visibleLine(names.b), speakers.b),
    ...(translator ? [cellsOf('Translator', translator)] : []),
    cellsOf(translator ? 'All' : 'Both', together),
  ];
}

/** Which day's prices were used, where any were. */
export function describePrices({ pricesAsOf, together }: UsageTable): string | undefined {
  if (pricesAsOf !== undefined) return `Cost by prices of ${pricesAsOf}.`;
  return together.cost === undefined
    ? 'Cost unknown: config/prices.yml has no price for a model.'
    : undefined;
}

/** Columns for a terminal, numbers to the right. */
export function renderUsageTable(table: UsageTable): string {
  const prices = describePrices(table);
  return renderColumns(usageCells(table), 1) + (prices === undefined ? '' : `${prices}\n`);
}

/** Columns under each other, the first `leftColumns` of them flush left. */
export function renderColumns(rows: readonly (readonly string[])[], leftColumns: number): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => stringWidth(row[column] ?? ''))),
  );
  const pad = (cell: string, column: number): string => {
    const space = ' '.repeat((widths[column] ?? 0) - stringWidth(cell));
    return column < leftColumns ? cell + space : space + cell;
  };
  return rows.map((row) => `${row.map(pad).join('  ').trimEnd()}\n`).join('');
}

function cellsOf(
  name: string,
  { turns, usage, cost, latency }: Partial<Pick<SpeakerUsage, 'turns'>> & Omit<SpeakerUsage, 'turns'>,
): string[] {
  const count = (key: keyof Usage): string => (usage ? formatNumber(usage[key] ?? 0) : '–');
  return [
    name,
    turns === undefined ? '–' : formatNumber(turns),
    count('input'),
    count('cached'),
    count('output'),
    cost === undefined ? 'unknown' : formatCost(cost),
    latency ? formatSeconds(latency.medianMs) : '–',
    latency ? formatSeconds(latency.worstMs) : '–',
  ];
}
