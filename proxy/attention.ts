import type { JournalEvent, MeetingSettings } from '../journal/event.ts';
import type { Flag } from '../journal/flag.ts';
import type { Participant, Seat } from '../wire/types.ts';
import { FlagFinder, type SpokenTurn } from './flags/flag-finder.ts';
import type { Identify } from './flags/switched-language.ts';
import { LoopDetector } from './loops/detector.ts';
import type { LoopEvidence } from './loops/evidence.ts';

/** Reads along with one meeting: whether it goes round in circles, and what is doubtful about it. */
export class Attention {
  readonly #detector: LoopDetector | undefined;
  readonly #finder: FlagFinder | undefined;
  #loop: LoopEvidence | undefined;

  constructor(
    { loops, flags }: Pick<MeetingSettings, 'loops' | 'flags'>,
    seats: { readonly [seat in Seat]: Participant },
    identify?: Identify,
  ) {
    this.#detector = loops && new LoopDetector(loops);
    this.#finder = flags ? new FlagFinder(seats, identify) : undefined;
  }

  /** The circle that the conversation has come to; once it is there, it stays. */
  get loop(): LoopEvidence | undefined {
    return this.#loop;
  }

  hear(turn: SpokenTurn): Flag[] {
    this.#loop ??= this.#detector?.hear(turn);
    return this.#finder?.hear(turn) ?? [];
  }

  /** The meeting ends. */
  end(): Flag[] {
    return this.#finder?.end() ?? [];
  }

  /** What stands in the journal of a meeting that is gone on with. */
  recall(event: JournalEvent): void {
    if (event.type === 'turn') this.hear(event);
  }
}
