import type { Pattern, PatternTerm } from './script.ts';
import type { Word } from './words.ts';

/**
 * Takes a text apart: one list of words for each term of the pattern, or `undefined` where it does not fit.
 * Every `0` takes as few words as it can, but the last one takes all that is needed to reach the end.
 *
 * The pattern is cut before each `0`. What follows a `0` has a known length, so the leftmost place where it
 * fits is always the right one, and the time is bounded by words times terms.
 */
export function decompose(pattern: Pattern, words: readonly Word[]): Word[][] | undefined {
  const parts: Word[][] = [];
  let from = 0;
  for (const segment of segmentsOf(pattern)) {
    const end = segment.isLast ? words.length - segment.length : from;
    const start = segment.startsWithAny ? firstFit(segment, words, from, end) : from;
    if (start === undefined) return undefined;
    const found = partsAt(segment, words, start);
    if (!found) return undefined;
    if (segment.startsWithAny) parts.push(words.slice(from, start));
    parts.push(...found);
    from = start + segment.length;
  }
  return from === words.length ? parts : undefined;
}

interface Segment {
  readonly startsWithAny: boolean;
  /** The terms without that `0`. */
  readonly terms: readonly FixedTerm[];
  /** How many words they take. */
  readonly length: number;
  readonly isLast: boolean;
}

type FixedTerm = Exclude<PatternTerm, { type: 'any' }>;

function segmentsOf(pattern: Pattern): readonly Segment[] {
  const cached = segmentCache.get(pattern);
  if (cached) return cached;
  const cuts = pattern.flatMap((term, index) => (term.type === 'any' || index === 0 ? [index] : []));
  const segments = cuts.map((cut, index): Segment => {
    const slice = pattern.slice(cut, cuts[index + 1]);
    const terms = slice.filter((term): term is FixedTerm => term.type !== 'any');
    const length = terms.reduce((sum, term) => sum + (term.type === 'count' ? term.count : 1), 0);
    return { startsWithAny: slice[0]?.type === 'any', terms, length, isLast: index === cuts.length - 1 };
  });
  segmentCache.set(pattern, segments);
  return segments;
}

const segmentCache = new WeakMap<Pattern, readonly Segment[]>();

function firstFit(segment: Segment, words: readonly Word[], from: number, end: number): number | undefined {
  // The last `0` takes whatever is left: there is only one place to look at.
  if (segment.isLast) return end >= from ? end : undefined;
  for (let start = from; start + segment.length <= words.length; start++) {
    if (partsAt(segment, words, start)) return start;
  }
  return undefined;
}

function partsAt(segment: Segment, words: readonly Word[], start: number): Word[][] | undefined {
  if (start + segment.length > words.length) return undefined;
  const parts: Word[][] = [];
  let at = start;
  for (const term of segment.terms) {
    const count = term.type === 'count' ? term.count : 1;
    if (!fits(term, words[at])) return undefined;
    parts.push(words.slice(at, at + count));
    at += count;
  }
  return parts;
}

function fits(term: FixedTerm, word: Word | undefined): boolean {
  switch (term.type) {
    case 'count':
      return true;
    case 'word':
      return word?.key === term.word;
    case 'one-of':
      return word !== undefined && term.words.has(word.key);
  }
}
