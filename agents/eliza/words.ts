import { plainText } from './plain-text.ts';

/** A word of the text: `key` is compared, `text` is said. */
export interface Word {
  /** In capitals. */
  readonly key: string;
  /** As it was typed, without the capital that only the start of a sentence gave it. */
  readonly text: string;
}

/** More than anybody says at a time. It bounds what a hostile or talkative partner can cost. */
const mostWords = 2000;
/** Longer than any word; text without blanks is a single word here. */
const longestWord = 60;

/** The words of a message, with every comma and full stop as a word of its own. */
export function wordsOf(message: string): Word[] {
  const text = plainText(message);
  const shouted = text === text.toUpperCase() && /\p{Lu}{2}/u.test(text);
  const tokens = text.match(/[.,]|[^\s.,]+(?:(?<=\d)[.,](?=\d)[^\s.,]+)*/gu)?.slice(0, mostWords) ?? [];
  return tokens.flatMap((token, index) => {
    const word = token.slice(0, longestWord);
    const opens = index === 0 || tokens[index - 1] === '.';
    const asTyped = shouted || (opens && onlyOpens(word, tokens[index + 1])) ? word.toLowerCase() : word;
    return [{ key: word.toUpperCase(), text: asTyped }];
  });
}

/** Words of a text that a script made. */
export function plainWords(text: string): Word[] {
  return text.split(/\s+/).flatMap((word) => (word === '' ? [] : [{ key: word.toUpperCase(), text: word }]));
}

/** Whether a capital is there for the start of the sentence alone: two in a row are a name. */
function onlyOpens(word: string, next: string | undefined): boolean {
  return (
    /^\p{Lu}[\p{Ll}'-]*$/u.test(word) && !/^I(?:'\p{L}+)?$/u.test(word) && !/^\p{Lu}\p{Ll}/u.test(next ?? '')
  );
}
