import type { Seat } from '../wire/types.ts';
import type { Exchange, ModuleContext } from './module.ts';
import type { ModelConfig } from './pipeline.ts';

/** A meeting that a step of a pipeline wants held. */
export interface MeetingWish {
  readonly seats: { readonly [seat in Seat]: SeatWish };
  /** Both know it before the first word. */
  readonly topic: string;
  readonly limits: {
    readonly messages: number;
    /** 0: no limit, as for all below. */
    readonly seconds: number;
    readonly tokens: number;
    /** US dollars. */
    readonly cost: number;
  };
  /** Absent: as the settings of the relay say. */
  readonly first?: 'a' | 'b' | 'random' | undefined;
  readonly execute?: boolean | undefined;
  /** Gets the folder of the meeting, and what is needed to hold it. */
  readonly folder: string;
  /** Keeps what the meeting is called, so that a step that goes on goes on with it. */
  readonly once: ModuleContext['once'];
  readonly signal: AbortSignal;
  /** What goes on, for people who watch. */
  readonly onStatus: (text: string) => void;
  /** A turn, when it was said. */
  readonly onExchange: (exchange: Exchange) => void;
}

export interface SeatWish {
  /** A file, or the name of a persona. */
  readonly persona: string;
  /** `SERVICE:MODEL`; goes before `model`. */
  readonly service?: string | undefined;
  readonly model?: ModelConfig | undefined;
}

export interface HeldMeeting {
  /** Holds the journal and the transcripts. */
  readonly folder: string;
  /** What was said, each turn under the name of its speaker. */
  readonly transcript: string;
  /** Why it ended. */
  readonly stop: string;
  /** How many were said. */
  readonly turns: number;
}
