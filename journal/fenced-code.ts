/**
 * The fenced blocks of a text, to be asked whether some code is one of them, whole and as it is. How
 * deep a block is indented, and blank at the ends of lines and of the block, make no difference: whoever
 * took the code out of the text may have left them away.
 */
export class FencedCode {
  readonly #blocks: ReadonlySet<string>;

  constructor(text: string) {
    this.#blocks = new Set(fencedBlocks(text).map(normalize));
  }

  has(code: string): boolean {
    return this.#blocks.has(normalize(code.split('\n')));
  }
}

/** Also behind the signs of lists and quotes. Source: CommonMark 0.31, section 4.5. */
const openingFence = /^(?:\s|>|[-*+]\s|\d{1,9}[.)]\s)*(`{3,}(?=[^`]*$)|~{3,})/;

function fencedBlocks(text: string): string[][] {
  const blocks: string[][] = [];
  let block: { readonly fence: string; readonly lines: string[] } | undefined;
  for (const line of text.split('\n')) {
    const bare = line.trim();
    if (!block) {
      const fence = openingFence.exec(line.trimEnd())?.[1];
      if (fence !== undefined) block = { fence, lines: [] };
    } else if (bare.startsWith(block.fence) && bare === (bare[0] ?? '').repeat(bare.length)) {
      blocks.push(block.lines);
      block = undefined;
    } else {
      block.lines.push(line);
    }
  }
  return blocks;
}

function normalize(lines: readonly string[]): string {
  const trimmed = lines.map((line) => line.trimEnd());
  let depth = Infinity;
  for (const line of trimmed) if (line !== '') depth = Math.min(depth, line.search(/\S/));
  return trimmed
    .map((line) => line.slice(depth))
    .join('\n')
    .replace(/^\n+/, '')
    .trimEnd();
}
