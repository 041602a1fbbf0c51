import type { MeetingEvent } from '../journal/event.ts';
import type { TurnsOnTheWire } from '../journal/journal.ts';
import type { LineBuffer } from '../journal/line-buffer.ts';
import { ColloquyError } from '../wire/errors.ts';

/** The part of a journal that a meeting writes to. */
export interface Record {
  append(event: MeetingEvent): void;
  /**
   * Nothing is forwarded before what it answers to is committed. Throws when it cannot be: with a
   * retryable error, everything stays pending, and may be committed later.
   */
  commit(): void;
  /** As `Journal` has it. */
  takeTurns(turns: TurnsOnTheWire, into: LineBuffer): number;
  /** The number of the last event that was appended. */
  readonly seq: number;
}

export interface CommitsOptions {
  readonly record: Record;
  /** Called before anything but a turn is written. What came just now and is not passed on yet goes first. */
  readonly leaveFastPath: () => void;
  /** Calls `run` once, so many milliseconds from now. */
  readonly after: (delayMs: number, run: () => void) => void;
  /** Nothing is put off any more. */
  readonly isOver: () => boolean;
  /** There is no room; all is put off until there is. */
  readonly onFull: (problem: string) => void;
  readonly onRoom: () => void;
  /** The journal cannot be written: nothing may be said that it does not hold. */
  readonly onFailed: (error: unknown) => void;
}

/** How often a full disk is tried again. */
const fullDiskRetryMs = 1_000;

/** What a meeting does once its journal holds why: at once, or when the disk has room again. */
export class Commits {
  readonly #options: CommitsOptions;
  /** What waits for room on the disk. */
  #held: (() => void)[] | undefined;

  constructor(options: CommitsOptions) {
    this.#options = options;
  }

  /** Whether all waits for room on the disk. */
  get isHeld(): boolean {
    return this.#held !== undefined;
  }

  write(event: MeetingEvent): void {
    const { record, leaveFastPath } = this.#options;
    leaveFastPath();
    record.append(event);
  }

  /** Does `then` when all that was written is in the journal. */
  commit(then: () => void): void {
    if (this.#held) return void this.#held.push(then);
    try {
      this.#options.record.commit();
    } catch (error) {
      return this.putOffOrFail(error, then);
    }
    then();
  }

  /** Puts off what happens while the disk is full; false where it is not. */
  putOff(action: () => void): boolean {
    this.#held?.push(action);
    return this.#held !== undefined;
  }

  /** The journal could not be written, for `error`: `then` is done when it can. */
  putOffOrFail(error: unknown, then: () => void): void {
    if (!isForLackOfRoom(error) || this.#options.isOver()) return this.#options.onFailed(error);
    if (this.putOff(then)) return;
    this.#held = [then];
    this.#options.leaveFastPath();
    this.#options.onFull(error.message);
    this.#options.after(fullDiskRetryMs, () => this.#retry());
  }

  #retry(): void {
    try {
      this.#options.record.commit();
    } catch (error) {
      if (!isForLackOfRoom(error)) return this.#options.onFailed(error);
      return this.#options.after(fullDiskRetryMs, () => this.#retry());
    }
    const held = this.#held ?? [];
    this.#held = undefined;
    this.#options.onRoom();
    for (const [at, action] of held.entries()) {
      // The disk may be full again after the first of them.
      if (this.#held) return void (this.#held as (() => void)[]).push(...held.slice(at));
      action();
    }
  }
}

function isForLackOfRoom(error: unknown): error is ColloquyError {
  return error instanceof ColloquyError && error.retryable;
}
