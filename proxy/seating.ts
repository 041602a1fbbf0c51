import type { ProtocolError } from '../wire/errors.ts';
import type { SocketEnd } from '../wire/line-socket.ts';
import { otherSeat, type Seat } from '../wire/types.ts';
import type { Absences } from './absences.ts';
import type { Audience } from './audience.ts';
import type { Ledger } from './ledger.ts';
import type { Peer } from './peer.ts';
import type { Place } from './place.ts';
import { replaced } from './refusals.ts';
import type { SeatState } from './seat-state.ts';
import type { SeatView } from './seat-view.ts';
import type { Takeover } from './takeover.ts';
import type { Telling } from './telling.ts';

export interface SeatingOptions {
  readonly places: { readonly [seat in Seat]: Place };
  readonly states: { readonly [seat in Seat]: SeatState };
  /** How long a seat is kept for an agent that lost its connection; 0: not at all. */
  readonly resumeMs: number;
  /** What whoever comes back to a seat must know; absent where nobody can come back. */
  readonly secrets?: { readonly [seat in Seat]: string };
  readonly ledger: Ledger;
  readonly audience: Audience;
  readonly telling: Telling;
  readonly absences: Absences;
  readonly takeover: () => Takeover;
  readonly nameOf: (seat: Seat) => string;
  /** Nobody will come back to the seat; `sentence` says who, and why. */
  readonly onLost: (sentence: string) => void;
  /** The meeting cannot go on. */
  readonly onBroken: (sentence: string) => void;
}

/** Who comes back to the seats of a meeting, and who goes. */
export class Seating {
  readonly #options: SeatingOptions;

  constructor(options: SeatingOptions) {
    this.#options = options;
  }

  /** Whether somebody by that connection has a say: one that was replaced has none any more. */
  knows(peer: Peer): boolean {
    return this.#options.places[peer.seat].peer === peer || this.#takeover.isParked(peer);
  }

  /** Somebody comes back to a seat; `view` is what that seat has lived through so far. */
  comeBack(peer: Peer, view: SeatView): void {
    const { places, states, ledger, audience, telling, absences } = this.#options;
    const { seat, greeting } = peer;
    if (this.#takeover.isTaken(seat)) return this.#park(peer);
    const place = places[seat];
    this.#replace(seat, place.detach());
    absences.end(seat);
    states[seat].meta = undefined;
    states[seat].number = undefined;
    ledger.write({ type: 'returned', seat });
    ledger.commit(() => {
      peer.together(() => {
        telling.welcome(peer);
        const seen = view.isKnownTo(greeting.seen) ? greeting.seen : undefined;
        if (seen === undefined) peer.history(view.history());
        place.attach(peer);
        for (const told of view.told(seen, place.sentSeq)) {
          place.deliver(told.seq, (peer) => telling.again(peer, told));
        }
      });
      audience.show({ type: 'returned', seat });
      places[otherSeat(seat)].status('is back');
    });
  }

  /** A connection has ended. */
  lose(peer: Peer, end: SocketEnd): void {
    const { places, states, ledger, absences, nameOf, resumeMs, secrets, onLost } = this.#options;
    const { seat } = peer;
    if (this.#takeover.isPerson(peer)) return this.giveBack(seat, 'the terminal is gone');
    ledger.write({ type: 'lost', seat, ...end });
    if (this.#takeover.isParked(peer)) return ledger.commit(() => this.#takeover.unpark(peer));
    const { status } = states[seat];
    const sentence = `${nameOf(seat)} ${end.detail}${status === undefined ? '' : `: ${status}`}`;
    if (resumeMs === 0 || !secrets || !peer.wants('history')) return onLost(sentence);
    places[seat].detach();
    ledger.commit(() => absences.begin(seat, sentence));
  }

  /** Somebody says that they go, and do not come back. */
  leave(peer: Peer, why: string): void {
    const { states, ledger, nameOf, onLost } = this.#options;
    const { seat } = peer;
    if (this.#takeover.isPerson(peer)) return this.giveBack(seat);
    const state = states[seat];
    const billed = state.meta?.usage ? { meta: { usage: state.meta.usage } } : {};
    ledger.writeBilled({ type: 'lost', seat, detail: `left: ${why}`, ...billed });
    state.hasLeft = true;
    if (this.#takeover.isParked(peer)) return ledger.commit(() => this.#takeover.unpark(peer));
    onLost(`${nameOf(seat)} left: ${why}`);
  }

  /** A seat broke a rule of the wire: it is told so, and the meeting cannot go on. */
  expel(peer: Peer, error: ProtocolError): void {
    const { states, ledger, nameOf, onBroken } = this.#options;
    const { seat } = peer;
    if (this.#takeover.isPerson(peer)) return this.giveBack(seat, error.message);
    ledger.write({ type: 'lost', seat, detail: `${error.code}: ${error.message}` });
    peer.refuse(error);
    states[seat].hasLeft = true;
    if (this.#takeover.isParked(peer)) return ledger.commit(() => this.#takeover.unpark(peer));
    onBroken(`${nameOf(seat)} was disconnected: ${error.message}`);
  }

  /** A person leaves the seat that they had taken over. */
  giveBack(seat: Seat, detail?: string): void {
    // It may be given back already.
    this.#takeover.give(seat, detail).catch(() => {});
  }

  /** A person has given the seat back, and its agent is gone. */
  keep(seat: Seat): void {
    const { states, absences, nameOf, resumeMs, secrets, onLost } = this.#options;
    const sentence = `${nameOf(seat)} was gone when the seat was given back`;
    if (states[seat].hasLeft || resumeMs === 0 || !secrets) return onLost(sentence);
    absences.begin(seat, sentence);
  }

  /** The agent of a seat that a person has taken over comes back to it. */
  #park(peer: Peer): void {
    const { ledger, audience, telling } = this.#options;
    const { seat } = peer;
    this.#replace(seat, this.#takeover.park(peer));
    ledger.write({ type: 'returned', seat });
    ledger.commit(() => {
      telling.welcome(peer);
      audience.show({ type: 'returned', seat });
    });
  }

  /** Who came back has another connection, which counts for more than the one before. */
  #replace(seat: Seat, old: Peer | undefined): void {
    const { ledger } = this.#options;
    if (old) ledger.write({ type: 'lost', seat, detail: 'came back by another connection' });
    old?.refuse(replaced());
  }

  get #takeover(): Takeover {
    return this.#options.takeover();
  }
}
