import type { Seat } from '../wire/types.ts';

/** What makes a meeting doubtful as a conversation. It ends none and changes none. */
export const flagNames = [
  'never-spoke',
  'empty',
  'broke-character',
  'spoke-both',
  'switched-language',
] as const;
export type FlagName = (typeof flagNames)[number];

export interface Flag {
  readonly seat: Seat;
  /** Absent for what is true of a whole meeting. */
  readonly turn?: number;
  readonly flag: FlagName;
  /** What was seen, in a few words or as a short quotation. */
  readonly detail: string;
}

/** The flags of a meeting for a list: each once, with the seats that it concerns. */
export function summarizeFlags(flags: readonly Pick<Flag, 'flag' | 'seat'>[]): string {
  return flagNames
    .map((name) => {
      const seats = [...new Set(flags.filter(({ flag }) => flag === name).map(({ seat }) => seat))].sort();
      return seats.length === 0 ? '' : `${name} (${seats.join(', ')})`;
    })
    .filter((part) => part !== '')
    .join(', ');
}

/** What can be told of a meeting without its words: who has said nothing, and who said it in so many turns. */
export function neverSpoke(turns: { readonly [seat in Seat]: number }): Flag[] {
  const seats: readonly Seat[] = ['a', 'b'];
  return seats
    .filter((seat) => turns[seat] === 0)
    .map((seat) => ({ seat, flag: 'never-spoke', detail: 'not one message came' }));
}

/** An agent whose model said nothing sends `…` and says so. */
export function isEmptyTurn(text: string, finish: string | undefined): boolean {
  return text.trim() === '' || finish === 'empty';
}
