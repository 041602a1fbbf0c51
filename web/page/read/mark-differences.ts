import { visibleControls } from '../../../journal/render/visible-controls.ts';

/** A piece of what somebody wrote, and whether it stands on this side alone. */
export interface Piece {
  readonly text: string;
  readonly isOther: boolean;
}

interface Span {
  readonly start: number;
  end: number;
}

/** Words, and each sign by itself. */
const token = /[\p{L}\p{N}\p{M}_]+|[^\s]/gu;
/** So far ahead the next word is looked for: an address or the rule of a table, which are written and not shown. */
const reach = 400;

/**
 * Marks in words that stand in the page what is different in how they were written. What is shown follows what was
 * written word by word, without the signs of Markdown. Returns whether every difference can be seen: an address behind
 * a link, or a sign that only makes bold, cannot.
 */
export function markDifferences(root: Element, pieces: readonly Piece[], tag: 'del' | 'ins'): boolean {
  const written = pieces.flatMap(({ text }, piece) =>
    [...visibleControls(text).matchAll(token)].map(([word]) => ({ word, piece })),
  );
  const isUnseen = new Set(written.map(({ piece }) => piece).filter((piece) => pieces[piece]?.isOther));
  // Nothing but spaces and lines.
  if (isUnseen.size === 0) return pieces.every(({ isOther }) => !isOther);
  let next = 0;
  for (const node of textsOf(root)) {
    const spans: Span[] = [];
    let open: Span | undefined;
    for (const { 0: word, index } of node.data.matchAll(token)) {
      const at = find(written, word, next);
      if (at < 0) continue;
      next = at + 1;
      const { piece = -1 } = written[at] ?? {};
      isUnseen.delete(piece);
      const end = index + word.length;
      if (!pieces[piece]?.isOther) open = undefined;
      else if (open) open.end = end;
      else spans.push((open = { start: index, end }));
    }
    if (spans.length > 0) wrap(node, spans, tag);
  }
  return isUnseen.size === 0;
}

function find(written: readonly { readonly word: string }[], word: string, from: number): number {
  const end = Math.min(written.length, from + reach);
  for (let at = from; at < end; at++) if (written[at]?.word === word) return at;
  return -1;
}

/** All of them, before the first is changed. */
function textsOf(root: Element): Text[] {
  return [...root.childNodes].flatMap((node) =>
    node.nodeType === 3 ? [node as Text] : node.nodeType === 1 ? textsOf(node as Element) : [],
  );
}

function wrap(node: Text, spans: readonly Span[], tag: 'del' | 'ins'): void {
  const parts: (string | Element)[] = [];
  let at = 0;
  for (const { start, end } of spans) {
    const mark = node.ownerDocument.createElement(tag);
    mark.className = 'differs';
    mark.textContent = node.data.slice(start, end);
    parts.push(node.data.slice(at, start), mark);
    at = end;
  }
  node.replaceWith(...parts, node.data.slice(at));
}
