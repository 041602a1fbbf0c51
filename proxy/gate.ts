import type { Seat } from '../wire/types.ts';

/** A message that waits, in the journal already. */
export interface Held {
  readonly seat: Seat;
  /** 0 for a control word that came alone. */
  readonly turn: number;
  readonly characters: number;
  readonly pass: () => void;
  /** Hands it over as it is, since the meeting is over. */
  readonly passAtEnd: () => void;
}

/**
 * What every message of a meeting goes through: open, or closed, when they wait in order and are let through
 * one by one, or all at once when it opens.
 */
export class Gate {
  #isClosed = false;
  #steps = 0;
  readonly #waiting: Held[] = [];

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** How many of the messages to come may pass although it is closed. */
  get steps(): number {
    return this.#steps;
  }

  get waiting(): readonly Held[] {
    return this.#waiting;
  }

  /** Steps that nobody has taken yet are taken back. */
  close(): void {
    this.#isClosed = true;
    this.#steps = 0;
  }

  open(): void {
    this.#isClosed = false;
    this.#steps = 0;
  }

  /** Whether a message may pass now: freely, by a step that was left for it, or not. */
  admit(): 'free' | 'step' | 'wait' {
    if (!this.#isClosed) return 'free';
    if (this.#steps === 0) return 'wait';
    this.#steps--;
    return 'step';
  }

  hold(message: Held): void {
    this.#waiting.push(message);
  }

  /** The first that waits; without any, the next message that comes may pass. */
  step(): Held | undefined {
    const next = this.#waiting.shift();
    if (!next) this.#steps++;
    return next;
  }

  /** The first that waits, if it is open. */
  next(): Held | undefined {
    return this.#isClosed ? undefined : this.#waiting.shift();
  }

  /** What waits, and will not pass any more. */
  clear(): readonly Held[] {
    return this.#waiting.splice(0);
  }
}
