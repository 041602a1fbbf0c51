import { decompose } from '../eliza/decompose.ts';
import { wordsOf, type Word } from '../eliza/words.ts';
import type { Cue, ParryScript, Phrase } from './script.ts';

/** Something in a message that he takes up, and what it left to give back. */
export interface HeardCue {
  readonly cue: Cue;
  readonly it?: string;
}

export interface Heard {
  /** The most important first. */
  readonly cues: readonly HeardCue[];
  /** A long word, to be suspicious of. */
  readonly oddWord?: string;
  readonly wordCount: number;
  /** The message without its looks, to know it again. */
  readonly gist: string;
}

/** More words than this and he does not listen to the rest. */
const mostWords = 400;
const longestEchoWords = 9;
/** Letters; shorter words are everybody's. */
const oddWordLetters = 7;

export function hearCues(message: string, script: ParryScript): Heard {
  const words = wordsOf(message).slice(0, mostWords);
  const clauses = clausesOf(words);
  const cues = script.cues.flatMap((cue): HeardCue[] => {
    for (const clause of clauses) {
      for (const phrase of cue.phrases) {
        const parts = decompose(phrase.pattern, clause);
        if (parts) return [{ cue, ...giveBack(parts, phrase, script) }];
      }
    }
    return [];
  });
  const spoken = clauses.flat();
  return {
    cues: cues.sort((one, other) => other.cue.rank - one.cue.rank),
    ...findOddWord(spoken),
    wordCount: spoken.length,
    gist: spoken.map((word) => word.key).join(' '),
  };
}

function clausesOf(words: readonly Word[]): Word[][] {
  const clauses: Word[][] = [[]];
  for (const word of words) {
    if (word.key === '.' || word.key === ',') clauses.push([]);
    else clauses.at(-1)?.push(word);
  }
  return clauses.filter((clause) => clause.length > 0);
}

function giveBack(
  parts: readonly Word[][],
  { itPart }: Phrase,
  { swap, corrections }: ParryScript,
): { it?: string } {
  const words = itPart === undefined ? [] : (parts[itPart] ?? []);
  if (words.length === 0 || words.length > longestEchoWords) return {};
  const turned = words.map((word) => swap.get(word.key) ?? word.text).join(' ');
  return { it: corrections.reduce((text, { wrong, right }) => text.replace(wrong, right), turned) };
}

function findOddWord(words: readonly Word[]): { oddWord?: string } {
  const long = words.filter(({ text }) => text.length >= oddWordLetters && /^\p{Ll}+$/u.test(text));
  const oddest = long.reduce<Word | undefined>(
    (longest, word) => (longest && longest.text.length >= word.text.length ? longest : word),
    undefined,
  );
  return oddest ? { oddWord: oddest.text } : {};
}
