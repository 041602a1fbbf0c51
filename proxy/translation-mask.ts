import { readPieces } from '../sidecar/fences.ts';
import { readMarker } from '../sidecar/markers.ts';

/** A text with marks such as ⟦1⟧ in the place of all that no translation may change. */
export interface Masked {
  readonly text: string;
  /** What the marks stand for: number 1 is the first. */
  readonly kept: readonly Kept[];
  /** Blank around the text, which models do not keep. */
  readonly lead: string;
  readonly tail: string;
  /** Whether anything is left to translate. */
  readonly hasWords: boolean;
}

interface Kept {
  readonly text: string;
  /** It fills lines of its own. */
  readonly isBlock: boolean;
}

export type Unmasked =
  | { readonly type: 'whole'; readonly text: string }
  /** One sentence for whoever translated, on what to do better. */
  | { readonly type: 'garbled'; readonly problem: string };

/**
 * Hides what must stay as it is: code in fences with the markers above them, code in backticks, addresses,
 * control words and names. Takes time in proportion to the length of the text, but for the number of names.
 */
export function maskText(text: string, names: readonly string[]): Masked {
  const kept: Kept[] = [];
  const hide = (what: string, isBlock: boolean): string => {
    kept.push({ text: what, isBlock });
    return `⟦${kept.length}⟧`;
  };
  const keptNames = patternOf(names);
  const masked = readStretches(text)
    .map((stretch) => (stretch.isCode ? hide(stretch.text, true) : maskProse(stretch.text, keptNames, hide)))
    .join('');
  const words = masked.trim();
  const start = masked.length - masked.trimStart().length;
  return {
    text: words,
    kept,
    lead: masked.slice(0, start),
    tail: masked.slice(start + words.length),
    hasWords: /\p{L}/u.test(words),
  };
}

/** Puts everything back where its mark stands. Each mark must be there once, and those of blocks in their order. */
export function unmaskText(translated: string, { kept, lead, tail }: Masked): Unmasked {
  const counts = new Map<number, number>();
  let lastBlock = 0;
  for (const [mark, digits] of translated.matchAll(anyMark)) {
    const number = Number(digits);
    const piece = kept[number - 1];
    if (!piece) return garbled(`${mark} was not in the text; use only the marks that are`);
    counts.set(number, (counts.get(number) ?? 0) + 1);
    if (!piece.isBlock) continue;
    if (number < lastBlock) return garbled(`⟦${number}⟧ came after ⟦${lastBlock}⟧; keep them in their order`);
    lastBlock = number;
  }
  const wrong = [...kept.keys()].map((index) => index + 1).filter((number) => counts.get(number) !== 1);
  if (wrong.length > 0) {
    const shown = wrong.slice(0, mostShown).map((number) => `⟦${number}⟧`);
    const more = wrong.length > mostShown ? ' and others' : '';
    return garbled(`${shown.join(', ')}${more} must stand in the translation exactly once`);
  }
  return { type: 'whole', text: lead + putBack(translated.trim(), kept) + tail };
}

const anyMark = /⟦\s*(\d{1,7})\s*⟧/g;
const mostShown = 10;

function garbled(problem: string): Unmasked {
  return { type: 'garbled', problem };
}

/** A block is given lines of its own, should it have lost them: a fence within a line would be none. */
function putBack(translated: string, kept: readonly Kept[]): string {
  const parts: string[] = [];
  let from = 0;
  let isBehindBlock = false;
  const add = (words: string): void => {
    if (isBehindBlock && words !== '' && !/^[ \t]*[\r\n]/.test(words)) parts.push('\n', words.trimStart());
    else parts.push(words);
  };
  for (const { index, 0: mark, 1: digits } of translated.matchAll(anyMark)) {
    const piece = kept[Number(digits) - 1];
    if (!piece) continue;
    const words = translated.slice(from, index);
    add(piece.isBlock ? words.replace(/[ \t]+$/, '') : words);
    if (piece.isBlock && parts.some((part) => part !== '') && !isLineEnd(parts)) parts.push('\n');
    parts.push(piece.text);
    isBehindBlock = piece.isBlock;
    from = index + mark.length;
  }
  add(translated.slice(from));
  return parts.join('');
}

function isLineEnd(parts: readonly string[]): boolean {
  return /[\r\n]$/.test(parts.findLast((part) => part !== '') ?? '');
}

interface Stretch {
  readonly isCode: boolean;
  readonly text: string;
}

/** Fenced blocks, each with the marker right above it, and what stands between them. Together they are the text. */
function readStretches(text: string): Stretch[] {
  const starts = lineStarts(text);
  const stretches: { isCode: boolean; from: number }[] = [];
  let isBelowMarker = false;
  for (const piece of readPieces(text)) {
    const from = starts[piece.line - 1] ?? 0;
    const isFence = piece.type === 'fence';
    const isMarker = !isFence && readMarker(piece.text)?.isShouted === true;
    // An empty line may part a marker from its block.
    const goesOn: boolean = isBelowMarker && (isFence || piece.text.trim() === '');
    const isCode = isFence || isMarker || goesOn;
    if (!goesOn && (isCode || stretches.at(-1)?.isCode !== false)) stretches.push({ isCode, from });
    isBelowMarker = isMarker || (goesOn && !isFence);
  }
  return stretches.flatMap(({ isCode, from }, index) => {
    const to = stretches[index + 1]?.from ?? text.length;
    const stretch = text.slice(from, to);
    if (!isCode) return [{ isCode, text: stretch }];
    // The end of the last line stays outside, so that the mark has a line of its own.
    const end = /(?:\r\n|\n|\r)$/.exec(stretch)?.[0] ?? '';
    const code = { isCode, text: stretch.slice(0, stretch.length - end.length) };
    return end === '' ? [code] : [code, { isCode: false, text: end }];
  });
}

/** Where each line begins, lines ending as `readPieces` has them end. */
function lineStarts(text: string): number[] {
  const starts = [0];
  for (const match of text.matchAll(/\r\n|\n|\r/g)) starts.push(match.index + match[0].length);
  return starts;
}

type Hide = (what: string, isBlock: boolean) => string;

function maskProse(prose: string, names: RegExp | undefined, hide: Hide): string {
  // Backticks do not reach over an empty line.
  return prose
    .split(/(\n[ \t]*(?=\n))/)
    .map((paragraph) =>
      mapOutside(
        paragraph,
        inlineCode(paragraph),
        (code) => hide(code, false),
        (rest) => maskWords(rest, names, hide),
      ),
    )
    .join('');
}

function maskWords(prose: string, names: RegExp | undefined, hide: Hide): string {
  const found = matchesOf(prose, keptWords).map(({ from, to }) => {
    const word = prose.slice(from, to);
    return { from, to: isAddress.test(word) ? from + withoutTrailingMarks(word).length : to };
  });
  return mapOutside(
    prose,
    found,
    (word) => hide(word, false),
    (rest) =>
      names
        ? mapOutside(
            rest,
            matchesOf(rest, names),
            (name) => hide(name, false),
            (same) => same,
          )
        : rest,
  );
}

interface Range {
  readonly from: number;
  readonly to: number;
}

/** Ranges come in their order and do not overlap. */
function mapOutside(
  text: string,
  ranges: readonly Range[],
  inside: (text: string) => string,
  outside: (text: string) => string,
): string {
  let mapped = '';
  let end = 0;
  for (const { from, to } of ranges) {
    mapped += outside(text.slice(end, from)) + inside(text.slice(from, to));
    end = to;
  }
  return mapped + outside(text.slice(end));
}

function matchesOf(text: string, pattern: RegExp): Range[] {
  return [...text.matchAll(pattern)].map(({ index, 0: match }) => ({
    from: index,
    to: index + match.length,
  }));
}

/** From a run of backticks to the next one of the same length. Source: CommonMark 0.31, section 6.1. */
function inlineCode(text: string): Range[] {
  const runs = matchesOf(text, /`+/g);
  const byLength = new Map<number, { readonly starts: number[]; next: number }>();
  for (const { from, to } of runs) {
    const same = byLength.get(to - from);
    if (same) same.starts.push(from);
    else byLength.set(to - from, { starts: [from], next: 0 });
  }
  const ranges: Range[] = [];
  let end = 0;
  for (const { from, to } of runs) {
    const same = byLength.get(to - from);
    if (from < end || !same) continue;
    while ((same.starts[same.next] ?? Infinity) <= from) same.next++;
    const close = same.starts[same.next];
    if (close === undefined) continue;
    end = close + to - from;
    ranges.push({ from, to: end });
  }
  return ranges;
}

/** Marks that were there before, addresses, targets of links, markers of code, and control words. */
const keptWords = new RegExp(
  [
    '⟦\\s*\\d{1,7}\\s*⟧',
    '\\b(?:https?|ftps?|file|mailto):[^\\s<>"`⟦⟧]+',
    '\\bwww\\.[^\\s<>"`⟦⟧]+',
    '(?<![\\w.+-])[\\w.+-]{1,64}@[\\w-]{1,63}(?:\\.[\\w-]{1,63})+',
    '(?<=\\]\\()[^\\s()]{1,2000}(?=\\))',
    '(?<![A-Za-z0-9])(?:RUN[-_\\u2010-\\u2013]CODE|TEST[-_\\u2010-\\u2013]ASSERT)(?![A-Za-z0-9])',
    '(?<![\\w/])/(?:bye|end|stop|help|start|note|iam)(?![\\w/])',
  ].join('|'),
  'gu',
);
const isAddress = /^(?:https?|ftps?|file|mailto|www)[:.]/;

/** The end of a sentence is no part of an address, and a bracket only if it was opened there. */
function withoutTrailingMarks(address: string): string {
  let unopened = address.split(')').length - address.split('(').length;
  let end = address.length;
  for (; end > 1; end--) {
    const last = address[end - 1] ?? '';
    if (last === ')' && unopened-- > 0) continue;
    if (!/[.,;:!?'"*_~…。、，；：！？·»“”’\]}]/.test(last)) break;
  }
  return address.slice(0, end);
}

/** The names as they are, and what they are made of: who is called "Dr. Ada Quill" is spoken to as "Ada". */
function patternOf(names: readonly string[]): RegExp | undefined {
  const wanted = new Set(
    names.flatMap((name) => [name.trim(), ...partsOf(name)]).filter((name) => name.length >= shortestName),
  );
  if (wanted.size === 0) return undefined;
  const longestFirst = [...wanted].sort((one, other) => other.length - one.length);
  return new RegExp(
    `(?<![\\p{L}\\p{N}_])(?:${longestFirst.map(escapePattern).join('|')})(?![\\p{L}\\p{N}_])`,
    'gu',
  );
}

/** A single letter is an initial, or a word. */
const shortestName = 2;
const shortestPart = 3;

function partsOf(name: string): string[] {
  const parts = name.split(/[\s,]+/).filter((part) => part !== '');
  if (parts.length < 2) return [];
  return parts.filter(
    (part) =>
      part.length >= shortestPart && /^\p{Lu}/u.test(part) && !part.endsWith('.') && !commonParts.has(part),
  );
}

/** Parts of names that are words of their language too, and are translated. */
const commonParts: ReadonlySet<string> = new Set([
  ...['The', 'Der', 'Die', 'Das', 'Les', 'Los', 'Las', 'Captain', 'Capitaine', 'Judge', 'Doctor', 'Doktor'],
  ...[
    'Professor',
    'Sir',
    'Lady',
    'Lord',
    'Miss',
    'Mister',
    'Madame',
    'Monsieur',
    'Frau',
    'Herr',
    'Don',
    'Sor',
  ],
]);

function escapePattern(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
