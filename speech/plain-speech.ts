import { asMarkedTokens, readMarkdown, type MarkdownPiece } from '../journal/render/markdown-tokens.ts';
import { readPieces } from '../sidecar/fences.ts';
import { readMarker } from '../sidecar/markers.ts';
import { parseSpeech } from '../wire/speech.ts';
import { phrasesFor } from './phrases.ts';
import { cleanWords, codeWords, decodeEntities, hostOf, isAddress, withoutControls } from './spoken-words.ts';

export interface ReadingStyle {
  /** What stands for a block of code: a short phrase, or nothing. */
  readonly code: 'announce' | 'skip';
  /** What is longer ends at a sentence before this, with a phrase that says so. */
  readonly maxCharacters: number;
}

export interface PlainSpeechOptions extends ReadingStyle {
  /** BCP 47: the language of the few words that are put in place of code. */
  readonly lang: string;
}

/**
 * What somebody would say who reads a turn aloud: no markup, no code, no addresses, no emoji, no control
 * tokens, and nothing that a speech program could take for an order. Empty where nothing is left to say.
 * Takes some tens of milliseconds at worst.
 */
export function toPlainSpeech(turn: string, options: PlainSpeechOptions): string {
  const phrases = phrasesFor(options.lang);
  const whole = parseSpeech(turn).text;
  const prose = withoutCode(withoutControls(whole.slice(0, longestTurnCharacters)));
  // Markup is a part of it at most, so that enough is left to speak.
  const short = prose.slice(0, 2 * options.maxCharacters);
  const lines = readMarkdown(short).flatMap((piece) => linesOf(piece));
  const code = options.code === 'announce' ? phrases?.code : undefined;
  const spoken = withPhrase(lines, code).map(cleanWords).filter(hasWords).map(endSentence).join('\n');
  const isWhole = short.length === prose.length && whole.length <= longestTurnCharacters;
  if (spoken.length <= options.maxCharacters && isWhole) return spoken;
  return [cutAtSentence(spoken, options.maxCharacters), phrases?.rest].filter(Boolean).join('\n');
}

/** With its code. A relay that reads aloud has other things to do than to look through a megabyte. */
const longestTurnCharacters = 65_536;

/** Stands where a block of code was. It is among the characters that `withoutControls` takes out. */
const codeMark = '\ue000';

/** By the same reading that finds the code to run, so that nothing is run and read as well. */
function withoutCode(text: string): string {
  const pieces = readPieces(text);
  const kept = pieces.map((piece, index) => {
    if (piece.type === 'fence') return `\n${codeMark}\n`;
    const marker = readMarker(piece.text);
    return marker && (marker.isShouted || fenceFollows(pieces, index)) ? '' : piece.text;
  });
  return kept.join('\n');
}

function fenceFollows(pieces: ReturnType<typeof readPieces>, index: number): boolean {
  for (let next = index + 1; next < pieces.length; next++) {
    const piece = pieces[next];
    if (piece?.type === 'fence') return true;
    if (piece?.text.trim() !== '') return false;
  }
  return false;
}

function linesOf(piece: MarkdownPiece): string[] {
  if (piece.type === 'plain') return unmarked(piece.text);
  try {
    return blocks(piece.tokens);
  } catch (error) {
    // Quotes within quotes, by the hundred: the parser got through, the stack ends here.
    if (error instanceof RangeError) return unmarked(piece.tokens.map(({ raw }) => raw).join(''));
    throw error;
  }
}

/** Of what is too long or too deep to be understood, at least the commonest marks go. */
function unmarked(text: string): string[] {
  return text.split('\n').map((line) => line.replace(/^[\s>#*+-]+|[*_`~|]+/g, ' '));
}

type MarkdownToken = ReturnType<typeof asMarkedTokens>[number];

/** One line for each sentence that the layout makes: a heading, an item, a row, a paragraph. */
function blocks(tokens: readonly MarkdownToken[]): string[] {
  return tokens.flatMap((token): string[] => {
    switch (token.type) {
      case 'heading':
      case 'paragraph':
        return [inline(token.tokens)];
      case 'text':
        return [token.tokens === undefined ? decodeEntities(token.text) : inline(token.tokens)];
      case 'blockquote':
        return blocks(asMarkedTokens(token.tokens));
      case 'code':
        return [codeMark];
      case 'list':
        return token.items.flatMap((item, index) => {
          const [first = '', ...rest] = blocks(asMarkedTokens(item.tokens));
          const number = token.ordered ? `${Number(token.start) + index}: ` : '';
          return first === codeMark ? [number, first, ...rest] : [number + first, ...rest];
        });
      case 'table': {
        const heads = token.header.map((cell) => inline(cell.tokens).trim());
        return token.rows.map((row) =>
          rowLine(
            heads,
            row.map((cell) => inline(cell.tokens).trim()),
          ),
        );
      }
      default:
        return [];
    }
  });
}

/** "Name: Ada; Year: 1843": by ear nobody remembers what a column is about. */
function rowLine(heads: readonly string[], cells: readonly string[]): string {
  return cells
    .map((cell, column) => ({ cell, head: heads[column] ?? '' }))
    .filter(({ cell }) => cell !== '')
    .map(({ cell, head }) => (head === '' ? cell : `${head}: ${cell}`))
    .join('; ');
}

function inline(tokens: Parameters<typeof asMarkedTokens>[0]): string {
  return asMarkedTokens(tokens).map(inlineWords).join('');
}

function inlineWords(token: MarkdownToken): string {
  switch (token.type) {
    case 'strong':
    case 'em':
    case 'del':
      return inline(token.tokens);
    case 'link':
      return isAddress(token.text) ? hostOf(token.text) : inline(token.tokens);
    case 'image':
      return decodeEntities(token.text);
    case 'codespan':
      return codeWords(token.text);
    case 'br':
      return '\n';
    case 'text':
      return token.tokens === undefined ? decodeEntities(token.text) : inline(token.tokens);
    case 'escape':
      return token.text;
    default:
      return '';
  }
}

/** The phrase where code was, once for several blocks that follow each other. */
function withPhrase(lines: readonly string[], phrase: string | undefined): string[] {
  const spoken: string[] = [];
  for (const line of lines) {
    if (!line.includes(codeMark)) spoken.push(line);
    else if (phrase !== undefined && spoken.at(-1) !== phrase) spoken.push(phrase);
  }
  return spoken;
}

function hasWords(line: string): boolean {
  return /[\p{L}\p{N}]/u.test(line);
}

/** Without a full stop, a heading and what stands below it are one sentence to a speech program. */
function endSentence(line: string): string {
  return /[.!?…:;,。！？：；、।؟۔]["'”’»«“)]*$/u.test(line) ? line : `${line}.`;
}

function cutAtSentence(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text;
  const short = text.slice(0, maxCharacters);
  const sentence = Math.max(...['. ', '! ', '? ', '\n', '。'].map((end) => short.lastIndexOf(end)));
  if (sentence > maxCharacters / 2) return short.slice(0, sentence + 1).trimEnd();
  const word = short.lastIndexOf(' ');
  return endSentence(
    (word > maxCharacters / 2 ? short.slice(0, word) : short).replace(/[\ud800-\udbff]$/, ''),
  );
}
