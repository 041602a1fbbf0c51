import type { Block, BlockResult } from './block.ts';
import type { ModeratorEvent } from './moderator-event.ts';
import type { Participant, Seat, SpokenVerb, StopReason, TurnMeta } from '../wire/types.ts';

/** What is needed to hold the same meeting again, beside the participants. */
export interface MeetingSettings {
  readonly hello: string;
  readonly first: 'a' | 'b' | 'random';
  /** 0: no limit. */
  readonly maxMessages: number;
  /** 0: no limit. */
  readonly maxSeconds: number;
  /** How code was run; absent where none was. */
  readonly execution?: ExecutionSettings;
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

/** One thing that happened, without the stamp. Source: the design's section on the journal. */
export type MeetingEvent =
  | {
      readonly type: 'meeting';
      readonly meeting: string;
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
  | {
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
    }
  /** A control token that came alone. */
  | {
      readonly type: 'control';
      readonly seat: Seat;
      readonly verb: SpokenVerb;
      readonly by?: 'moderator';
    }
  /** Something `seat` must know but must not answer. */
  | { readonly type: 'note'; readonly seat: Seat; readonly text: string }
  /** A piece of code in turn number `turn` of `seat`, about to be run. */
  | ({ readonly type: 'block'; readonly seat: Seat; readonly turn: number } & Block)
  /** What became of that block; `tier` is how it was isolated, absent where it was not run. */
  | ({
      readonly type: 'result';
      readonly seat: Seat;
      readonly turn: number;
      readonly tier?: string;
    } & Pick<Block, 'kind' | 'number'> &
      BlockResult)
  /** `seat` left `count` messages out of its prompt, from message `start` (1 is the first). */
  | { readonly type: 'truncated'; readonly seat: Seat; readonly count: number; readonly start: number }
  /** The connection of `seat` is gone; `partial` is what had arrived of an unfinished message. */
  | { readonly type: 'lost'; readonly seat: Seat; readonly detail: string; readonly partial?: string }
  /** `seat` has come back. */
  | { readonly type: 'returned'; readonly seat: Seat }
  | { readonly type: 'status'; readonly seat: Seat; readonly text: string }
  | ModeratorEvent
  | { readonly type: 'stop'; readonly reason: StopReason; readonly detail?: string };

/** One line of `journal.jsonl`. `seq` counts from 1, `t` is ISO 8601 in UTC. */
export type JournalEvent = { readonly v: 1; readonly seq: number; readonly t: string } & MeetingEvent;
