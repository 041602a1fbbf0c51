const affectNames = ['fear', 'anger', 'mistrust'] as const;
type AffectName = (typeof affectNames)[number];

/** One number for each affect. */
export type Levels = Readonly<Record<AffectName, number>>;

export interface AffectRule {
  readonly start: number;
  readonly baseline: number;
  /** The share of the way back to the baseline that is gone every turn, 0 to 1. */
  readonly decay: number;
}

/** The scale of K. M. Colby, S. Weber and F. D. Hilf, "Artificial Paranoia", Artificial Intelligence 2, 1971. */
const highest = 20;

/** Fear, anger and mistrust, each between 0 and 20. */
export class Affects {
  readonly #rules: Readonly<Record<AffectName, AffectRule>>;
  #levels: Levels;

  constructor(rules: Readonly<Record<AffectName, AffectRule>>) {
    this.#rules = rules;
    this.#levels = forEach((name) => rules[name].start);
  }

  get levels(): Levels {
    return this.#levels;
  }

  /** Time heals, up to a point. */
  calmDown(): void {
    this.#levels = forEach((name) => {
      const { baseline, decay } = this.#rules[name];
      return this.#levels[name] + (baseline - this.#levels[name]) * decay;
    });
  }

  /** The higher an affect stands, the less room there is for it to rise; it falls by as much as was said. */
  change(by: Levels): void {
    this.#levels = forEach((name) => {
      const level = this.#levels[name];
      const room = by[name] > 0 ? (highest - level) / highest : 1;
      return Math.min(highest, Math.max(0, level + by[name] * room));
    });
  }

  /** Whether each affect named stands at least so high. */
  reach(levels: Partial<Levels>): boolean {
    return affectNames.every((name) => this.#levels[name] >= (levels[name] ?? 0));
  }

  /** Whether each affect named stands lower. */
  stayBelow(levels: Partial<Levels>): boolean {
    return affectNames.every((name) => this.#levels[name] < (levels[name] ?? Infinity));
  }
}

function forEach(valueOf: (name: AffectName) => number): Levels {
  return { fear: valueOf('fear'), anger: valueOf('anger'), mistrust: valueOf('mistrust') };
}
