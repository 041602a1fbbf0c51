import type { Price } from '../config/prices.ts';
import type { Block, BlockResult } from './block.ts';
import type { Flag } from './flag.ts';
import type { ModeratorEvent } from './moderator-event.ts';
import type { Participant, Seat, SpokenVerb, StopReason, TurnMeta, Usage } from '../wire/types.ts';

/** What is needed to hold the same meeting again, beside the participants. */
export interface MeetingSettings {
  readonly hello: string;
  readonly first: 'a' | 'b' | 'random';
  /** 0: no limit. */
  readonly maxMessages: number;
  /** 0: no limit. */
  readonly maxSeconds: number;
  /** Tokens read and written, of both; absent: no limit. */
  readonly maxTokens?: number;
  /** US dollars; absent: no limit. */
  readonly maxCost?: number;
  /** How long nobody may say anything; absent: for ever. */
  readonly idleSeconds?: number;
  /** Whether agents that take notes are told how many turns are left. */
  readonly tellTurnsLeft?: boolean;
  /** What was charged, of models that cost something and whose price was known. */
  readonly prices?: { readonly [who in Seat | 'translator']?: Price };
  /** How code was run; absent where none was. */
  readonly execution?: ExecutionSettings;
  /** When the meeting counts as a loop; absent where nobody looked for one. */
  readonly loops?: LoopSettings;
  /** What is doubtful is flagged. */
  readonly flags?: true;
  /** Who translated between which languages; absent where nobody did. */
  readonly translation?: TranslationSettings;
}

export interface TranslationSettings {
  readonly provider: string;
  readonly model: string;
  /** BCP 47, as the two announced them. */
  readonly languages: { readonly a: string; readonly b: string };
}

/** Keys of `loops` in config/proxy.yml. A rule with 0 is off. */
export interface LoopSettings {
  /** So often must both have said the same. */
  readonly repeats: number;
  /** From what on two texts are the same: 1 to the letter, 0 anything. */
  readonly similarity: number;
  /** How many turns back the same may have been said. */
  readonly window: number;
  /** So many turns of nothing but goodbyes, thanks and praise. */
  readonly courtesies: number;
  /** So many turns of no more than an assent. */
  readonly shortTurns: number;
  /** So many turns of one seat that are the same, whatever the other says. */
  readonly oneSided: number;
}

export interface ExecutionSettings {
  /** Who may have code run. */
  readonly seats: 'both' | Seat;
  readonly blocks: 'marked' | 'fenced';
  /** A meeting ends after so many passed tests; 0: never. */
  readonly passes: number;
  readonly policy: boolean;
  readonly approve: boolean;
  /** Keys and units of `execution.limits` in config/proxy.yml. */
  readonly limits: { readonly seconds: number } & Readonly<Record<string, number>>;
}

/** The meeting that a fork has its first turns from. */
export interface Parent {
  readonly meeting: string;
  /** The last turn that was taken over; 0: none, it is the whole anew. */
  readonly turn: number;
  /** Who said them there. */
  readonly names: { readonly [seat in Seat]: string };
}

/** Of what a fork has taken over from its parent: it was said, told or run there, and cost nothing here. */
interface Inheritable {
  readonly inherited?: true;
}

/** One thing that happened, without the stamp. Source: the design's section on the journal. */
export type MeetingEvent =
  | {
      readonly type: 'meeting';
      readonly meeting: string;
      /** Absent where the meeting is no fork. Stands early in the line, for those who read only its beginning. */
      readonly parent?: Parent;
      readonly software: string;
      readonly settings: MeetingSettings;
      readonly seats: { readonly a: Participant; readonly b: Participant };
    }
  | {
      readonly type: 'seated';
      readonly seat: Seat;
      readonly name: string;
      readonly dialect: 'framed' | 'classic';
    }
  /** `seat` was told to begin, with the words `hello`. */
  | { readonly type: 'start'; readonly seat: Seat; readonly hello: string }
  | ({
      readonly type: 'turn';
      readonly seat: Seat;
      /** From 1 across the meeting. */
      readonly turn: number;
      readonly text: string;
      /** A control token that stood beside the text and was taken out of it. */
      readonly control?: SpokenVerb;
      readonly meta?: TurnMeta;
      /** A person wrote it who had taken over the seat. */
      readonly by?: 'moderator';
    } & Inheritable)
  /** A control token that came alone. */
  | ({
      readonly type: 'control';
      readonly seat: Seat;
      readonly verb: SpokenVerb;
      readonly meta?: TurnMeta;
      readonly by?: 'moderator';
    } & Inheritable)
  /** Something `seat` must know but must not answer. */
  | ({ readonly type: 'note'; readonly seat: Seat; readonly text: string } & Inheritable)
  /** A piece of code in turn number `turn` of `seat`, about to be run. */
  | ({ readonly type: 'block'; readonly seat: Seat; readonly turn: number } & Block & Inheritable)
  /** What became of that block; `tier` is how it was isolated, absent where it was not run. */
  | ({
      readonly type: 'result';
      readonly seat: Seat;
      readonly turn: number;
      readonly tier?: string;
    } & Pick<Block, 'kind' | 'number'> &
      BlockResult &
      Inheritable)
  /** What the partner of `seat` was told in the place of turn number `turn`. */
  | ({
      readonly type: 'translation';
      readonly seat: Seat;
      readonly turn: number;
      /** BCP 47. */
      readonly from: string;
      readonly to: string;
      /** The turn as it was, where `failed`. */
      readonly text: string;
      /** How long the turn waited for it. */
      readonly ms: number;
      readonly provider?: string;
      readonly model?: string;
      /** Of all attempts. */
      readonly usage?: Usage;
      /** Why it was not translated. */
      readonly failed?: string;
    } & Inheritable)
  /** `seat` left `count` messages out of its prompt, from message `start` (1 is the first). */
  | { readonly type: 'truncated'; readonly seat: Seat; readonly count: number; readonly start: number }
  /**
   * The connection of `seat` is gone; `partial` is what had arrived of an unfinished message, `meta` what the
   * seat said, before it left, that it had been billed for in vain.
   */
  | {
      readonly type: 'lost';
      readonly seat: Seat;
      readonly detail: string;
      readonly partial?: string;
      readonly meta?: TurnMeta;
    }
  /** `seat` has come back. */
  | { readonly type: 'returned'; readonly seat: Seat }
  | { readonly type: 'status'; readonly seat: Seat; readonly text: string }
  /** Something that makes the meeting doubtful; of a turn, behind it. It changes nothing. */
  | ({ readonly type: 'flag' } & Flag)
  | ModeratorEvent
  | { readonly type: 'stop'; readonly reason: StopReason; readonly detail?: string };

/** One line of `journal.jsonl`. `seq` counts from 1, `t` is ISO 8601 in UTC. */
export type JournalEvent = { readonly v: 1; readonly seq: number; readonly t: string } & MeetingEvent;
