import type { Participant } from '../../wire/types.ts';
import type { Entry, Outline } from '../conversation.ts';
import { markdownCell, markdownLine } from './markdown-cell.ts';
import {
  describeEnd,
  describeEntry,
  describeFinish,
  describeModel,
  describePair,
  describeTotals,
  formatMoment,
  languageName,
  nameOf,
} from './sentences.ts';

/** Everything above the first turn. What is in the file after this is a valid table at every moment. */
export function markdownHeader({ meeting, startedAt, seats }: Outline): string {
  const facts = [
    ...(['a', 'b'] as const).map((seat) => [nameOf(seats, seat), describeParticipant(seats[seat])]),
    ['When', startedAt === undefined ? 'not yet' : formatMoment(startedAt)],
    ['Meeting', meeting],
  ];
  return [
    `# ${markdownLine(describePair(seats))}`,
    '',
    ...facts.map(([fact = '', value = '']) => `- **${markdownLine(fact)}:** ${markdownLine(value)}`),
    '',
    `| # | ${markdownLine(nameOf(seats, 'a'))} | ${markdownLine(nameOf(seats, 'b'))} |`,
    '| --: | :-- | :-- |',
    '',
  ].join('\n');
}

/** One row of the table, in the column of its speaker. */
export function markdownEntry(entry: Entry, { seats }: Outline): string {
  if (entry.type === 'turn') {
    const remarks = [describeFinish(entry.meta?.finish), entry.control && `says /${entry.control}`];
    const asides = remarks.filter((remark) => remark).map((remark) => `*${markdownLine(remark ?? '')}*`);
    return row(String(entry.turn), entry.seat, [markdownCell(entry.text), ...asides].join('<br><br>'));
  }
  const seat = entry.type === 'unreadable' ? 'a' : entry.seat;
  return row('', seat, `*${markdownLine(describeEntry(entry, seats))}*`);
}

/** Everything below the last turn. */
export function markdownFooter(outline: Outline): string {
  const totals = (['a', 'b'] as const).map((seat) => {
    const facts = describeTotals(outline.totals[seat]).join(', ');
    return `- **${markdownLine(nameOf(outline.seats, seat))}:** ${facts}`;
  });
  return ['', `${markdownLine(describeEnd(outline))}`, '', ...totals, ''].join('\n');
}

function row(number: string, seat: 'a' | 'b', content: string): string {
  const cells = [number, seat === 'a' ? content : '', seat === 'b' ? content : ''];
  // A space before each pipe, whatever comes: nothing of the content can touch it.
  return `|${cells.map((cell) => (cell === '' ? ' |' : ` ${cell} |`)).join('')}\n`;
}

function describeParticipant(participant: Participant): string {
  const language = participant.lang === undefined ? '' : `speaks ${languageName(participant.lang)}`;
  return [describeModel(participant), language].filter((part) => part !== '').join(', ') || 'unknown';
}
