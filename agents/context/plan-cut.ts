/**
 * What of a conversation is kept: the messages before `head`, and those from `from` on, counted from 0. Both
 * are even, so that what is kept begins with `user` and alternates as the whole does.
 */
export interface Kept {
  readonly head: number;
  readonly from: number;
}

/** How many messages of the opening fit, in whole exchanges; one of them always stays. */
export function planHead(sizes: readonly number[], maxTokens: number): number {
  let head = Math.min(2, sizes.length - 1);
  let total = sum(sizes.slice(0, head));
  // The last message is no part of the opening.
  while (head + 2 < sizes.length) {
    total += sum(sizes.slice(head, head + 2));
    if (total > maxTokens) break;
    head += 2;
  }
  return head;
}

/** Where the latest messages that fit begin; the very last always stays. Never before `lowest`. */
export function planTail(sizes: readonly number[], lowest: number, maxTokens: number): number {
  let from = sizes.length - 1;
  let total = sizes[from] ?? 0;
  while (from - 2 >= lowest) {
    total += sum(sizes.slice(from - 2, from));
    if (total > maxTokens) break;
    from -= 2;
  }
  return from;
}

function sum(sizes: readonly number[]): number {
  return sizes.reduce((total, size) => total + size, 0);
}
