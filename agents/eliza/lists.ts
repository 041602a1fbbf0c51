import { badScript, type Place } from './bad-script.ts';

export type Node = List | Atom;

export interface List extends Place {
  readonly type: 'list';
  readonly items: readonly Node[];
}

export interface Atom extends Place {
  readonly type: 'atom';
  /** In capitals. */
  readonly text: string;
}

/** Deeper than any script; a bound for the stack. */
const deepest = 50;

/**
 * Reads lists in parentheses: `;` starts a comment, `=` is a word of its own, everything else is a word up
 * to the next blank, parenthesis or `=`.
 */
export function readLists(source: string, path: string): Node[] {
  const top: Node[] = [];
  const open: { place: Place; items: Node[] }[] = [];
  let items = top;
  for (const { text, ...place } of tokensOf(source)) {
    if (text === '(') {
      if (open.length >= deepest) throw badScript(path, place, 'too many parentheses inside each other');
      open.push({ place, items });
      items = [];
    } else if (text === ')') {
      const list = open.pop();
      if (!list) throw badScript(path, place, 'a ")" too many');
      list.items.push({ type: 'list', items, ...list.place });
      items = list.items;
    } else {
      items.push({ type: 'atom', text: text.toUpperCase(), ...place });
    }
  }
  const unclosed = open.at(-1);
  if (unclosed) throw badScript(path, unclosed.place, 'this "(" is never closed');
  return top;
}

function* tokensOf(source: string): Generator<Place & { text: string }> {
  const lines = source.replace(/^\ufeff/, '').split(/\r\n|[\n\r\v\f]/);
  for (const [index, line] of lines.entries()) {
    for (const match of line.matchAll(/;.*|[()=]|[^\s();=]+/g)) {
      if (!match[0].startsWith(';')) yield { text: match[0], line: index + 1, column: match.index + 1 };
    }
  }
}
