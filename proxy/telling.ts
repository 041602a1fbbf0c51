import { ProtocolError } from '../wire/errors.ts';
import type { Clock } from '../wire/clock.ts';
import { otherSeat, seats, type Seat } from '../wire/types.ts';
import type { Audience } from './audience.ts';
import type { Delays } from './delays.ts';
import type { IdleWatch } from './idle-watch.ts';
import { Lane } from './lane.ts';
import type { Ledger } from './ledger.ts';
import type { Peer } from './peer.ts';
import type { Place } from './place.ts';
import type { SeatState } from './seat-state.ts';
import { toldText, type Told } from './seat-view.ts';
import type { Speech } from './speech.ts';
import { telemetry } from '../telemetry/telemetry.ts';

export interface TellingOptions {
  readonly meeting: string;
  readonly places: { readonly [seat in Seat]: Place };
  readonly states: { readonly [seat in Seat]: SeatState };
  /** What whoever comes back to a seat must know; absent where nobody can come back. */
  readonly secrets?: { readonly [seat in Seat]: string };
  readonly delays: Delays;
  /** How long a peer may leave its socket full; 0: for ever. */
  readonly drainMs: number;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly audience: Audience;
  readonly idle: IdleWatch;
  readonly isOver: () => boolean;
  /** Whether it is a person who has taken over the seat. */
  readonly isPerson: (peer: Peer) => boolean;
  /** Somebody reads nothing. */
  readonly onStuck: (peer: Peer, error: ProtocolError) => void;
}

/** What the seats of a meeting are told, and when. */
export class Telling {
  /** By the seat that speaks. */
  readonly lanes: { readonly [seat in Seat]: Lane };
  readonly #options: TellingOptions;

  constructor(options: TellingOptions) {
    this.#options = options;
    this.lanes = { a: this.#createLane('a'), b: this.#createLane('b') };
  }

  /** Sends from `seat` to the other one, when the rate limit and the other's socket allow. */
  deliver(seat: Seat, characters: number, send: (peer: Peer) => void): void {
    const { delays, audience } = this.#options;
    const delayMs = delays.message(seat, characters);
    if (delayMs > 0)
      audience.showStatus(seat, `held back by the rate limit, goes out in ${Math.ceil(delayMs / 1_000)} s`);
    this.send(seat, delayMs, send);
  }

  /** As `deliver`, after `delayMs`; it is what event number `seq` said. */
  send(seat: Seat, delayMs: number, send: (peer: Peer) => void, seq = this.#options.ledger.seq): void {
    const { places, idle, audience, isOver } = this.#options;
    const to = otherSeat(seat);
    const release = idle.hold();
    this.lanes[seat].deliver(delayMs, () => {
      release();
      places[to].deliver(seq, send);
      if (!isOver()) audience.show({ type: 'thinking', seat: to });
    });
  }

  /** Writes down what a seat must know and must not answer, and tells it. */
  tell(seat: Seat, text: string): void {
    const { ledger } = this.#options;
    ledger.write({ type: 'note', seat, text });
    const { seq } = ledger;
    ledger.commit(() => this.note(seat, seq, text));
  }

  /** Tells a note that was written down as event number `seq`. */
  note(seat: Seat, seq: number, text: string): void {
    const place = this.#options.places[seat];
    const state = this.#options.states[seat];
    if (place.wants('note')) place.deliver(seq, (peer) => peer.note(text));
    else state.untold = state.untold === undefined ? text : `${state.untold}\n\n${text}`;
  }

  /** A seat that takes no notes gets them here. */
  say(peer: Peer, { text, line }: Speech): void {
    const state = this.#options.states[peer.seat];
    const { untold } = state;
    state.untold = undefined;
    if (untold === undefined) peer.text(text, line);
    else peer.text(`${untold}\n\n${text}`);
  }

  /** Tells what was told before to whoever sits there now. */
  again(peer: Peer, told: Told): void {
    switch (told.type) {
      case 'start':
        return peer.hello(told.hello);
      case 'note':
        return peer.wants('note') ? peer.note(told.text) : undefined;
      case 'control':
        return peer[told.control]();
      case 'text':
        if (told.text !== '' || !told.control) this.say(peer, { type: 'speech', text: toldText(told) });
        if (told.control) peer[told.control]();
    }
  }

  welcome(peer: Peer): void {
    const { meeting, places, secrets, states, ledger, isPerson } = this.#options;
    const { seat } = peer;
    const trace = peer.wants('trace') ? telemetry()?.welcome(meeting, seat) : undefined;
    peer.welcome({
      meeting,
      partner: places[otherSeat(seat)].name,
      turn: ledger.progress.turns,
      ...(secrets && peer.wants('history') && !isPerson(peer)
        ? { secret: secrets[seat], said: states[seat].said }
        : {}),
      ...(trace === undefined ? {} : { trace }),
    });
  }

  /** What stands in the journal is told to whoever comes back. */
  noteAllSent(): void {
    const { places, ledger } = this.#options;
    for (const seat of seats) places[seat].noteSent(ledger.seq);
  }

  /** Sends at once what waits. */
  flush(): void {
    for (const seat of seats) this.lanes[seat].flush();
  }

  /** What waits is not sent at all. */
  drop(): void {
    for (const seat of seats) this.lanes[seat].drop();
  }

  #createLane(from: Seat): Lane {
    const { places, clock, drainMs, onStuck } = this.#options;
    const to = places[otherSeat(from)];
    const late = `${to.name} has read nothing for ${drainMs / 1_000} s`;
    return new Lane({
      from: places[from],
      to,
      clock,
      drainMs,
      onStuck: () => {
        if (to.peer) onStuck(to.peer, new ProtocolError('too-slow', late));
      },
    });
  }
}
