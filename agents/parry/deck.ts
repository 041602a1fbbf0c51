import { shuffled } from '../random.ts';

/** Replies in a random order, none of which comes again before all of them have been said. */
export class Deck {
  readonly #all: readonly string[];
  readonly #random: () => number;
  #left: string[];

  constructor(replies: readonly string[], random: () => number) {
    this.#all = replies;
    this.#random = random;
    this.#left = shuffled(replies, random);
  }

  /**
   * Takes the first reply that `finish` can make something of. `undefined` when there is none: then it is
   * time for another deck, and one that is empty starts over the next time.
   */
  draw(finish: (reply: string) => string | undefined): string | undefined {
    for (const [index, reply] of this.#left.entries()) {
      const finished = finish(reply);
      if (finished === undefined) continue;
      this.#left.splice(index, 1);
      return finished;
    }
    if (this.#left.length === 0) this.#left = shuffled(this.#all, this.#random);
    return undefined;
  }

  /** Does as if a reply had been drawn. */
  drop(reply: string): void {
    this.#left = this.#left.filter((one) => one !== reply);
  }
}
