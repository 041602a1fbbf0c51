import { readMarker } from './markers.ts';

/** A stretch of Markdown: a line of prose, or a fenced block. Lines count from 1. */
export type Piece =
  | { readonly type: 'line'; readonly line: number; readonly text: string }
  | ({ readonly type: 'fence' } & Fence);

export interface Fence {
  /** Of its opening. */
  readonly line: number;
  /** What stands before the fence on its line, where that is a marker. */
  readonly lead: string;
  /** The backticks or tildes. */
  readonly mark: string;
  /** What follows them. */
  readonly info: string;
  /** Without the indentation and the `>` that the list or the quote around the fence asks for. */
  readonly lines: readonly string[];
  /** How many block quotes it stands in. */
  readonly quotes: number;
  readonly isClosed: boolean;
}

/**
 * Finds the fenced blocks, as CommonMark does but for this: a fence may be indented by any amount, and
 * code that is indented less than its fence keeps all it has. A fence that is never closed takes all that
 * follows, or all that follows in its block quote. Takes time in proportion to the length of the text.
 *
 * Lines end with LF, CR LF or CR, which is what ends a line of Python; U+2028 and its like are text.
 */
export function readPieces(text: string): Piece[] {
  const lines = text.split(/\r\n|\n|\r/);
  const pieces: Piece[] = [];
  for (let index = 0; index < lines.length; index++) {
    const opening = readOpening(lines[index]!);
    if (!opening) {
      pieces.push({ type: 'line', line: index + 1, text: lines[index]! });
      continue;
    }
    const line = index + 1;
    const { content, end, isClosed } = readContent(lines, index + 1, opening);
    const { lead, mark, info, quotes } = opening;
    pieces.push({ type: 'fence', line, lead, mark, info, lines: content, quotes, isClosed });
    index = end;
  }
  return pieces;
}

interface Opening {
  readonly lead: string;
  readonly mark: string;
  readonly info: string;
  readonly quotes: number;
  /** Columns between the last `>`, or the beginning of the line, and the fence. */
  readonly width: number;
}

function readOpening(line: string): Opening | undefined {
  const { end, quotes, width } = readContainers(line);
  const direct = readMark(line, end);
  if (direct) return { lead: '', quotes, width, ...direct };
  const fenceAt = readMarker(line)?.fenceAt;
  const marked = fenceAt === undefined ? undefined : readMark(line, fenceAt);
  return marked && { lead: line.slice(0, fenceAt), quotes, width, ...marked };
}

/** The fence at `start`. What follows backticks has no backtick, or it would be code within a sentence. */
function readMark(line: string, start: number): { mark: string; info: string } | undefined {
  const end = endOfRun(line, start);
  if (end - start < 3 || (line[start] !== '`' && line[start] !== '~')) return undefined;
  const info = line.slice(end).trim();
  return line[start] === '`' && info.includes('`') ? undefined : { mark: line.slice(start, end), info };
}

/** The quotes and list items that a line opens, and its indentation. */
function readContainers(line: string): { end: number; quotes: number; width: number } {
  let quotes = 0;
  let width = 0;
  let index = 0;
  while (index < line.length) {
    const character = line[index]!;
    const item = listItem(line, index);
    if (character === '>') {
      quotes++;
      width = 0;
    } else if (character === ' ' || character === '\t') width = nextColumn(width, character);
    else if (item > 0) width += item;
    else break;
    index += Math.max(item, 1);
  }
  return { end: index, quotes, width };
}

/** The length of the bullet or the number of a list item; 0: there is none. */
function listItem(line: string, start: number): number {
  listMark.lastIndex = start;
  return listMark.exec(line)?.[0].length ?? 0;
}
const listMark = /(?:[-*+]|\d{1,9}[.)])(?=[ \t])/y;

/** The lines up to the closing fence; `end` is the last line that belongs to the block. */
function readContent(
  lines: readonly string[],
  start: number,
  { mark, quotes, width }: Opening,
): { content: string[]; end: number; isClosed: boolean } {
  const content: string[] = [];
  let strip: number | undefined;
  for (let index = start; index < lines.length; index++) {
    const line = withoutQuotes(lines[index]!, quotes);
    if (line === undefined) return { content, end: index - 1, isClosed: false };
    if (closes(line, mark, width)) return { content, end: index, isClosed: true };
    // The first line of a program is never indented, so where it stands is where the code begins.
    if (line.trim() !== '') strip ??= Math.min(width, indentation(line));
    content.push(withoutIndentation(line, strip ?? width));
  }
  return { content, end: lines.length - 1, isClosed: false };
}

/** Undefined where the line stands in fewer quotes than its fence. */
function withoutQuotes(line: string, quotes: number): string | undefined {
  let index = 0;
  for (let left = quotes; left > 0; left--) {
    while (line[index] === ' ' || line[index] === '\t') index++;
    if (line[index] !== '>') return undefined;
    index++;
  }
  return line.slice(index);
}

/** Four columns further in, it is part of the code: a docstring may show a fence. */
function closes(line: string, mark: string, width: number): boolean {
  const start = line.search(/[^ \t]/);
  if (start < 0 || line[start] !== mark[0]) return false;
  const end = endOfRun(line, start);
  return end - start >= mark.length && line.slice(end).trim() === '' && indentation(line) < width + 4;
}

function endOfRun(line: string, start: number): number {
  let end = start;
  while (end < line.length && line[end] === line[start]) end++;
  return end;
}

function indentation(line: string): number {
  let width = 0;
  for (let index = 0; line[index] === ' ' || line[index] === '\t'; index++)
    width = nextColumn(width, line[index]!);
  return width;
}

/** Takes away up to `strip` columns; what is left of a tab becomes spaces. */
function withoutIndentation(line: string, strip: number): string {
  let width = 0;
  let index = 0;
  for (; width < strip && (line[index] === ' ' || line[index] === '\t'); index++)
    width = nextColumn(width, line[index]!);
  return ' '.repeat(Math.max(0, width - strip)) + line.slice(index);
}

function nextColumn(width: number, character: string): number {
  return character === '\t' ? width + 4 - (width % 4) : width + 1;
}
