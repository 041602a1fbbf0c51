import type { Language } from '../journal/block.ts';

/** Code with its comments, and in `bare` its strings too, turned into spaces. Nothing moves, no line goes. */
export interface MaskedCode {
  readonly code: string;
  readonly bare: string;
}

/**
 * Tells code from comments and strings, roughly: enough that words in them set no rule off. A docstring is
 * a comment; what an f-string, a template or a double-quoted string of Bash evaluates is code. The regular
 * expressions of JavaScript and the here-documents of Bash are not known. Takes time in proportion to the
 * length.
 */
export function maskCode(text: string, language: Language): MaskedCode {
  const { comment, opening, plain, describe } = grammars[language];
  const code: string[] = [];
  const bare: string[] = [];
  /** The strings that are open here, innermost last, each with the brackets open in its hole. */
  const open: { readonly string: StringRules; readonly isRemark: boolean; depth: number }[] = [];
  let index = 0;
  const take = (length: number, as: 'code' | 'string' | 'comment'): void => {
    const piece = text.slice(index, index + length);
    code.push(as === 'comment' ? blank(piece) : piece);
    bare.push(as === 'code' ? piece : blank(piece));
    index += length;
  };

  while (index < text.length) {
    const inner = open.at(-1);
    if (inner?.depth === 0) {
      const next = nextInString(text, index, inner.string);
      if (next.type === 'end') open.pop();
      if (next.type === 'hole') inner.depth = 1;
      take(next.length, next.type !== 'text' ? 'code' : inner.isRemark ? 'comment' : 'string');
      continue;
    }
    const commented = lengthAt(comment, text, index);
    if (commented > 0) {
      take(commented, 'comment');
      continue;
    }
    const opened = lengthAt(opening, text, index);
    if (opened > 0) {
      const string = describe(text.slice(index, index + opened));
      open.push({ string, isRemark: string.isDocstring === true && beginsLine(text, index), depth: 0 });
    } else if (inner) {
      const [begin, end] = inner.string.hole === '$(' ? '()' : '{}';
      if (text[index] === begin) inner.depth++;
      if (text[index] === end) inner.depth--;
    }
    take(opened || lengthAt(plain, text, index) || 1, 'code');
  }
  return { code: code.join(''), bare: bare.join('') };
}

interface StringRules {
  readonly quote: string;
  readonly hasEscapes: boolean;
  readonly spansLines: boolean;
  /** Such a string at the beginning of a line explains the code. */
  readonly isDocstring?: boolean;
  /** What begins code inside the string. */
  readonly hole?: '{' | '${' | '$(' | undefined;
}

/** What stands next inside a string. A doubled brace is a brace. */
function nextInString(
  text: string,
  index: number,
  { quote, hasEscapes, spansLines, hole }: StringRules,
): { type: 'text' | 'end' | 'hole'; length: number } {
  if (text.startsWith(quote, index)) return { type: 'end', length: quote.length };
  if (text[index] === '\n' && !spansLines) return { type: 'end', length: 1 };
  if (text[index] === '\\' && hasEscapes) return { type: 'text', length: 2 };
  if (hole === '{' && text.startsWith('{{', index)) return { type: 'text', length: 2 };
  if (hole && text.startsWith(hole, index)) return { type: 'hole', length: hole.length };
  return { type: 'text', length: lengthAt(dull, text, index) || 1 };
}

const dull = /[^\\\n'"`{$]+/y;

interface Grammar {
  readonly comment: RegExp;
  /** What opens a string, with its prefix. */
  readonly opening: RegExp;
  /** Code that neither opens anything nor is a bracket. */
  readonly plain: RegExp;
  readonly describe: (opening: string) => StringRules;
}

const grammars: Readonly<Record<Language, Grammar>> = {
  python: {
    comment: /#[^\n]*/y,
    opening: /(?:[rbfut]{0,2})(?:'''|"""|'|")/iy,
    plain: /\w+|[^\w#'"{}]+/y,
    describe(opening) {
      const quote = opening.replace(/^\w+/, '');
      const prefix = opening.slice(0, -quote.length);
      // Even in a raw string a backslash keeps the quote after it from ending the string.
      return {
        quote,
        hasEscapes: true,
        spansLines: quote.length === 3,
        isDocstring: quote.length === 3,
        hole: /[ft]/i.test(prefix) ? '{' : undefined,
      };
    },
  },
  bash: {
    comment: /(?<![^\s;|&(])#[^\n]*/y,
    opening: /['"]/y,
    plain: /\\[\s\S]|[\w \t]+/y,
    describe: (quote) => ({
      quote,
      hasEscapes: quote === '"',
      spansLines: true,
      hole: quote === '"' ? '$(' : undefined,
    }),
  },
  javascript: {
    comment: /\/\/[^\n]*|\/\*(?:[\s\S]*?\*\/|[\s\S]*)/y,
    opening: /['"`]/y,
    plain: /\w+|[^\w/'"`{}]+/y,
    describe: (quote) => ({
      quote,
      hasEscapes: true,
      spansLines: quote === '`',
      hole: quote === '`' ? '${' : undefined,
    }),
  },
};

/** Looks back by 200 columns of indentation at most, so that no code makes it slow. */
function beginsLine(text: string, index: number): boolean {
  return /(?:^|\n)[ \t]*$/.test(text.slice(Math.max(0, index - 200), index));
}

function lengthAt(pattern: RegExp, text: string, index: number): number {
  pattern.lastIndex = index;
  return pattern.exec(text)?.[0].length ?? 0;
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ');
}
