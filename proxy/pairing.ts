import { ProtocolError } from '../wire/errors.ts';
import { otherSeat, type Seat } from '../wire/types.ts';

/** Two who have found each other. `meeting` is what they asked for, absent if they asked for nothing. */
export interface Pair<T> {
  readonly a: T;
  readonly b: T;
  readonly meeting?: string;
}

/**
 * Where those wait who have no partner yet. Who names a meeting waits for the one who names the same;
 * the others are paired first come, first served, one from each port.
 */
export class WaitingRoom<T extends { readonly seat: Seat }> {
  readonly #unnamed: { readonly [seat in Seat]: Set<T> } = { a: new Set(), b: new Set() };
  readonly #named = new Map<string, T>();
  readonly #wishes = new Map<T, string>();
  readonly #isFull: (meeting: string) => boolean;

  /** `isFull` says whether a meeting of that name is going on. */
  constructor(isFull: (meeting: string) => boolean) {
    this.#isFull = isFull;
  }

  /** Returns the pair that the newcomer completes, if it does. Throws ProtocolError `seat-taken`. */
  enter(newcomer: T, meeting?: string): Pair<T> | undefined {
    const partner = meeting === undefined ? this.#firstUnnamed(newcomer) : this.#namesake(newcomer, meeting);
    if (!partner) return undefined;
    this.leave(partner);
    const pair = newcomer.seat === 'a' ? { a: newcomer, b: partner } : { a: partner, b: newcomer };
    return meeting === undefined ? pair : { ...pair, meeting };
  }

  /** How many wait. */
  get size(): number {
    return this.#unnamed.a.size + this.#unnamed.b.size + this.#named.size;
  }

  leave(guest: T): void {
    this.#unnamed[guest.seat].delete(guest);
    const wish = this.#wishes.get(guest);
    if (wish === undefined) return;
    this.#wishes.delete(guest);
    this.#named.delete(wish);
  }

  #firstUnnamed(newcomer: T): T | undefined {
    const [partner] = this.#unnamed[otherSeat(newcomer.seat)];
    if (!partner) this.#unnamed[newcomer.seat].add(newcomer);
    return partner;
  }

  #namesake(newcomer: T, meeting: string): T | undefined {
    if (this.#isFull(meeting)) throw new ProtocolError('seat-taken', `the meeting ${meeting} is full`);
    const waiting = this.#named.get(meeting);
    if (waiting?.seat === newcomer.seat) {
      throw new ProtocolError('seat-taken', `seat ${newcomer.seat} of the meeting ${meeting} is taken`);
    }
    if (!waiting) {
      this.#named.set(meeting, newcomer);
      this.#wishes.set(newcomer, meeting);
    }
    return waiting;
  }
}
