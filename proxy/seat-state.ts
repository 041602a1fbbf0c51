import type { TurnMeta } from '../wire/types.ts';

/** What the meeting remembers of a seat. */
export class SeatState {
  meta: TurnMeta | undefined;
  /** What its next message is numbered, of a seat that numbers them. */
  number: number | undefined;
  /** The messages that have come, and with numbers the highest of them. */
  said = 0;
  /** The last event that its next message knows of, if it tells. */
  heard: number | undefined;
  /** It said that it goes and does not come back. */
  hasLeft = false;
  /** The last thing it said of itself since its last turn: often why it is gone. */
  status: string | undefined;
  /** How many notices, of itself or of its prompt, it has sent since its last turn. */
  notices = 0;
  /** What it must know, for a seat that takes no notes: goes ahead of the next text. */
  untold: string | undefined;
}
