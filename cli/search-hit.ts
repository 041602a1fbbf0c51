import pc from 'picocolors';
import stringWidth from 'string-width';
import type { Found } from '../journal/search-query.ts';
import type { Hit } from '../journal/search.ts';
import { visibleLine } from '../journal/render/visible-controls.ts';

const paint = { a: 'cyan', b: 'yellow' } as const;

/** A turn in two lines: where it is, and the words around what was found, which are marked. */
export function renderHit(
  { meeting, seat, name, turn, t, text, found }: Hit,
  { color, width }: { readonly color: boolean; readonly width: number },
): string {
  const colors = pc.createColors(color);
  const who = colors[paint[seat]](visibleLine(name).trim() || seat.toUpperCase());
  const where = colors.dim(
    `${visibleLine(meeting)} · turn ${turn} · ${t.slice(0, 16).replace('T', ' ')} UTC · `,
  );
  const mark = (part: string): string => (part === '' ? '' : color ? colors.bold(colors.red(part)) : part);
  return `${where}${who}\n  ${excerpt(text, found, Math.max(30, width - 4), mark)}`;
}

/** One line of so many columns around the first of what was found. */
function excerpt(
  text: string,
  found: readonly Found[],
  columns: number,
  mark: (part: string) => string,
): string {
  const [first] = found;
  if (!first) return '';
  const start = startOf(text, first.start, Math.floor(columns / 3));
  let rendered = start > 0 ? '…' : '';
  let used = stringWidth(rendered);
  let at = start;
  const add = (end: number, show: (part: string) => string): boolean => {
    const part = visibleLine(text.slice(at, end));
    const room = columns - 1 - used;
    const fitting = stringWidth(part) <= room ? part : cut(part, room);
    rendered += show(fitting);
    used += stringWidth(fitting);
    at = end;
    return fitting === part;
  };
  for (const { start: from, end } of found) {
    // Two words may have been found in one place.
    if (from < at) continue;
    if (!add(from, (part) => part) || !add(end, mark)) return `${rendered}…`;
  }
  return add(text.length, (part) => part) ? rendered : `${rendered}…`;
}

/** The beginning of a word, some columns before. */
function startOf(text: string, at: number, columns: number): number {
  if (at <= columns) return 0;
  const space = text.slice(at - columns, at).search(/\s\S/);
  return space < 0 ? at : at - columns + space + 1;
}

function cut(text: string, columns: number): string {
  let kept = '';
  let used = 0;
  for (const { segment } of graphemes.segment(text)) {
    used += stringWidth(segment);
    if (used > columns) break;
    kept += segment;
  }
  return kept;
}

const graphemes = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
