import type { Node } from './lists.ts';
import type { Pattern, PatternTerm, Template } from './script.ts';

/** The words that carry each tag, all in capitals. */
export type Tags = ReadonlyMap<string, ReadonlySet<string>>;

/** Throws, with the place of the node. */
export type Complain = (node: Node | undefined, problem: string) => never;

/** A decomposition: `0`, `2`, words, `(*THIS THAT)` and `(/TAG TAG)`. */
export function parsePattern(items: readonly Node[], tags: Tags, complain: Complain): Pattern {
  return items.map((item): PatternTerm => {
    if (item.type === 'list') return parseChoice(item.items, tags, (problem) => complain(item, problem));
    if (!/^\d+$/.test(item.text)) return { type: 'word', word: item.text };
    const count = Number(item.text);
    if (count > 1000) complain(item, `${item.text} is more words than a text can have`);
    return count === 0 ? { type: 'any' } : { type: 'count', count };
  });
}

function parseChoice(items: readonly Node[], tags: Tags, complain: (problem: string) => never): PatternTerm {
  const words = items.map((item) =>
    item.type === 'atom' ? item.text : complain('no list may stand in here'),
  );
  const [first = '', ...rest] = words;
  // Some scripts of the time leave the * out.
  const names = [first.replace(/^[*/]/, ''), ...rest].filter((word) => word !== '');
  if (names.length === 0) complain('this list is empty: expected (*WORD WORD) or (/TAG TAG)');
  if (!first.startsWith('/')) return { type: 'one-of', words: new Set(names) };
  return { type: 'one-of', words: new Set(names.flatMap((name) => [...(tags.get(name) ?? [])])) };
}

/** The first number in a template that is no part of the pattern; `undefined` when all are. */
export function missingPart(template: Template, pattern: Pattern): number | undefined {
  return template.find(
    (piece): piece is number => typeof piece === 'number' && (piece < 1 || piece > pattern.length),
  );
}
