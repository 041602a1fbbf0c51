import type { Seat } from '../wire/types.ts';
import type { Audience } from './audience.ts';
import type { IdleWatch } from './idle-watch.ts';

export interface AbsencesOptions {
  /** How long a seat is kept for an agent that lost its connection; 0: not at all. */
  readonly resumeMs: number;
  readonly audience: Audience;
  readonly idle: IdleWatch;
  /** Calls `run` once, so many milliseconds from now, unless the meeting is over by then. */
  readonly after: (delayMs: number, run: () => void) => () => void;
  /** Nobody came back; `sentence` says who did not. */
  readonly onGivenUp: (sentence: string) => void;
}

interface Absence {
  /** Takes the limit back. */
  cancelLimit: () => void;
  /** The seat is empty, and nobody can be blamed for silence until this is called. */
  readonly endHold: () => void;
}

/** Seats that are kept for those who held them. */
export class Absences {
  readonly #options: AbsencesOptions;
  readonly #absences: { [seat in Seat]?: Absence } = {};

  constructor(options: AbsencesOptions) {
    this.#options = options;
  }

  /** Keeps a seat for the one who held it. */
  begin(seat: Seat, sentence: string): void {
    const { resumeMs, audience, idle, after, onGivenUp } = this.#options;
    audience.showStatus(seat, `lost the connection; the seat is kept for ${resumeMs / 1_000} s`);
    this.stopWaiting(seat);
    this.#absences[seat] = {
      endHold: this.#absences[seat]?.endHold ?? idle.hold(),
      cancelLimit: after(resumeMs, () => onGivenUp(sentence)),
    };
  }

  /** The seat is kept for as long as it takes. */
  stopWaiting(seat: Seat): void {
    this.#absences[seat]?.cancelLimit();
  }

  /** Somebody has come back. */
  end(seat: Seat): void {
    this.stopWaiting(seat);
    this.#absences[seat]?.endHold();
    delete this.#absences[seat];
  }
}
