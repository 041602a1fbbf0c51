import type { Seat } from '../wire/types.ts';
import type { Conversation, Entry } from './conversation.ts';
import { commonPairs, diffWords, type WordPart } from './word-diff.ts';

export interface ComparedTurn {
  readonly turn: number;
  readonly seat: Seat;
  readonly name: string;
  readonly text: string;
}

/** Turns of two meetings that stand beside each other. */
export type ComparedRow =
  | { readonly type: 'same'; readonly left: ComparedTurn; readonly right: ComparedTurn }
  | {
      readonly type: 'changed';
      readonly left: ComparedTurn;
      readonly right: ComparedTurn;
      readonly words: readonly WordPart[];
    }
  | { readonly type: 'left'; readonly left: ComparedTurn }
  | { readonly type: 'right'; readonly right: ComparedTurn };

export interface Comparison {
  /** How many turns the two have in common at their beginnings. */
  readonly common: number;
  readonly rows: readonly ComparedRow[];
}

/**
 * Sets two meetings side by side. Turns are the same with the same words of the same seat, whatever it is called;
 * between those, one turn after the other of the same seat.
 */
export function compareMeetings(left: Conversation, right: Conversation): Comparison {
  const [lefts, rights] = [turnsOf(left), turnsOf(right)];
  const pairs = commonPairs(
    lefts,
    rights,
    (one, other) => one.seat === other.seat && one.text === other.text,
  );
  const rows: ComparedRow[] = [];
  let [leftAt, rightAt] = [0, 0];
  for (const [leftNext, rightNext] of [...pairs, [lefts.length, rights.length] as const]) {
    rows.push(...rowsBetween(lefts.slice(leftAt, leftNext), rights.slice(rightAt, rightNext)));
    const [one, other] = [lefts[leftNext], rights[rightNext]];
    if (one && other) rows.push({ type: 'same', left: one, right: other });
    [leftAt, rightAt] = [leftNext + 1, rightNext + 1];
  }
  const firstOther = rows.findIndex(({ type }) => type !== 'same');
  return { common: firstOther < 0 ? rows.length : firstOther, rows };
}

function rowsBetween(lefts: readonly ComparedTurn[], rights: readonly ComparedTurn[]): ComparedRow[] {
  const rows: ComparedRow[] = [];
  let [leftAt, rightAt] = [0, 0];
  while (leftAt < lefts.length || rightAt < rights.length) {
    const [left, right] = [lefts[leftAt], rights[rightAt]];
    if (left && right && left.seat === right.seat) {
      rows.push({ type: 'changed', left, right, words: diffWords(left.text, right.text) });
      leftAt++;
      rightAt++;
    } else if (left && (!right || lefts.length - leftAt >= rights.length - rightAt)) {
      rows.push({ type: 'left', left });
      leftAt++;
    } else if (right) {
      rows.push({ type: 'right', right });
      rightAt++;
    }
  }
  return rows;
}

function turnsOf({ entries, seats }: Conversation): ComparedTurn[] {
  const isTurn = (entry: Entry): entry is Extract<Entry, { type: 'turn' }> => entry.type === 'turn';
  return entries.filter(isTurn).map(({ turn, seat, text }) => ({ turn, seat, name: seats[seat].name, text }));
}
