import { LineBuffer } from '../journal/line-buffer.ts';
import { stayAwake } from './stay-awake.ts';

/** Somebody who has taken what came, and has still to write it down and to pass it on. Never throws. */
export interface Taker {
  settle(): void;
}

/** So much is not kept waiting. */
const mostBytes = 512 * 1024;

/**
 * What all connections have brought in one turn of the event loop. It is written down and passed on when all of them
 * were read, or before anything else happens in one of their meetings.
 */
export class Round {
  /** Where it waits for being written down. */
  readonly lines = new LineBuffer();
  #takers: Taker[] = [];
  #isPlanned = false;
  readonly #end = (): void => {
    this.#isPlanned = false;
    this.settle();
  };

  add(taker: Taker): void {
    this.#takers.push(taker);
    if (this.lines.length > mostBytes) return this.settle();
    if (this.#isPlanned) return;
    this.#isPlanned = true;
    setImmediate(this.#end);
  }

  settle(): void {
    if (this.#takers.length === 0) return;
    const takers = this.#takers;
    this.#takers = [];
    for (const taker of takers) taker.settle();
    this.lines.length = 0;
    // The answers may come at once.
    stayAwake();
  }
}
