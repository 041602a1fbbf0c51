import type { LoopSettings } from '../../journal/event.ts';
import { createEvidence, type HeardTurn, type LoopEvidence, type LoopKind } from './evidence.ts';
import { isSame, remember, type Remark } from './likeness.ts';

/** Repetitions of so few words prove less: games have fixed words. */
const fewWords = 5;
/** The longest cycle that is looked for, in turns. */
const longestCycle = 6;
/** Turns of a few words that come round in no fixed order may be a game; so many times as many prove it is none. */
const disorderFactor = 1.5;
/** So many turns of nothing at all need no more proof. */
const silentTurns = 4;
/** A refrain is shorter, as a rule, than what a model gets stuck in. */
const oneSidedWords = 6;

/**
 * Hears a conversation turn by turn and says when it goes round in circles. Pure: no clock, no chance, no
 * model; the cost of a turn does not grow with the conversation, except for a set of the words it has used.
 */
export class LoopDetector {
  readonly #settings: LoopSettings;
  readonly #heard = new Set<string>();
  #remarks: Remark[] = [];
  /** How many turns up to each one, it included, said what had been said before; by turn. */
  #stale = 0;

  constructor(settings: LoopSettings) {
    this.#settings = settings;
  }

  hear(turn: HeardTurn): LoopEvidence | undefined {
    const remark = remember(turn, this.#heard);
    const { window, similarity } = this.#settings;
    const isStale = this.#remarks.slice(-window).some((earlier) => isSame(remark, earlier, similarity));
    this.#stale = isStale ? this.#stale + 1 : 0;
    this.#remarks = [...this.#remarks.slice(-(window + longestCycle + this.#longestRun)), remark];
    for (const word of remark.words) this.#heard.add(word);
    return this.#silence() ?? this.#courtesies() ?? this.#shortTurns() ?? this.#circle() ?? this.#oneSided();
  }

  get #longestRun(): number {
    const { repeats, oneSided, courtesies, shortTurns } = this.#settings;
    return Math.max(repeats * longestCycle, oneSided * 2, courtesies, shortTurns);
  }

  /** Two who have nothing left to say, or one who says nothing at all. */
  #silence(): LoopEvidence | undefined {
    if (this.#settings.shortTurns === 0) return undefined;
    const run = this.#trailing(({ substance }) => substance === 'nothing');
    if (run.length >= silentTurns && hasBoth(run)) return createEvidence(this.#shortKind(run), run);
    const own = this.#trailing(({ text }) => text.trim() === '', this.#lastSeat());
    return own.length >= silentTurns ? createEvidence('short-turns', own) : undefined;
  }

  #courtesies(): LoopEvidence | undefined {
    const { courtesies } = this.#settings;
    if (courtesies === 0) return undefined;
    const run = this.#trailing(({ substance }) => substance !== 'something');
    const polite = run.filter(({ substance }) => substance === 'goodbye' || substance === 'thanks');
    if (run.length < courtesies || polite.length < courtesies - 2 || !hasBoth(run)) return undefined;
    const goodbyes = polite.filter(({ substance }) => substance === 'goodbye');
    return createEvidence(goodbyes.length * 2 >= polite.length ? 'goodbyes' : 'gratitude', run);
  }

  #shortTurns(): LoopEvidence | undefined {
    const { shortTurns } = this.#settings;
    if (shortTurns === 0) return undefined;
    const assents = this.#trailing(({ substance }) => substance !== 'something');
    if (assents.length < shortTurns || !hasBoth(assents)) return undefined;
    const isShort = assents.slice(-shortTurns).every(({ words }) => words.length <= 2);
    return createEvidence(isShort ? this.#shortKind(assents) : 'gratitude', assents);
  }

  /** Both say again what was said before. */
  #circle(): LoopEvidence | undefined {
    const { repeats } = this.#settings;
    if (repeats === 0 || this.#stale === 0) return undefined;
    const run = this.#remarks.slice(-this.#stale);
    if (!hasBoth(run)) return undefined;
    const enough = 2 * (repeats - 1);
    const weight = run.reduce((sum, { words }) => sum + (words.length < fewWords ? 0.5 : 1), 0);
    const period = this.#period(run.length);
    if (weight < enough * (period === undefined ? disorderFactor : 1)) return undefined;
    if (period === undefined && run.some(({ words }) => words.length < fewWords)) return undefined;
    const shown = this.#remarks.slice(-(run.length + (period ?? 0)));
    return createEvidence(period === 2 ? 'alternation' : 'repetition', shown);
  }

  /** After how many turns the last `count` of them come round, if they do. */
  #period(count: number): number | undefined {
    const { similarity } = this.#settings;
    for (let period = 1; period <= longestCycle; period++) {
      const from = this.#remarks.length - count;
      const isCycle = this.#remarks.slice(from).every((remark, index) => {
        const earlier = this.#remarks[from + index - period];
        return earlier !== undefined && isSame(remark, earlier, similarity);
      });
      if (isCycle) return period;
    }
    return undefined;
  }

  /** One of the two is stuck, whatever the other one tries. */
  #oneSided(): LoopEvidence | undefined {
    const { oneSided, similarity } = this.#settings;
    if (oneSided === 0) return undefined;
    const own = this.#remarks.filter(({ seat }) => seat === this.#lastSeat()).slice(-oneSided);
    const [first] = own;
    if (!first || own.length < oneSided || first.words.length < oneSidedWords) return undefined;
    const isStuck = own.slice(1).every((remark, index) => isSame(remark, own[index] ?? first, similarity));
    return isStuck ? createEvidence('one-sided', own) : undefined;
  }

  /** What the last words have in common, of one seat or of both. */
  #trailing(has: (remark: Remark) => boolean, seat?: Remark['seat']): Remark[] {
    const remarks =
      seat === undefined ? this.#remarks : this.#remarks.filter((remark) => remark.seat === seat);
    return remarks.slice(remarks.findLastIndex((remark) => !has(remark)) + 1);
  }

  #lastSeat(): Remark['seat'] {
    return this.#remarks.at(-1)?.seat ?? 'a';
  }

  /** Whether they came to it from longer ones. */
  #shortKind(run: readonly Remark[]): LoopKind {
    const before = this.#remarks.slice(0, this.#remarks.length - run.length).slice(-4);
    const lengths = before.map(({ words }) => words.length);
    const isFalling = lengths.every((length, index) => index === 0 || length <= (lengths[index - 1] ?? 0));
    return isFalling && lengths.length >= 2 ? 'shrinking' : 'short-turns';
  }
}

function hasBoth(run: readonly Remark[]): boolean {
  return run.some(({ seat }) => seat === 'a') && run.some(({ seat }) => seat === 'b');
}
