/** A part of two texts that they have in common, or that only one of them has. */
export interface WordPart {
  readonly type: 'same' | 'left' | 'right';
  readonly text: string;
}

/** What two texts have in common is worth showing from this share of the shorter one on. */
const leastLikeness = 0.3;
/** The table of a comparison has so many cells at most; longer texts count as wholly different. */
const mostCells = 4_000_000;

/** Word by word, in the order of both texts. Texts with little in common are one part each. */
export function diffWords(left: string, right: string): WordPart[] {
  if (left === right) return left === '' ? [] : [{ type: 'same', text: left }];
  const [lefts, rights] = [wordsOf(left), wordsOf(right)];
  const pairs = commonPairs(lefts, rights, (one, other) => one === other);
  const isWord = (text: string): boolean => /[\p{L}\p{N}]/u.test(text);
  const shared = pairs.filter(([at]) => isWord(lefts[at] ?? '')).length;
  const least = Math.min(lefts.filter(isWord).length, rights.filter(isWord).length);
  if (shared < least * leastLikeness) return whole(left, right);
  const parts: WordPart[] = [];
  let [leftAt, rightAt] = [0, 0];
  for (const [leftNext, rightNext] of [...pairs, [lefts.length, rights.length] as const]) {
    push(parts, 'left', lefts.slice(leftAt, leftNext));
    push(parts, 'right', rights.slice(rightAt, rightNext));
    push(parts, 'same', lefts.slice(leftNext, leftNext + 1));
    [leftAt, rightAt] = [leftNext + 1, rightNext + 1];
  }
  return parts;
}

/**
 * The places of a longest common subsequence. Where it would take too much to find, of the beginnings and the
 * ends alone, which cost nothing.
 */
export function commonPairs<T>(
  left: readonly T[],
  right: readonly T[],
  isSame: (one: T, other: T) => boolean,
): (readonly [number, number])[] {
  const shorter = Math.min(left.length, right.length);
  const same = (leftAt: number, rightAt: number): boolean => isSame(left[leftAt] as T, right[rightAt] as T);
  let head = 0;
  while (head < shorter && same(head, head)) head++;
  let tail = 0;
  while (tail < shorter - head && same(left.length - 1 - tail, right.length - 1 - tail)) tail++;
  const [rows, columns] = [left.length - head - tail, right.length - head - tail];
  // lengths[row][column]: how many the ends have in common that begin there.
  const width = columns + 1;
  const isTooMuch = (rows + 1) * width > mostCells;
  const lengths = new Uint32Array(isTooMuch ? 0 : (rows + 1) * width);
  for (let row = isTooMuch ? -1 : rows - 1; row >= 0; row--) {
    for (let column = columns - 1; column >= 0; column--) {
      const at = row * width + column;
      lengths[at] = same(head + row, head + column)
        ? (lengths[at + width + 1] ?? 0) + 1
        : Math.max(lengths[at + width] ?? 0, lengths[at + 1] ?? 0);
    }
  }
  const pairs = Array.from({ length: head }, (_, index) => [index, index] as const);
  for (let [row, column] = [0, 0]; !isTooMuch && row < rows && column < columns;) {
    const at = row * width + column;
    if (same(head + row, head + column)) pairs.push([head + row++, head + column++]);
    else if ((lengths[at + width] ?? 0) >= (lengths[at + 1] ?? 0)) row++;
    else column++;
  }
  for (let index = tail; index > 0; index--) pairs.push([left.length - index, right.length - index]);
  return pairs;
}

/** Words, the white space between them, and each other character by itself. */
function wordsOf(text: string): string[] {
  return text.match(/[\p{L}\p{M}\p{N}_'’-]+|\s+|[^]/gu) ?? [];
}

function whole(left: string, right: string): WordPart[] {
  const parts: WordPart[] = [];
  push(parts, 'left', [left]);
  push(parts, 'right', [right]);
  return parts;
}

function push(parts: WordPart[], type: WordPart['type'], words: readonly string[]): void {
  const text = words.join('');
  if (text === '') return;
  const last = parts.at(-1);
  if (last?.type === type) parts[parts.length - 1] = { type, text: last.text + text };
  else parts.push({ type, text });
}
