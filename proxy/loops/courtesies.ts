import { agreementWords, goodbyeWords, thanksWords } from './courtesy-words.ts';
import { emojiOf, plainText } from './words.ts';

/**
 * What there is to a turn: `goodbye`, `thanks` and `agreement` say nothing else; `nothing` has no words and
 * no emoji that tells anything.
 */
export type Substance = 'goodbye' | 'thanks' | 'agreement' | 'nothing' | 'something';

/** Above this an assent has something to add, even if it does not look so. */
const longestAssentWords = 12;
/** Longer ones hold a thought, whatever they begin with. */
const longestCourtesyWords = 120;
/** A longer question wants to know something. */
const longestEmptyQuestionWords = 3;

/** What people close with; any other emoji may be a move in a game. */
const partingEmoji = new Set([...'🙏✨❤💖💕💛💙💜💚🧡🌟⭐💫😊😀😄🙂😌🤗👋👍👏🎉🥰😘🌈🌸🌹🌻☺🤝🫶🕊♾🌌🌙☀']);

export function substanceOf(text: string): Substance {
  const clauses = clausesOf(text);
  const total = sum(clauses.map(({ words }) => words));
  if (total === 0) return emojiOf(text).every((emoji) => partingEmoji.has(emoji)) ? 'nothing' : 'something';
  if (total > longestCourtesyWords) return 'something';
  if (
    clauses.some(({ kind, isQuestion, words }) => isQuestion && !kind && words > longestEmptyQuestionWords)
  ) {
    return 'something';
  }
  const weightOf = (kind: Clause['kind']): number =>
    sum(clauses.filter((clause) => clause.kind === kind).map(({ words }) => words));
  const [goodbye, thanks, agreement] = [weightOf('goodbye'), weightOf('thanks'), weightOf('agreement')];
  if (goodbye + thanks + agreement < total * (total <= longestAssentWords ? 0.5 : 0.6)) return 'something';
  if (goodbye + thanks > 0) return goodbye >= thanks / 2 && goodbye > 0 ? 'goodbye' : 'thanks';
  return total <= longestAssentWords && agreement >= total * 0.6 ? 'agreement' : 'something';
}

interface Clause {
  readonly words: number;
  readonly kind: 'goodbye' | 'thanks' | 'agreement' | undefined;
  readonly isQuestion: boolean;
}

function clausesOf(text: string): Clause[] {
  const sentences = text.match(/[^.!?;:…\n]+[.!?;:…]*/gu) ?? [];
  return sentences.flatMap((sentence) =>
    sentence.split(/[,—–]| - /u).map((part) => {
      const plain = plainText(part);
      const words = plain === '' ? 0 : plain.split(' ').length;
      return {
        words,
        kind: kindOf(plain, words),
        isQuestion: /[?;]\s*$/u.test(sentence) && sentence.includes('?'),
      };
    }),
  );
}

/** Whoever gives thanks for figures says more than thanks. */
function kindOf(plain: string, words: number): Clause['kind'] {
  if (words === 0 || /\p{N}/u.test(plain)) return undefined;
  const counts = {
    goodbye: wordsIn(plain, goodbyeWords),
    thanks: wordsIn(plain, thanksWords),
    agreement: wordsIn(plain, agreementWords),
  };
  if (counts.goodbye > 0 && counts.goodbye >= counts.thanks)
    return isMostly(counts.goodbye, words) ? 'goodbye' : undefined;
  if (counts.thanks > 0) return isMostly(counts.thanks, words) ? 'thanks' : undefined;
  return counts.agreement * 2 >= words ? 'agreement' : undefined;
}

/** A phrase carries some words around it: `thank you for this`, `I wish you all the best for the way home`. */
function isMostly(phraseWords: number, words: number): boolean {
  return words <= 6 + phraseWords * 6;
}

function wordsIn(plain: string, phrases: RegExp): number {
  return sum((plain.match(phrases) ?? []).map((phrase) => phrase.split(' ').length));
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
