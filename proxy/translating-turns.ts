import { seats, type Seat } from '../wire/types.ts';
import type { Translation, TurnTranslator } from './translation.ts';

/** What is said when its translation is there. */
export interface Waiting<T> {
  readonly seat: Seat;
  readonly turn: number;
  readonly speech: T;
  /** What came of its code, to stand below it. */
  readonly results: string;
}

interface Translating<T> {
  readonly what: Waiting<T>;
  readonly sinceMs: number;
  /** What came from the seat, or became of it, meanwhile. */
  readonly later: (() => void)[];
  readonly over: AbortController;
}

/**
 * Turns that are being translated, one of each seat at most. Each waits for its translation, and all that its
 * seat does meanwhile waits behind it.
 */
export class TranslatingTurns<T extends { readonly text: string }> {
  readonly #translator: TurnTranslator;
  readonly #nowMs: () => number;
  readonly #translating: { [seat in Seat]?: Translating<T> } = {};

  constructor(translator: TurnTranslator, nowMs: () => number) {
    this.#translator = translator;
    this.#nowMs = nowMs;
  }

  isWaiting(seat: Seat): boolean {
    return this.#translating[seat] !== undefined;
  }

  /** Puts off what concerns a seat whose turn is being translated. False where none is. */
  putOff(seat: Seat, action: () => void): boolean {
    const translating = this.#translating[seat];
    translating?.later.push(action);
    return translating !== undefined;
  }

  /** Has a turn translated; then calls `onDone`, and does what was put off. */
  start(what: Waiting<T>, onDone: (translation: Translation) => void): void {
    const { seat, turn, speech } = what;
    const translating: Translating<T> = {
      what,
      sinceMs: this.#nowMs(),
      later: [],
      over: new AbortController(),
    };
    this.#translating[seat] = translating;
    void this.#translator.translate(seat, turn, speech.text, translating.over.signal).then((translation) => {
      if (this.#translating[seat] !== translating) return;
      delete this.#translating[seat];
      onDone(translation);
      for (const action of translating.later) action();
    });
  }

  /** Ends them all, and returns what still waits to be said, and for how many milliseconds it has. */
  stop(): { readonly what: Waiting<T>; readonly waitedMs: number }[] {
    return seats.flatMap((seat) => {
      const translating = this.#translating[seat];
      if (!translating) return [];
      delete this.#translating[seat];
      translating.over.abort();
      return [{ what: translating.what, waitedMs: this.#nowMs() - translating.sinceMs }];
    });
  }
}
