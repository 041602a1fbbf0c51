import pc from 'picocolors';
import stringWidth from 'string-width';
import type { ComparedRow, ComparedTurn, Comparison } from '../journal/compare.ts';
import type { Outline } from '../journal/conversation.ts';
import { describeComparison } from '../journal/render/comparison-sentence.ts';
import { describeEnd, describeModel, nameOf } from '../journal/render/sentences.ts';
import { visibleControls, visibleLine } from '../journal/render/visible-controls.ts';
import type { WordPart } from '../journal/word-diff.ts';

export interface ComparisonLook {
  readonly color: boolean;
  /** Columns of the terminal. */
  readonly width: number;
  /** Turns that both have are written out, and not only counted. */
  readonly all: boolean;
}

/** Text with one look. */
interface Piece {
  readonly text: string;
  readonly look: (text: string) => string;
}

const gap = ' │ ';
const narrowestColumn = 24;

/** Two meetings side by side. What only one of them says is marked: in colour, or in brackets. */
export function renderComparison(
  { rows, common }: Comparison,
  meetings: { readonly left: Outline; readonly right: Outline },
  { color, width, all }: ComparisonLook,
): string {
  const colors = pc.createColors(color);
  const columns = Math.max(narrowestColumn, Math.floor((width - gap.length) / 2));
  const plain = (text: string): Piece[] => [{ text, look: (part) => part }];
  const looks = {
    same: (text: string): string => text,
    left: (text: string): string => colors.red(text),
    right: (text: string): string => colors.green(text),
  } as const;
  const beside = (left: readonly Piece[], right: readonly Piece[]): string[] => {
    const [lefts, rights] = [layOut(left, columns), layOut(right, columns)];
    return Array.from({ length: Math.max(lefts.length, rights.length) }, (_, index) => {
      const { text, used } = lefts[index] ?? { text: '', used: 0 };
      const other = rights[index]?.text ?? '';
      return `${text}${' '.repeat(Math.max(0, columns - used))}${colors.dim(gap)}${other}`.trimEnd();
    });
  };
  const title = (outline: Outline): Piece[] => [
    { text: visibleLine(outline.meeting), look: colors.bold },
    ...(['a', 'b'] as const).flatMap((seat) => {
      const model = describeModel(outline.seats[seat]);
      return plain(`\n${nameOf(outline.seats, seat)}${model === '' ? '' : `: ${model}`}`);
    }),
  ];
  const said = (turn: ComparedTurn | undefined, parts: readonly Piece[]): Piece[] => {
    if (!turn) return [];
    const name = visibleLine(turn.name).trim() || turn.seat.toUpperCase();
    return [{ text: `${name} · ${turn.turn}\n`, look: colors.bold }, ...parts];
  };
  /** Of the words of both, those of one side. */
  const sideOf = (words: readonly WordPart[], side: 'left' | 'right'): Piece[] =>
    words
      .filter(({ type }) => type === 'same' || type === side)
      .map(({ type, text }) => {
        const isMarked = type !== 'same' && words.some((part) => part.type === 'same');
        const shown = visibleControls(text);
        const [open, end] = side === 'left' ? ['[-', '-]'] : ['{+', '+}'];
        return { text: isMarked && !color ? `${open}${shown}${end}` : shown, look: looks[type] };
      });
  const render = (row: ComparedRow): string[] => {
    const whole = (turn: ComparedTurn): Piece[] => said(turn, plain(visibleControls(turn.text)));
    switch (row.type) {
      case 'same':
        return beside(whole(row.left), whole(row.right));
      case 'changed':
        return beside(said(row.left, sideOf(row.words, 'left')), said(row.right, sideOf(row.words, 'right')));
      case 'left':
        return beside(whole(row.left), []);
      case 'right':
        return beside([], whole(row.right));
    }
  };

  const lines = [...beside(title(meetings.left), title(meetings.right)), ''];
  for (let at = 0; at < rows.length;) {
    const row = rows[at] as ComparedRow;
    let end = at;
    while (!all && rows[end]?.type === 'same') end++;
    if (end > at) lines.push(colors.dim(describeSame(rows.slice(at, end))), '');
    else lines.push(...render(row), '');
    at = Math.max(end, at + 1);
  }
  lines.push(...beside(plain(describeEnd(meetings.left)), plain(describeEnd(meetings.right))), '');
  lines.push(colors.bold(describeComparison({ rows, common })));
  return lines.join('\n') + '\n';
}

function describeSame(rows: readonly ComparedRow[]): string {
  const [first, last] = [rows[0], rows.at(-1)];
  if (first?.type !== 'same' || last?.type !== 'same') return '';
  const span = (from: number, to: number): string =>
    from === to ? `turn ${from}` : `turns ${from} to ${to}`;
  const left = span(first.left.turn, last.left.turn);
  const right = span(first.right.turn, last.right.turn);
  return left === right ? `⋯ ${left}: the same` : `⋯ ${left} on the left, ${right} on the right: the same`;
}

/** Lines of so many columns, broken between words, or within those that are longer. */
function layOut(
  pieces: readonly Piece[],
  columns: number,
): { readonly text: string; readonly used: number }[] {
  const lines: { text: string; used: number }[] = [];
  let line = { text: '', used: 0 };
  const end = (): void => {
    lines.push(line);
    line = { text: '', used: 0 };
  };
  for (const { text, look } of pieces) {
    for (const token of text.match(/\n|[^\S\n]+|\S+/g) ?? []) {
      if (token === '\n') {
        end();
        continue;
      }
      const isSpace = token.trim() === '';
      const shown = isSpace ? ' '.repeat(Math.min(token.length, 4)) : token;
      if (line.used > 0 && line.used + stringWidth(shown) > columns) end();
      if (isSpace && line.used === 0 && lines.length > 0) continue;
      for (const part of partsOf(shown, columns)) {
        if (line.used + part.used > columns) end();
        line = { text: line.text + look(part.text), used: line.used + part.used };
      }
    }
  }
  if (line.used > 0) end();
  return lines;
}

function partsOf(text: string, columns: number): { readonly text: string; readonly used: number }[] {
  const used = stringWidth(text);
  if (used <= columns) return [{ text, used }];
  const parts: { text: string; used: number }[] = [];
  let part = { text: '', used: 0 };
  for (const { segment } of graphemes.segment(text)) {
    const width = stringWidth(segment);
    if (part.used + width > columns) {
      parts.push(part);
      part = { text: '', used: 0 };
    }
    part = { text: part.text + segment, used: part.used + width };
  }
  return [...parts, part];
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
