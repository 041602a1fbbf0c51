import type { StopReason } from '../wire/types.ts';

export interface Limits {
  /** Turns of both seats together; 0: no limit. */
  readonly maxMessages: number;
  /** From the start of the meeting; 0: no limit. */
  readonly maxSeconds: number;
}

/** How far a meeting is. */
export interface Progress {
  turns: number;
  /** Control words that came alone. */
  questions: number;
}

/** What counts towards `maxMessages`. Two who ask each other for help without a word would otherwise never end. */
export function messagesOf({ turns, questions }: Progress): number {
  return turns + questions;
}

/** Why a meeting must end after its turn number `turns`, if it must. */
export function stopAfterTurn(
  turns: number,
  { maxMessages }: Limits,
): { reason: StopReason; detail: string } | undefined {
  if (maxMessages === 0 || turns < maxMessages) return undefined;
  return { reason: 'max-messages', detail: `${maxMessages} messages` };
}

/** How many messages may come before the one that ends the meeting. */
export function turnsLeft(turns: number, { maxMessages }: Limits): number {
  return maxMessages === 0 ? Infinity : Math.max(0, maxMessages - turns - 1);
}
