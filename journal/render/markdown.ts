import type { Participant } from '../../wire/types.ts';
import type { WorkspaceFile } from '../block.ts';
import type { Entry, Outline } from '../conversation.ts';
import type { Parent } from '../event.ts';
import { joinBlocks, markdownCell, markdownCode, markdownLine, writeLink } from './markdown-cell.ts';
import { describeInherited, describeParent, parentAddress } from './lineage.ts';
import {
  addressOf,
  countMore,
  editedTitle,
  describeRun,
  shownFiles,
  verdictOf,
  visibleOutput,
  type Result,
} from './results.ts';
import { writtenByModerator } from './moderator-words.ts';
import {
  describeEnd,
  describeEntry,
  describeExecution,
  describeFinish,
  describeFlags,
  describeModel,
  describePair,
  describeTotals,
  formatBytes,
  formatMoment,
  languageName,
  nameOf,
} from './sentences.ts';
import { usageTable } from '../usage-table.ts';
import { describePrices, usageCells } from './usage-cells.ts';
import { describeTranslations, translationTitle } from './translations.ts';
import { noFiles, type KeptFiles } from './workspace.ts';

/** Everything above the first turn. What is in the file after this is a valid table at every moment. */
export function markdownHeader({ meeting, parent, startedAt, seats }: Outline): string {
  const facts = [
    ...(['a', 'b'] as const).map((seat) => [nameOf(seats, seat), describeParticipant(seats[seat])]),
    ['When', startedAt === undefined ? 'not yet' : formatMoment(startedAt)],
    ['Meeting', meeting],
  ];
  return [
    `# ${markdownLine(describePair(seats))}`,
    '',
    ...facts.map(([fact = '', value = '']) => `- **${markdownLine(fact)}:** ${markdownLine(value)}`),
    ...(parent ? [`- **Fork:** ${writeParent(parent)}`] : []),
    '',
    `| # | ${markdownLine(nameOf(seats, 'a'))} | ${markdownLine(nameOf(seats, 'b'))} |`,
    '| --: | :-- | :-- |',
    '',
  ].join('\n');
}

/** One row of the table, in the column of its speaker. */
export function markdownEntry(
  entry: Entry,
  { seats, turns, parent }: Outline,
  files: KeptFiles = noFiles,
): string {
  if (entry.type === 'turn') {
    const remarks = [
      describeInherited(entry, { seats, ...(parent ? { parent } : {}) }),
      describeFinish(entry.meta?.finish),
      entry.control && `says /${entry.control}`,
      entry.by && writtenByModerator,
    ];
    const asides = remarks.filter((remark) => remark).map((remark) => `*${markdownLine(remark ?? '')}*`);
    return row(String(entry.turn), entry.seat, [markdownCell(entry.text), ...asides].join('<br><br>'));
  }
  if (entry.type === 'translation') {
    const title = `*${markdownLine(translationTitle(entry, turns))}*`;
    const words = entry.failed === undefined ? [markdownCell(entry.text)] : [];
    return row('', entry.seat, joinBlocks([title, ...words], '<br>'));
  }
  if (entry.type === 'result') return row('', entry.seat, writeResult(entry, files, turns));
  if (entry.type === 'block') {
    if (!entry.isEdited) return '';
    const title = `*${editedTitle(entry)}:*`;
    return row('', entry.seat, joinBlocks([title, markdownCode(entry.code.trimEnd())], '<br>'));
  }
  const seat = entry.type === 'unreadable' ? 'a' : (entry.seat ?? 'a');
  return row('', seat, `*${markdownLine(describeEntry(entry, seats))}*`);
}

/** Everything below the last turn. */
export function markdownFooter(outline: Outline): string {
  const totals = (['a', 'b'] as const).map((seat) => {
    const facts = describeTotals(outline.totals[seat]).join(', ');
    return `- **${markdownLine(nameOf(outline.seats, seat))}:** ${facts}`;
  });
  const execution = describeExecution(outline.execution);
  const flags = describeFlags(outline.flags, outline.seats);
  const sentences = [describeEnd(outline), execution, describeTranslations(outline), flags].filter(
    (sentence) => sentence !== '',
  );
  return [
    '',
    ...sentences.flatMap((sentence) => [markdownLine(sentence), '']),
    ...totals,
    ...usageLines(outline),
    '',
  ].join('\n');
}

/** What each of the two took, as a table. */
function usageLines(outline: Outline): string[] {
  const table = usageTable(outline);
  if (!table) return [];
  const [head = [], ...rows] = usageCells(table);
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const prices = describePrices(table);
  return [
    '',
    line(head),
    line(head.map((_, column) => (column === 0 ? ':--' : '--:'))),
    ...rows.map((cells) => line(cells.map(markdownLine))),
    ...(prices === undefined ? [] : ['', markdownLine(prices)]),
  ];
}

/** Verdict, output, figures, files, and how it was run, each on a line of its own. */
function writeResult(result: Result, kept: KeptFiles, lastTurn: number): string {
  const { symbol, words } = verdictOf(result);
  const detail = result.detail === undefined ? '' : ` ${markdownLine(result.detail)}`;
  const output = visibleOutput(result);
  const shown = shownFiles(result);
  const more = result.files.length - shown.length;
  const figures = shown.map((file) => writeFigure(file, kept)).filter((figure) => figure !== '');
  const files = [
    ...shown.map((file) => writeFile(file, kept)),
    ...(more > 0 ? [countMore(more, 'file')] : []),
  ].join(', ');
  const facts = describeRun(result, lastTurn).map(markdownLine).join(', ');
  const blocks = [
    `${symbol === '' ? '' : `${symbol} `}**${words}**${detail}`,
    output === '' ? '' : markdownCode(output),
    ...figures,
    files === '' ? '' : `${result.files.length === 1 ? 'File' : 'Files'}: ${files}`,
    facts === '' ? '' : `*${facts}*`,
  ];
  return joinBlocks(
    blocks.filter((block) => block !== ''),
    '<br>',
  );
}

function writeFigure(file: WorkspaceFile, kept: KeptFiles): string {
  const found = kept.get(file.path);
  const address = addressOf(file, found?.folder);
  if (address === undefined || !found?.figure) return '';
  return `!${writeLink(markdownLine(file.path), address)}`;
}

function writeFile(file: WorkspaceFile, kept: KeptFiles): string {
  const found = kept.get(file.path);
  const address = found && addressOf(file, found.folder);
  const name = markdownLine(file.path);
  const size = `${formatBytes(file.bytes)}${found?.isChanged ? ', written again later' : ''}`;
  return `${address === undefined ? name : writeLink(name, address)} (${size})`;
}

function row(number: string, seat: 'a' | 'b', content: string): string {
  const cells = [number, seat === 'a' ? content : '', seat === 'b' ? content : ''];
  // A space before each pipe, whatever comes: nothing of the content can touch it.
  return `|${cells.map((cell) => (cell === '' ? ' |' : ` ${cell} |`)).join('')}\n`;
}

function writeParent(parent: Parent): string {
  const name = markdownLine(parent.meeting);
  const address = parentAddress(parent, 'transcript.md');
  return `${describeParent(parent)} ${address === undefined ? name : writeLink(name, address)}`;
}

function describeParticipant(participant: Participant): string {
  const language = participant.lang === undefined ? '' : `speaks ${languageName(participant.lang)}`;
  return [describeModel(participant), language].filter((part) => part !== '').join(', ') || 'unknown';
}
