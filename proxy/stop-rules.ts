import type { StopReason } from '../wire/types.ts';
import { formatCost } from '../journal/cost.ts';

/** What a meeting may take. Any one of these ends it; 0 or absent: no limit. */
export interface Limits {
  /** Turns of both seats together. */
  readonly maxMessages: number;
  /** From the start of the meeting. A timer of the meeting's, no rule below. */
  readonly maxSeconds: number;
  /** Read and written, of both. */
  readonly maxTokens?: number;
  /** US dollars. */
  readonly maxCost?: number;
}

/** How far a meeting is. */
export interface Progress {
  turns: number;
  /** Control words that came alone. */
  questions: number;
  /** Read and written, of both, as far as agents report them. */
  tokens: number;
  /** US dollars, as far as prices are known. */
  cost: number;
}

export interface Ending {
  readonly reason: StopReason;
  readonly detail: string;
}

/** Why a meeting must end after the message that came last, if it must: the first rule that says so. */
export function stopAfterTurn(progress: Progress, limits: Limits): Ending | undefined {
  for (const rule of rules) {
    const ending = rule(progress, limits);
    if (ending) return ending;
  }
  return undefined;
}

/** What counts towards `maxMessages`. Two who ask each other for help without a word would otherwise never end. */
export function messagesOf({ turns, questions }: Pick<Progress, 'turns' | 'questions'>): number {
  return turns + questions;
}

/** How many messages may come before the one that ends the meeting. */
export function turnsLeft(messages: number, { maxMessages }: Limits): number {
  return maxMessages === 0 ? Infinity : Math.max(0, maxMessages - messages - 1);
}

type StopRule = (progress: Progress, limits: Limits) => Ending | undefined;

const maxMessages: StopRule = (progress, { maxMessages: limit }) =>
  limit > 0 && messagesOf(progress) >= limit
    ? { reason: 'max-messages', detail: `${limit} messages` }
    : undefined;

const maxTokens: StopRule = ({ tokens }, { maxTokens: limit = 0 }) =>
  limit > 0 && tokens >= limit ? { reason: 'max-tokens', detail: `${tokens} of ${limit} tokens` } : undefined;

const maxCost: StopRule = ({ cost }, { maxCost: limit = 0 }) =>
  limit > 0 && cost >= limit
    ? { reason: 'max-cost', detail: `${formatCost(cost)} of ${formatCost(limit)}` }
    : undefined;

const rules: readonly StopRule[] = [maxMessages, maxTokens, maxCost];
