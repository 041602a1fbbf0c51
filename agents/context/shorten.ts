import type { TokenCounter } from './count-tokens.ts';

/** What a text has lost of its middle. */
export interface Shortened {
  readonly text: string;
  readonly characters: number;
}

/** The head and the tail of a text, with a mark between them, in at most `maxTokens`. */
export function shortenMiddle(text: string, maxTokens: number, counter: TokenCounter): Shortened {
  const tokens = counter.text(text);
  if (tokens <= maxTokens) return { text, characters: 0 };
  for (let share = maxTokens / tokens; ; share *= 0.9) {
    const kept = Math.floor((text.length * share) / 2);
    const [head, tail] = [wholeHead(text, kept), wholeTail(text, kept)];
    const characters = text.length - head.length - tail.length;
    const shortened = `${head}\n[… ${characters} characters are left out here …]\n${tail}`;
    if (kept === 0 || counter.text(shortened) <= maxTokens) return { text: shortened, characters };
  }
}

/** Half a character is none. */
function wholeHead(text: string, length: number): string {
  return text.slice(0, length).replace(/[\uD800-\uDBFF]$/, '');
}

function wholeTail(text: string, length: number): string {
  return text.slice(text.length - length).replace(/^[\uDC00-\uDFFF]/, '');
}
