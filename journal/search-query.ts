import { ColloquyError, messageOf } from '../wire/errors.ts';

/** What is looked for in the turns of meetings. */
export interface SearchQuery {
  /** Where in a text something was found, first things first; empty where not all of it is there. */
  find(text: string): readonly Found[];
  /**
   * Tells lines of a journal that may hold a match from those that cannot, by their bytes as Latin-1;
   * undefined where nothing can be told before a line is read. Global.
   */
  readonly sieve: RegExp | undefined;
}

/** A part of a text in Normalization Form C. */
export interface Found {
  readonly start: number;
  readonly end: number;
}

/**
 * All of `words` must occur, each as it was typed but for upper and lower case; or, with `isPattern`, one
 * regular expression of JavaScript. Throws ColloquyError `bad-pattern`.
 */
export function createQuery(words: readonly string[], isPattern = false): SearchQuery {
  const pieces = words.map((word) => word.normalize('NFC')).filter((word) => word !== '');
  if (pieces.length === 0) throw badPattern('say what to look for');
  if (isPattern) return { find: finderOf(pieces.map(compile)), sieve: undefined };
  const patterns = pieces.map((piece) => new RegExp(escape(piece), 'giu'));
  const runs = pieces.map(longestPlainRun);
  const longest = runs.reduce((one, other) => (other.length > one.length ? other : one));
  return { find: finderOf(patterns), sieve: longest === '' ? undefined : sieveFor(longest) };
}

function finderOf(patterns: readonly RegExp[]): SearchQuery['find'] {
  return (text) => {
    const found: Found[] = [];
    for (const pattern of patterns) {
      const matches = [...text.matchAll(pattern)];
      if (matches.length === 0) return [];
      found.push(...matches.map(({ index, 0: { length } }) => ({ start: index, end: index + length })));
    }
    return found.sort((one, other) => one.start - other.start || other.end - one.end);
  };
}

function compile(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'giu');
  } catch (error) {
    throw badPattern(messageOf(error));
  }
}

function escape(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}

/**
 * The longest part of a piece whose bytes stand in a journal as they are. Not what JSON escapes, and no
 * character that can be written in more than one way: an accent may be a character of its own.
 */
function longestPlainRun(piece: string): string {
  let longest = '';
  let run = '';
  for (const character of piece) {
    run = isPlain(character) ? run + character : '';
    if (run.length > longest.length) longest = run;
  }
  return longest;
}

function isPlain(character: string): boolean {
  return !/["\\\p{Cc}\p{Cs}\p{M}]/u.test(character) && character.normalize('NFD') === character;
}

/** Besides the run, whatever a writer of JSON has escaped without need is let through. */
function sieveFor(run: string): RegExp {
  const parts = [...run].map((character) => {
    const ways = waysToWrite(character).map((way) => escape(Buffer.from(way).toString('latin1')));
    return ways.length === 1 ? ways[0] : `(?:${ways.join('|')})`;
  });
  return new RegExp(`${parts.join('')}|\\\\u`, 'g');
}

/** All that the regular expressions of JavaScript take for one character when they ignore case. */
function waysToWrite(character: string): string[] {
  cased ??= allCased();
  return [...new Set([character, ...(cased.match(new RegExp(escape(character), 'giu')) ?? [])])];
}

let cased: string | undefined;

function allCased(): string {
  let text = '';
  // The last letter with two cases, of Adlam, is U+1E943.
  for (let code = 0x41; code <= 0x1e943; code++) {
    const character = String.fromCodePoint(code);
    if (/\p{Changes_When_Casemapped}|\p{Changes_When_Casefolded}/u.test(character)) text += character;
  }
  return text;
}

function badPattern(problem: string): ColloquyError {
  return new ColloquyError(`nothing can be searched for: ${problem}`, { code: 'bad-pattern' });
}
