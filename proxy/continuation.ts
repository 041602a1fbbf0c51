import type { MeetingSettings } from '../journal/event.ts';
import { seats, type Seat } from '../wire/types.ts';
import type { Absences } from './absences.ts';
import type { Audience } from './audience.ts';
import type { Execution } from './execution.ts';
import type { Farewell } from './farewell.ts';
import type { Held } from './gate.ts';
import type { IdleWatch } from './idle-watch.ts';
import type { Ledger } from './ledger.ts';
import type { LastMessage, Memory } from './memory.ts';
import type { Moderation } from './moderation.ts';
import type { ModerationMemory } from './moderation-memory.ts';
import type { Opening } from './opening.ts';
import type { SeatState } from './seat-state.ts';
import { withoutLine, type Speech } from './speech.ts';
import type { Telling } from './telling.ts';
import type { TimeLimit } from './time-limit.ts';
import type { TurnPath } from './turn-path.ts';

export interface ContinuationOptions {
  readonly settings: MeetingSettings;
  readonly states: { readonly [seat in Seat]: SeatState };
  readonly time: TimeLimit;
  readonly idle: IdleWatch;
  readonly ledger: Ledger;
  readonly audience: Audience;
  readonly telling: Telling;
  readonly path: TurnPath;
  readonly farewell: Farewell;
  readonly absences: Absences;
  readonly opening: Opening;
  readonly moderation: Moderation;
  readonly execution?: Execution;
  readonly nameOf: (seat: Seat) => string;
  /** A message that a moderator holds back, and that `pass` lets go. */
  readonly heldOf: (speech: Speech, seat: Seat, turn: number, pass: () => void) => Held;
  /** Ends the meeting if that message was its last; returns whether it was. */
  readonly endAfter: (message: LastMessage) => boolean;
  readonly sayGoodbye: () => void;
}

/** How a meeting goes on whose proxy has ended: both seats are empty, and kept for those who held them. */
export class Continuation {
  readonly #options: ContinuationOptions;

  constructor(options: ContinuationOptions) {
    this.#options = options;
  }

  /** From where the journal ends. */
  goOn(memory: Memory): void {
    const { settings, states, time, idle, ledger, farewell, execution } = this.#options;
    const { turns, questions, goodbye, totals, moderation } = memory;
    Object.assign(ledger.progress, { turns, questions });
    farewell.restore(goodbye);
    ledger.restoreTotals(totals);
    execution?.restore(memory);
    for (const seat of seats) {
      states[seat].said = memory.said[seat];
      ledger.write({ type: 'lost', seat, detail: 'the proxy ended' });
    }
    time.start(memory.startedAtMs, settings.maxSeconds, moderation.pausedMs);
    idle.start();
    this.#restoreModeration(moderation);
    ledger.commit(() => this.#takeUp(memory));
  }

  #takeUp(memory: Memory): void {
    const { settings, audience, absences, opening, telling, moderation, nameOf, sayGoodbye } = this.#options;
    audience.showPaired();
    for (const seat of seats) absences.begin(seat, `${nameOf(seat)} did not come back`);
    if (!memory.isBegun) opening.begin(settings.first === 'b' ? 'b' : 'a');
    else if (memory.last && !isWaiting(memory.last, memory.moderation)) this.#takeUpLast(memory.last, memory);
    else telling.noteAllSent();
    moderation.releaseAll();
    if (memory.moderation.isGoodbyeAsked) sayGoodbye();
  }

  /** What was said last, before the proxy ended, may have been said to nobody, and the end not told. */
  #takeUpLast(last: LastMessage, { untranslated }: Memory): void {
    const { path, telling, farewell, endAfter } = this.#options;
    if (path.takeUp(last, untranslated) || endAfter(last)) return;
    telling.noteAllSent();
    farewell.awaitAnswer();
  }

  /** Goes on with what a moderator had done before the proxy ended. */
  #restoreModeration(memory: ModerationMemory): void {
    const { ledger, moderation, path, heldOf } = this.#options;
    for (const seat of memory.taken) {
      ledger.write({ type: 'moderator', action: 'give', seat, detail: 'the proxy ended' });
    }
    for (const message of memory.held) {
      const { seat, turn, isNoted } = message;
      if (!isNoted) ledger.write({ type: 'moderator', action: 'held', seat, turn });
      const speech = withoutLine(message);
      moderation.hold(
        speech,
        heldOf(speech, seat, turn, () => path.letThrough(message, speech)),
      );
    }
    if (memory.isPaused) moderation.restorePause(memory.steps, memory.pausedSinceMs);
  }
}

/** Whether a message waits for a moderator who has paused the meeting. */
function isWaiting({ seat, turn }: LastMessage, { held }: ModerationMemory): boolean {
  return held.some((one) => one.seat === seat && one.turn === turn);
}
