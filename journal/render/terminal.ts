import pc from 'picocolors';
import stringWidth from 'string-width';
import type { Conversation, Entry } from '../conversation.ts';
import { describeInherited, describeParent } from './lineage.ts';
import { editedTitle, describeFiles, describeRun, verdictOf, visibleOutput, type Result } from './results.ts';
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
  formatMoment,
  formatTime,
  nameOf,
} from './sentences.ts';
import { usageTable } from '../usage-table.ts';
import { renderUsageTable } from './usage-cells.ts';
import { describeTranslations, translationTitle, type TranslationEntry } from './translations.ts';
import { visibleControls, visibleLine } from './visible-controls.ts';

export interface TerminalOptions {
  readonly color: boolean;
  /** Columns. */
  readonly width: number;
}

/** A conversation to be read in a terminal. Nothing that was said in it can move the cursor. */
export function renderForTerminal(conversation: Conversation, { color, width }: TerminalOptions): string {
  const colors = pc.createColors(color);
  const paint = { a: colors.cyan, b: colors.yellow };
  const looks = { passed: colors.green, done: colors.bold, failed: colors.red, refused: colors.magenta };
  const { seats, startedAt, meeting, parent, entries } = conversation;
  const lines = [
    colors.bold(visibleLine(describePair(seats))),
    colors.dim(
      [startedAt === undefined ? '' : formatMoment(startedAt), visibleLine(meeting)]
        .filter(Boolean)
        .join(' · '),
    ),
    ...(['a', 'b'] as const).map((seat) => {
      const model = describeModel(seats[seat]);
      return paint[seat](nameOf(seats, seat)) + (model === '' ? '' : colors.dim(`: ${model}`));
    }),
    ...(parent ? [colors.dim(`A fork ${describeParent(parent)} ${visibleLine(parent.meeting)}`)] : []),
    '',
  ];
  let lastTurn = 0;
  for (const entry of entries) {
    const rendered = renderEntry(entry);
    if (rendered.length > 0) lines.push(...rendered, '');
  }
  lines.push(colors.bold(describeEnd(conversation)));
  const execution = describeExecution(conversation.execution);
  if (execution !== '') lines.push(execution);
  const translations = describeTranslations(conversation);
  if (translations !== '') lines.push(translations);
  const flags = describeFlags(conversation.flags, seats);
  if (flags !== '') lines.push(colors.yellow(flags));
  for (const seat of ['a', 'b'] as const) {
    const facts = describeTotals(conversation.totals[seat]).join(', ');
    lines.push(`${paint[seat](nameOf(seats, seat))}: ${facts}`);
  }
  const usage = usageTable(conversation);
  if (usage) lines.push('', renderUsageTable(usage).trimEnd());
  return lines.join('\n') + '\n';

  function renderEntry(entry: Entry): string[] {
    if (entry.type === 'turn') lastTurn = entry.turn;
    if (entry.type === 'result') return renderResult(entry);
    if (entry.type === 'translation') return renderTranslation(entry);
    if (entry.type === 'block') {
      if (!entry.isEdited) return [];
      const title = `${editedTitle(entry)}:`;
      return [colors.dim(title), ...asCode(visibleControls(entry.code).trimEnd())];
    }
    if (entry.type !== 'turn')
      return wrap(describeEntry(entry, seats), width).map((line) => colors.dim(line));
    const remarks = [
      describeInherited(entry, conversation),
      describeFinish(entry.meta?.finish),
      entry.control && `says /${entry.control}`,
      entry.by && writtenByModerator,
    ];
    return [
      `${paint[entry.seat](colors.bold(nameOf(seats, entry.seat)))} ${colors.dim(`· ${entry.turn} · ${formatTime(entry.t)}`)}`,
      ...wrapText(visibleControls(entry.text), width - indent.length).map((line) => indent + line),
      ...remarks.filter((remark) => remark !== undefined).map((remark) => indent + colors.dim(`(${remark})`)),
    ];
  }

  function renderTranslation(entry: TranslationEntry): string[] {
    const title = wrap(translationTitle(entry, lastTurn), width).map((line) => colors.dim(line));
    const words = entry.failed === undefined ? visibleControls(entry.text) : '';
    const room = width - 2 * indent.length;
    return [...title, ...(words === '' ? [] : wrapText(words, room).map((line) => indent + indent + line))];
  }

  function renderResult(result: Result): string[] {
    const { look, symbol, words } = verdictOf(result);
    const facts = describeRun(result, lastTurn).join(' · ');
    const output = visibleOutput(result);
    const title = looks[look](`${symbol === '' ? '' : `${symbol} `}${words}`);
    return [
      title + (facts === '' ? '' : colors.dim(` · ${facts}`)),
      ...[result.detail ?? ''].filter(Boolean).flatMap((detail) => indented(visibleLine(detail))),
      ...(output === '' ? [] : asCode(output)),
      ...[describeFiles(result)].filter(Boolean).flatMap(indented),
    ];
  }

  function indented(line: string): string[] {
    return wrap(line, width - indent.length).map((part) => indent + part);
  }
}

const indent = '  ';

/** Lines as they are, a little apart from what was said. */
function asCode(text: string): string[] {
  return text.split('\n').map((line) => `${indent}│ ${line.replaceAll('\t', '    ')}`);
}

/** Wraps prose between words; fenced code keeps its lines. */
function wrapText(text: string, width: number): string[] {
  let isCode = false;
  return text
    .trim()
    .split('\n')
    .flatMap((line) => {
      const isFence = /^\s*(```|~~~)/.test(line);
      const keeps = isCode || isFence;
      if (isFence) isCode = !isCode;
      const spaced = line.replaceAll('\t', '    ');
      return keeps ? [spaced] : wrap(spaced, width);
    });
}

/** Between words; a word that is longer than a line is left to the terminal. */
function wrap(line: string, width: number): string[] {
  const room = Math.max(width, 20);
  if (stringWidth(line) <= room) return [line];
  const lines: string[] = [];
  let current = /^\s*/.exec(line)?.[0] ?? '';
  let columns = stringWidth(current);
  let isEmpty = true;
  for (const word of line.trim().split(/ +/)) {
    const wordColumns = stringWidth(word);
    if (!isEmpty && columns + 1 + wordColumns > room) {
      lines.push(current);
      current = word;
      columns = wordColumns;
    } else {
      current += isEmpty ? word : ` ${word}`;
      columns += wordColumns + (isEmpty ? 0 : 1);
    }
    isEmpty = false;
  }
  return [...lines, current];
}
