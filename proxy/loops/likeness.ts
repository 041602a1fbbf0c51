import { substanceOf, type Substance } from './courtesies.ts';
import type { HeardTurn } from './evidence.ts';
import { emojiOf, numbersIn, partCode, plainWords } from './words.ts';

/** A turn as the detector remembers it. */
export interface Remark extends HeardTurn {
  readonly words: readonly string[];
  /** Pairs of neighbouring words. */
  readonly pairs: ReadonlySet<string>;
  readonly numbers: string;
  readonly code: string;
  readonly emoji: string;
  readonly substance: Substance;
  /** Words in it that nobody had said before, each as often as it stands there. */
  readonly newWords: number;
}

/** Shorter ones are the same only where every word is. */
const shortWords = 5;
/** One new word in so many is a slip of the tongue; more is a new verse. */
const wordsPerSlip = 12;

export function remember(turn: HeardTurn, heard: ReadonlySet<string>): Remark {
  const { prose, code } = partCode(turn.text);
  const words = plainWords(prose);
  return {
    ...turn,
    words,
    pairs: new Set(words.slice(1).map((word, index) => `${words[index]} ${word}`)),
    numbers: numbersIn(words),
    code,
    emoji: words.length === 0 ? emojiOf(turn.text).join('') : '',
    substance: code === '' ? substanceOf(prose) : 'something',
    newWords: words.filter((word) => !heard.has(word)).length,
  };
}

/**
 * Whether the later turn says what the earlier one said. Numbers and code must be the same to the letter,
 * since who counts gets on; and so must the words but a few, none of them new to the conversation.
 */
export function isSame(later: Remark, earlier: Remark, similarity: number): boolean {
  if (later.code !== earlier.code || later.numbers !== earlier.numbers) return false;
  if (later.words.length < shortWords || earlier.words.length < shortWords) {
    return later.emoji === earlier.emoji && later.words.join(' ') === earlier.words.join(' ');
  }
  if (later.newWords > later.words.length / wordsPerSlip) return false;
  // Who says all of it again with something new at its end is packing a suitcase.
  if (later.newWords > 0 && later.words.length > earlier.words.length) return false;
  return likeness(later.pairs, earlier.pairs) >= similarity;
}

/** Sørensen–Dice: 1 for the same, 0 for nothing in common. */
function likeness(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  let common = 0;
  for (const pair of one) if (other.has(pair)) common++;
  return (2 * common) / (one.size + other.size);
}
