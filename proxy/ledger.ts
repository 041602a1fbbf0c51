import { costSoFar, tokensSoFar } from '../journal/cost.ts';
import type { MeetingEvent, MeetingSettings } from '../journal/event.ts';
import { addToTotals, noTotals, type BilledEvent, type Totals } from '../journal/seat-totals.ts';
import { seats, type Seat } from '../wire/types.ts';
import type { Audience, Shown } from './audience.ts';
import { Commits, type Record } from './commits.ts';
import type { IdleWatch } from './idle-watch.ts';
import type { Place } from './place.ts';
import type { Progress } from './stop-rules.ts';

export interface LedgerOptions {
  readonly record: Record;
  /** As `Commits` has it. */
  readonly leaveFastPath: () => void;
  readonly settings: MeetingSettings;
  readonly places: { readonly [seat in Seat]: Place };
  readonly audience: Audience;
  readonly idle: IdleWatch;
  /** Calls `run` once, so many milliseconds from now, unless the meeting is over by then. */
  readonly after: (delayMs: number, run: () => void) => void;
  readonly isOver: () => boolean;
  /** The journal cannot be written: nothing may be said that it does not hold. */
  readonly onFailed: (error: unknown) => void;
}

/** What a meeting writes down, and what it adds up to. */
export class Ledger {
  readonly progress: Progress = { turns: 0, questions: 0, tokens: 0, cost: 0 };
  readonly commits: Commits;
  readonly #options: LedgerOptions;
  #totals: Totals = { a: noTotals(), b: noTotals() };
  #releaseFullDisk: (() => void) | undefined;

  constructor(options: LedgerOptions) {
    this.#options = options;
    const { record, leaveFastPath, after, isOver, onFailed } = options;
    this.commits = new Commits({
      record,
      leaveFastPath,
      after,
      isOver,
      onFailed,
      onFull: (problem) => this.#wait(problem),
      onRoom: () => this.#goOn(),
    });
  }

  /** The number of the last event. */
  get seq(): number {
    return this.#options.record.seq;
  }

  get totals(): Totals {
    return this.#totals;
  }

  write(event: MeetingEvent): void {
    this.commits.write(event);
  }

  /** Writes what may have cost something, and adds it up. */
  writeBilled(event: BilledEvent): void {
    this.write(event);
    this.restoreTotals(addToTotals(this.#totals, event));
  }

  /** Does `then` when all that was written is in the journal. */
  commit(then: () => void): void {
    this.commits.commit(then);
  }

  /** Writes down what all who watch are shown as well, as soon as it is written. */
  announce(event: MeetingEvent & Shown, then: () => void = () => {}): void {
    this.write(event);
    this.commit(() => {
      this.#options.audience.show(event);
      then();
    });
  }

  /** As `announce`, what may have cost something. */
  announceBilled(event: BilledEvent & Shown): void {
    this.restoreTotals(addToTotals(this.#totals, event));
    this.announce(event);
  }

  restoreTotals(totals: Totals): void {
    const { settings, places } = this.#options;
    const participants = { a: places.a.participant, b: places.b.participant };
    this.#totals = totals;
    this.progress.tokens = tokensSoFar(totals);
    this.progress.cost = costSoFar(settings, participants, totals);
  }

  #wait(problem: string): void {
    const { idle, places, audience } = this.#options;
    this.#releaseFullDisk ??= idle.hold();
    for (const seat of seats) places[seat].pause();
    audience.show({ type: 'status', seat: 'a', text: `the meeting waits: ${problem}` });
  }

  #goOn(): void {
    const { places, audience } = this.#options;
    this.#releaseFullDisk?.();
    this.#releaseFullDisk = undefined;
    for (const seat of seats) {
      places[seat].resume();
      audience.showStatus(seat, 'the meeting goes on: the journal can be written again');
    }
  }
}
