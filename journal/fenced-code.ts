/**
 * The lines of a text, to be asked whether some code is a fenced block of it, whole and as it is. Which
 * fences count, and how deep a block may be indented or quoted, is up to whoever takes the code out of the
 * text: here it is enough that the code fills all there is between a marker or a fence and a fence.
 */
export class FencedCode {
  readonly #lines: readonly string[];
  /** Of the lines that may close a block. */
  readonly #ends: readonly number[];

  constructor(text: string) {
    this.#lines = splitLines(text);
    this.#ends = [...this.#lines.keys()].filter((index) => closing.test(this.#lines[index] ?? ''));
  }

  has(code: string): boolean {
    const wanted = withoutBlankEnds(splitLines(code));
    let budget = mostComparisons;
    return this.#ends.some((end) => {
      if (budget-- <= 0) return false;
      const quotes = countQuotes(this.#lines[end] ?? '');
      const last = this.#lastWords(end - 1, quotes);
      const first = last - wanted.length + 1;
      if (first < 1 || this.#line(first, quotes).trim() === '') return false;
      if (!opening.test(this.#lines[this.#lastWords(first - 1, quotes)] ?? '')) return false;
      const depth = indentation(this.#line(first, quotes)) - indentation(wanted[0] ?? '');
      for (let index = wanted.length - 1; index >= 0; index--) {
        if (budget-- <= 0) return false;
        if (!isLine(this.#line(first + index, quotes), wanted[index] ?? '', depth)) return false;
      }
      return true;
    });
  }

  #line(index: number, quotes: number): string {
    const line = this.#lines[index] ?? '';
    return quotes === 0 ? line : line.replace(new RegExp(`^(?:[ \\t]*>){0,${quotes}}`), '');
  }

  /** From `index` upwards, the first line that is not blank. */
  #lastWords(index: number, quotes: number): number {
    while (index >= 0 && this.#line(index, quotes).trim() === '') index--;
    return index;
  }
}

/** Enough for every text that is not made to be slow; beyond, code counts as not found, and is shown. */
const mostComparisons = 200_000;
const mostQuotes = 20;

const closing = /^[\s>]*(?:`{3,}|~{3,})\s*$/;
const opening = /```|~~~|RUN.CODE|TEST.ASSERT/i;

function countQuotes(line: string): number {
  return Math.min(mostQuotes, /^[\s>]*/.exec(line)?.[0].match(/>/g)?.length ?? 0);
}

/** Blank at the end of a line makes no difference. */
function isLine(line: string, wanted: string, depth: number): boolean {
  if (line.trim() === '' || wanted.trim() === '') return line.trim() === wanted.trim();
  return depth >= 0 && line.slice(0, depth).trim() === '' && line.slice(depth).trimEnd() === wanted.trimEnd();
}

function indentation(line: string): number {
  return line.search(/\S/);
}

/** As Python ends its lines. */
function splitLines(text: string): string[] {
  return text.split(/\r\n|\n|\r/);
}

function withoutBlankEnds(lines: readonly string[]): readonly string[] {
  const first = lines.findIndex((line) => line.trim() !== '');
  const last = lines.findLastIndex((line) => line.trim() !== '');
  return lines.slice(Math.max(0, first), last + 1);
}
