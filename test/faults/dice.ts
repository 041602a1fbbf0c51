import { seededRandom } from '../../agents/random.ts';

/** Chance that is the same for the same seed. Each name gets dice of its own, so that none disturbs another. */
export class Dice {
  readonly #seed: string;
  readonly #next: () => number;

  constructor(seed: string) {
    this.#seed = seed;
    this.#next = seededRandom(hashOf(seed));
  }

  named(name: string): Dice {
    return new Dice(`${this.#seed}/${name}`);
  }

  /** True in `share` of all cases. */
  happens(share: number): boolean {
    return this.#next() < share;
  }

  /** A whole number from `least` to `most`. */
  between(least: number, most: number): number {
    return least + Math.floor(this.#next() * (most - least + 1));
  }

  /** A number in [0, 1). */
  share(): number {
    return this.#next();
  }

  pick<Item>(items: readonly [Item, ...Item[]]): Item {
    return items[Math.floor(this.#next() * items.length)] as Item;
  }
}

/** FNV-1a, 32 bits. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}
