import { otherSeat, type Seat, type StopReason } from '../wire/types.ts';
import type { Goodbye } from './memory.ts';

export interface FarewellOptions {
  /** How long the answer to a `/bye` may take. */
  readonly goodbyeMs: number;
  /** Calls `run` once, so many milliseconds from now, unless the meeting is over by then. */
  readonly after: (delayMs: number, run: () => void) => void;
  /** Nobody can answer: all is held back. */
  readonly isPaused: () => boolean;
  /** Has answered, in words that are being translated. */
  readonly isTranslating: (seat: Seat) => boolean;
  readonly nameOf: (seat: Seat) => string;
  readonly stop: (reason: StopReason, detail: string) => void;
}

/** How a meeting comes to its end by goodbyes: one says it, or is made to, and the other has so long to answer. */
export class Farewell {
  readonly #options: FarewellOptions;
  #goodbye: Goodbye | undefined;
  #isAsked = false;

  constructor(options: FarewellOptions) {
    this.#options = options;
  }

  /** Somebody has said goodbye, or is to. */
  get isBegun(): boolean {
    return this.#goodbye !== undefined || this.#isAsked;
  }

  /** The next who speaks says goodbye with it. */
  get isAsked(): boolean {
    return this.#isAsked;
  }

  /** Why a meeting ends in which somebody has said goodbye. */
  get reason(): StopReason | undefined {
    return this.#goodbye?.reason;
  }

  isAnsweredBy(seat: Seat): boolean {
    return this.#goodbye?.answering === seat;
  }

  restore(goodbye: Goodbye | undefined): void {
    this.#goodbye = goodbye;
  }

  /** The two are to say goodbye: who speaks next has the last word but one. */
  ask(): void {
    const { after, goodbyeMs, stop } = this.#options;
    this.#isAsked = true;
    after(goodbyeMs, () => {
      if (!this.#goodbye) stop('stopped', 'nobody said goodbye in time');
    });
  }

  /** `seat` has said goodbye. */
  begin(seat: Seat): void {
    this.#goodbye ??= { answering: otherSeat(seat), reason: this.#isAsked ? 'stopped' : 'end' };
  }

  /** From the moment it was told, whoever is to answer a goodbye has so long for it. */
  awaitAnswer(): void {
    const goodbye = this.#goodbye;
    if (!goodbye) return;
    const { after, goodbyeMs, isPaused, isTranslating, nameOf, stop } = this.#options;
    const late = `${nameOf(goodbye.answering)} did not answer the goodbye`;
    const giveUp = (): void => {
      if (isPaused()) after(goodbyeMs, giveUp);
      // An answer that has come ends the meeting when it is translated.
      else if (!isTranslating(goodbye.answering)) stop(goodbye.reason, late);
    };
    after(goodbyeMs, giveUp);
  }
}
