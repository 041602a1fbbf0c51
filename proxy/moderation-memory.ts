import type { JournalEvent, MeetingSettings } from '../journal/event.ts';
import type { ModeratorEvent } from '../journal/moderator-event.ts';
import { seats, type Seat } from '../wire/types.ts';
import type { LastMessage } from './memory.ts';

/** What a moderator has done to a meeting that is gone on with. */
export interface ModerationMemory {
  readonly isPaused: boolean;
  /** Turns that may still come through while it is paused. */
  readonly steps: number;
  /** What waits; `isNoted` where the journal says so. */
  readonly held: readonly (LastMessage & { readonly isNoted: boolean })[];
  /** How long the meeting has been paused, the pause at hand not counted. */
  readonly pausedMs: number;
  /** When the pause at hand began. */
  readonly pausedSinceMs?: number;
  readonly taken: readonly Seat[];
  readonly isGoodbyeAsked: boolean;
  readonly limits: Partial<MeetingSettings>;
}

/** Reads a journal event by event. */
export class ModerationMemoryBuilder {
  #isPaused = false;
  #steps = 0;
  #held: { readonly seat: Seat; readonly turn: number; isNoted: boolean; message: LastMessage }[] = [];
  #pausedMs = 0;
  #pausedSinceMs: number | undefined;
  readonly #taken = new Set<Seat>();
  #isGoodbyeAsked = false;
  #limits: Partial<MeetingSettings> = {};
  readonly #recent: { [seat in Seat]?: LastMessage } = {};

  /** `last` is the last message so far, this event included. */
  add(event: JournalEvent, last: LastMessage | undefined): void {
    if (last) this.#recent[last.seat] = last;
    if (event.type === 'moderator') return this.#follow(event, Date.parse(event.t));
    if (!this.#isPaused || !last || (event.type !== 'turn' && event.type !== 'control')) return;
    // Said during a pause, it waits, or is let through by the event that follows.
    this.#held.push({ seat: last.seat, turn: last.turn, isNoted: false, message: last });
  }

  get memory(): ModerationMemory {
    const held = this.#held.map(({ seat, turn, isNoted, message }) => {
      const recent = this.#recent[seat];
      return { ...(recent?.turn === turn ? recent : message), isNoted };
    });
    return {
      isPaused: this.#isPaused,
      steps: this.#steps,
      held,
      pausedMs: this.#pausedMs,
      ...(this.#pausedSinceMs === undefined ? {} : { pausedSinceMs: this.#pausedSinceMs }),
      taken: seats.filter((seat) => this.#taken.has(seat)),
      isGoodbyeAsked: this.#isGoodbyeAsked,
      limits: this.#limits,
    };
  }

  #follow({ action, seat, turn = 0, limits }: ModeratorEvent, atMs: number): void {
    switch (action) {
      case 'pause':
        this.#isPaused = true;
        this.#steps = 0;
        this.#pausedSinceMs ??= atMs;
        return;
      case 'resume':
        this.#isPaused = false;
        this.#steps = 0;
        this.#pausedMs += atMs - (this.#pausedSinceMs ?? atMs);
        this.#pausedSinceMs = undefined;
        return;
      case 'step':
        this.#steps++;
        return;
      case 'held':
        return seat && this.#hold(seat, turn);
      case 'released':
        if (this.#steps > 0) this.#steps--;
        this.#held = this.#held.filter((one) => one.seat !== seat || one.turn !== turn);
        return;
      case 'limits':
        this.#limits = { ...this.#limits, ...limits };
        return;
      case 'take':
        if (seat) this.#taken.add(seat);
        return;
      case 'give':
        if (seat) this.#taken.delete(seat);
        return;
      case 'goodbye':
        this.#isGoodbyeAsked = true;
        return;
      case 'whisper':
      case 'say':
      case 'withheld':
      case 'stop':
    }
  }

  #hold(seat: Seat, turn: number): void {
    const known = this.#held.find((one) => one.seat === seat && one.turn === turn);
    const message = this.#recent[seat];
    if (known) known.isNoted = true;
    else if (message?.turn === turn) this.#held.push({ seat, turn, isNoted: true, message });
  }
}
