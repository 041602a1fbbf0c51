import type { ChatMessage } from '../provider.ts';

/** Counts tokens of o200k_base. What it has counted once, it knows. */
export interface TokenCounter {
  text(text: string): number;
  /** With what a template puts around it. */
  message(message: ChatMessage): number;
}

/** Around each message, and before the reply. Source: OpenAI's cookbook, "How to count tokens". */
const tokensAroundMessage = 4;

/** Takes about half a second and 70 MB, the first time. */
export async function loadTokenCounter(): Promise<TokenCounter> {
  const { countTokens } = await import('gpt-tokenizer/encoding/o200k_base');
  const known = new WeakMap<ChatMessage, number>();
  const text = (whole: string): number =>
    // What a person writes about `<|endoftext|>` is text like any other.
    piecesOf(whole).reduce((sum, piece) => sum + countTokens(piece, { disallowedSpecial: new Set() }), 0);
  return {
    text,
    message(message) {
      const count = known.get(message) ?? text(message.content) + tokensAroundMessage;
      known.set(message, count);
      return count;
    },
  };
}

/** No tokenizer needs more: at worst, each byte is a token. */
export function mostTokens(messages: readonly ChatMessage[]): number {
  return messages.reduce((sum, { content }) => sum + Buffer.byteLength(content) + tokensAroundMessage, 0);
}

/**
 * The time that a tokenizer takes grows with the square of the length of what has no boundary in it (a
 * thousand `aaaa`, a page of Chinese, an indented blank): such runs are cut, which may count a token too many.
 */
function piecesOf(text: string): string[] {
  const pieces: string[] = [];
  let start = 0;
  for (const { 0: run, index } of text.matchAll(/\S{200}|\s{200}/g)) {
    pieces.push(text.slice(start, index + run.length));
    start = index + run.length;
  }
  pieces.push(text.slice(start));
  return pieces;
}
