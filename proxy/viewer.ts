import type { Block, BlockResult } from '../journal/block.ts';
import type { MeetingEvent } from '../journal/event.ts';
import type { Flag } from '../journal/flag.ts';
import type { UsageTable } from '../journal/usage-table.ts';
import type { ModeratorEvent } from '../journal/moderator-event.ts';
import type { Participant, Seat, SpokenVerb, StopReason, TurnMeta } from '../wire/types.ts';

/**
 * What somebody who watches a meeting is told: the mirror, the launcher, a page.
 * Sent as it happens; nothing waits for a viewer.
 */
export type ViewerEvent =
  | {
      readonly type: 'paired';
      readonly meeting: string;
      readonly seats: { readonly a: Participant; readonly b: Participant };
      /** Where the journal and the transcripts are, absent when none are kept. */
      readonly folder?: string;
    }
  /** It is this seat's turn to speak. */
  | { readonly type: 'thinking'; readonly meeting: string; readonly seat: Seat }
  /** A piece of the turn being written. Empty: what was shown of it is void, it starts again. */
  | { readonly type: 'delta'; readonly meeting: string; readonly seat: Seat; readonly text: string }
  | {
      readonly type: 'turn';
      readonly meeting: string;
      readonly seat: Seat;
      readonly turn: number;
      readonly text: string;
      readonly control?: SpokenVerb;
      readonly meta?: TurnMeta;
      /** A person wrote it who had taken over the seat. */
      readonly by?: 'moderator';
    }
  | { readonly type: 'control'; readonly meeting: string; readonly seat: Seat; readonly verb: SpokenVerb }
  | ({ readonly meeting: string } & ModeratorEvent)
  /** A piece of code in that turn is being run; its result comes before the next block. */
  | ({
      readonly type: 'block';
      readonly meeting: string;
      readonly seat: Seat;
      readonly turn: number;
    } & Block)
  /** What of a turn could not be taken for a block, as its author is told. */
  | {
      readonly type: 'problems';
      readonly meeting: string;
      readonly seat: Seat;
      readonly turn: number;
      readonly text: string;
    }
  /** What became of it; `tier` is how it was isolated, absent where it was not run. */
  | ({
      readonly type: 'result';
      readonly meeting: string;
      readonly seat: Seat;
      readonly turn: number;
      readonly tier?: string;
    } & Pick<Block, 'kind' | 'number'> &
      BlockResult)
  /** A turn waits for its translation; `to` is a language in English words. */
  | {
      readonly type: 'translating';
      readonly meeting: string;
      readonly seat: Seat;
      readonly turn: number;
      readonly to: string;
    }
  /** A block waits until somebody has said whether it may run. */
  | {
      readonly type: 'approval';
      readonly meeting: string;
      readonly id: number;
      readonly seat: Seat;
      /** "code block 1 of turn 3". */
      readonly name: string;
      readonly block: Block;
    }
  /** It waits no more, whoever answered. */
  | { readonly type: 'approved'; readonly meeting: string; readonly id: number }
  /** What the partner is told in its place; as in the journal. */
  | ({ readonly meeting: string } & Extract<MeetingEvent, { type: 'translation' }>)
  /** "rate limited, next try in 12 s": a viewer may count the seconds down by itself. */
  | { readonly type: 'status'; readonly meeting: string; readonly seat: Seat; readonly text: string }
  /** Somebody who had lost the connection has the seat again. */
  | { readonly type: 'returned'; readonly meeting: string; readonly seat: Seat }
  /** Something makes the meeting doubtful. */
  | ({ readonly type: 'flag'; readonly meeting: string } & Flag)
  | {
      readonly type: 'stopped';
      readonly meeting: string;
      readonly reason: StopReason;
      readonly detail?: string;
      readonly turns: number;
      readonly folder?: string;
      /** What each of the two took; absent where no model spoke. */
      readonly usage?: UsageTable;
    };

/** Must return at once and must not throw. */
export type Viewer = (event: ViewerEvent) => void;
