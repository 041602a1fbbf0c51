import type { LiveEvent, WatchLine } from '../../proxy/onlookers.ts';
import { seats, type Seat } from '../../wire/types.ts';
import type { LiveMessage } from '../api.ts';

/** What waits for its place: more than comes while a journal is read. */
const mostWaiting = 1_000;
/** As in the proxy. */
const mostDraftCharacters = 64 * 1024;

/**
 * Puts what comes by the control port in its place among what stands in the journal: the two come by ways of their
 * own. Nothing is told before the turns that it came after, and nothing of a turn that is journaled by now.
 */
export class LiveOrder {
  readonly #tell: (message: LiveMessage, after: number) => void;
  #turns = 0;
  readonly #lastTurns = { a: 0, b: 0 };
  readonly #drafts: { [seat in Seat]?: string } = {};
  readonly #approvals = new Map<number, LiveMessage>();
  #waiting: WatchLine[] = [];

  /** `tell` is told, too, how many turns had been said by then. */
  constructor(tell: (message: LiveMessage, after: number) => void) {
    this.#tell = tell;
  }

  /** A turn stands in the journal, and is about to be told. */
  turn(seat: Seat, turn: number): void {
    this.#turns = Math.max(this.#turns, turn);
    this.#lastTurns[seat] = turn;
    delete this.#drafts[seat];
  }

  /** What came after turns that are journaled by now is told. */
  release(): void {
    while (this.#waiting[0] && this.#waiting[0].after <= this.#turns) {
      this.#pass(this.#waiting.shift() as WatchLine);
    }
  }

  /** Returns whether it has to wait for a turn that the journal was not seen to hold yet. */
  add(line: WatchLine): boolean {
    if (line.after > this.#turns || this.#waiting.length > 0) {
      if (this.#waiting.length < mostWaiting) this.#waiting.push(line);
      return true;
    }
    this.#pass(line);
    return false;
  }

  get turns(): number {
    return this.#turns;
  }

  /** How many blocks wait until somebody has said whether they may run. */
  get approvals(): number {
    return this.#approvals.size;
  }

  /** What somebody is told first who comes in the middle. */
  get messages(): readonly LiveMessage[] {
    const drafts = seats.flatMap((seat): LiveMessage[] => {
      const text = this.#drafts[seat];
      return text ? [{ type: 'delta', seat, text }] : [];
    });
    return [...drafts, ...this.#approvals.values()];
  }

  /** The connection is gone, and with it what was told there. */
  forget(): void {
    this.#waiting = [];
    for (const seat of seats) {
      if (this.#drafts[seat]) this.#tell({ type: 'delta', seat, text: '' }, this.#turns);
      delete this.#drafts[seat];
    }
    for (const id of this.#approvals.keys()) this.#tell({ type: 'approved', id }, this.#turns);
    this.#approvals.clear();
  }

  #pass({ after, event }: WatchLine): void {
    // Its turn is said, and its pieces have come behind it.
    if (event.type === 'delta' && after < this.#lastTurns[event.seat]) return;
    const message = messageOf(event);
    if (message.type === 'delta') this.#remember(message.seat, message.text);
    if (message.type === 'approval') this.#approvals.set(message.id, message);
    if (message.type === 'approved') this.#approvals.delete(message.id);
    this.#tell(message, after);
  }

  #remember(seat: Seat, text: string): void {
    const draft = text === '' ? '' : (this.#drafts[seat] ?? '');
    if (draft.length < mostDraftCharacters) this.#drafts[seat] = draft + text;
  }
}

/** Which meeting it is, whoever listens knows. */
function messageOf(event: LiveEvent): LiveMessage {
  const { meeting, ...message } = event;
  void meeting;
  return message;
}
