import { Marked, type MarkedToken, type Token } from 'marked';
import { visibleControls } from './visible-controls.ts';

/** A stretch of a turn: understood as Markdown, or to be shown as it stands. */
export type MarkdownPiece =
  | { readonly type: 'tokens'; readonly tokens: readonly MarkedToken[] }
  | { readonly type: 'plain'; readonly text: string };

/**
 * Reads what a speaker wrote as Markdown, with control characters made visible. Some inputs cost the
 * parser time that grows with their square (measured: 16,000 characters of `__a_` take 180 ms, of prose
 * 5 ms) or all of its stack (2,000 nested quotes), so long texts are read piece by piece and very long
 * or very deep ones not at all.
 */
export function readMarkdown(text: string): MarkdownPiece[] {
  const visible = visibleControls(text);
  if (visible.length > longestMarkdownCharacters) return [{ type: 'plain', text: visible }];
  return splitAtBlankLines(visible).map((piece) => {
    if (piece.length > 2 * longestPieceCharacters) return { type: 'plain', text: piece };
    try {
      return { type: 'tokens', tokens: asMarkedTokens(marked.lexer(piece)) };
    } catch {
      return { type: 'plain', text: piece };
    }
  });
}

/** The parser types its tokens as open, for extensions; without any, these are all there are. */
export function asMarkedTokens(tokens: readonly Token[] | undefined): readonly MarkedToken[] {
  return (tokens ?? []) as readonly MarkedToken[];
}

/** A reference by name, which the parser leaves as it is. There are none to fear. */
export const namedReference = /^&[a-z][a-z0-9]{1,31};/i;

/**
 * Reads a newline as a newline, as in a chat. Raw HTML is text, so that nothing of it is lost, and so
 * are link definitions: `[whispers]: come in` would vanish.
 */
export function createMarked(): Marked {
  const none = (): undefined => undefined;
  return new Marked({ gfm: true, breaks: true, tokenizer: { html: none, tag: none, def: none } });
}

const longestMarkdownCharacters = 64_000;
const longestPieceCharacters = 8_000;

const marked = createMarked();

/** Into pieces of about the longest length, never inside a fenced block. */
function splitAtBlankLines(text: string): string[] {
  if (text.length <= longestPieceCharacters) return [text];
  const pieces: string[] = [];
  let piece = '';
  let fence: string | undefined;
  for (const line of text.split('\n')) {
    if (fence === undefined && line.trim() === '' && piece.length >= longestPieceCharacters) {
      pieces.push(piece);
      piece = '';
    }
    piece += line + '\n';
    const mark = /^\s*(`{3,}|~{3,})/.exec(line)?.[1];
    if (fence === undefined) fence = mark;
    else if (mark?.startsWith(fence) && line.trim() === mark) fence = undefined;
  }
  return [...pieces, piece];
}
