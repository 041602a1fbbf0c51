import { otherSeat, seats, type Seat } from '../../../wire/types.ts';

interface Writing {
  text: string;
  /** It came before anything said that this seat is to speak: perhaps the late rest of its last turn. */
  isEarly: boolean;
}

/**
 * The turns being written. What is written and what was said come on two ways, of which either may be the quicker:
 * the end of a turn may come after the turn, and the beginning of one before the turn it answers.
 */
export class LiveWords {
  readonly #writing: { [seat in Seat]?: Writing } = {};
  readonly #lastTurns: { [seat in Seat]?: string } = {};
  #lastSpeaker: Seat | undefined;

  /** Empty: what was shown of it is void, it starts again. */
  add(seat: Seat, text: string): void {
    if (text === '') {
      delete this.#writing[seat];
      return;
    }
    const writing = (this.#writing[seat] ??= { text: '', isEarly: this.#lastSpeaker === seat });
    writing.text += text;
  }

  /** It is this seat's turn: what it writes from now on is new. */
  expect(seat: Seat): void {
    const writing = this.#writing[seat];
    if (writing?.isEarly) delete this.#writing[seat];
    this.#writing[seat] ??= { text: '', isEarly: false };
  }

  /** The turn was said. */
  end(seat: Seat, text: string): void {
    this.#lastSpeaker = seat;
    this.#lastTurns[seat] = text;
    delete this.#writing[seat];
    const other = otherSeat(seat);
    const early = this.#writing[other];
    if (!early?.isEarly) return;
    const isRest = this.#lastTurns[other]?.trimEnd().endsWith(early.text.trimEnd()) ?? false;
    if (isRest) delete this.#writing[other];
    else early.isEarly = false;
  }

  clear(): void {
    for (const seat of seats) delete this.#writing[seat];
  }

  /** Those to show. */
  shown(lastSpeaker: Seat | undefined): { readonly seat: Seat; readonly text: string }[] {
    return seats.flatMap((seat) => {
      const writing = this.#writing[seat];
      if (!writing || writing.text === '' || (writing.isEarly && lastSpeaker === seat)) return [];
      return [{ seat, text: writing.text }];
    });
  }
}
