import type { JournalEvent } from '../journal/event.ts';
import type { ModeratorEvent } from '../journal/moderator-event.ts';
import type { HistoryEntry } from '../wire/message.ts';
import { otherSeat, seats, type Seat, type SpokenVerb } from '../wire/types.ts';
import type { Absences } from './absences.ts';
import type { Ledger } from './ledger.ts';
import { Moot } from './moderation.ts';
import type { Peer } from './peer.ts';
import type { Place } from './place.ts';
import type { SeatView } from './seat-view.ts';
import type { Telling } from './telling.ts';

/** What a take-over needs of a meeting. */
export interface TakenMeeting {
  readonly places: { readonly [seat in Seat]: Place };
  /** Calls `run` once, so many milliseconds from now, unless the meeting is over by then. */
  after(delayMs: number, run: () => void): () => void;
  /** Reads what a seat has lived through; undefined where the meeting is over by then. */
  readonly recall: (seat: Seat) => Promise<SeatView | undefined>;
  readonly ledger: Ledger;
  readonly telling: Telling;
  readonly absences: Absences;
  isOver(): boolean;
  /** The seat is empty: keeps it for whoever held it. */
  keepSeat(seat: Seat): void;
}

/** How long a seat stays taken for an agent that cannot tell which message it answers, and writes one. */
const lastAnswerMs = 30_000;
/** An agent that goes on like that is not read any more. */
const mostWithheld = 64;

interface Taken {
  /** Undefined while the seat is given back. */
  person: Peer | undefined;
  /** The agent's connection, whoever's it is by now. */
  parked: Peer | undefined;
  /** Whether it came while the seat was taken: then it may know nothing of the meeting. */
  isNew: boolean;
  /** It was asked for a message that has not come. */
  owes: boolean;
  withheld: number;
  /** The seat is to be given back as soon as what the agent owes has come. */
  onAnswered: (() => void) | undefined;
}

/**
 * Seats that a person has taken over. The agent keeps its connection, and is asked for nothing; what it
 * writes all the same is journaled and goes nowhere. When it has its seat again, it is told what was said in
 * its place as its own words.
 */
export class Takeover {
  readonly #meeting: TakenMeeting;
  readonly #taken: { [seat in Seat]?: Taken } = {};
  /** By which event each seat was given back. */
  readonly #givenSeqs: { [seat in Seat]: number } = { a: 0, b: 0 };

  constructor(meeting: TakenMeeting) {
    this.#meeting = meeting;
  }

  get seats(): readonly Seat[] {
    return seats.filter((seat) => this.#taken[seat] !== undefined);
  }

  get isAnyTaken(): boolean {
    return this.#taken.a !== undefined || this.#taken.b !== undefined;
  }

  isTaken(seat: Seat): boolean {
    return this.#taken[seat] !== undefined;
  }

  isPerson(peer: Peer): boolean {
    return this.#taken[peer.seat]?.person === peer;
  }

  /** Whether it is the agent of a seat that somebody else has. */
  isParked(peer: Peer): boolean {
    return this.#taken[peer.seat]?.parked === peer;
  }

  /** The person sits down in the place of the agent, and is told what was said so far: after `onSeated`. Rejects with Moot. */
  async take(person: Peer, onSeated: () => void): Promise<void> {
    const { seat } = person;
    const { places, recall, telling, absences } = this.#meeting;
    if (this.#meeting.isOver()) throw new Moot('the meeting is over');
    this.#requireFree(seat);
    const view = await recall(seat);
    this.#requireFree(seat);
    if (!view) throw new Moot('the meeting is over');
    const place = places[seat];
    const { sentSeq } = place;
    const parked = place.detach();
    // What it still writes must be read, or it would come when it has the seat again.
    parked?.resume();
    const owes = view.isAsked;
    this.#taken[seat] = { person, parked, isNew: false, owes, withheld: 0, onAnswered: undefined };
    absences.stopWaiting(seat);
    this.#record({ action: 'take', seat }, () => {
      person.together(() => {
        onSeated();
        telling.welcome(person);
        person.history(view.history());
        place.attach(person);
        for (const told of view.told(undefined, sentSeq)) telling.again(person, told);
      });
    });
  }

  /** The agent has its seat again. Rejects with Moot. */
  async give(seat: Seat, detail?: string): Promise<void> {
    const taken = this.#taken[seat];
    if (!taken?.person) throw new Moot(`seat ${seat} is not taken over`);
    taken.person = undefined;
    this.#meeting.places[seat].detach()?.stop('given-back');
    if (taken.owes && taken.parked && !canRetell(taken)) await this.#untilAnswered(taken);
    const view = await this.#meeting.recall(seat);
    if (view) this.#giveBack(seat, taken, view, detail);
  }

  /** What the agent writes in the meantime. */
  withhold(peer: Peer, { text, control }: { readonly text: string; readonly control?: SpokenVerb }): void {
    const taken = this.#taken[peer.seat];
    this.#record({ action: 'withheld', seat: peer.seat, text, ...(control ? { control } : {}) }, () => {
      if (!taken) return;
      taken.owes = false;
      taken.onAnswered?.();
      if (++taken.withheld >= mostWithheld) peer.pause();
    });
  }

  /** Whether it was said before the agent knew that it has its seat again. */
  isOutdated(seat: Seat, heard: number | undefined): boolean {
    return heard !== undefined && heard < this.#givenSeqs[seat];
  }

  /** The agent of a taken seat has come back by another connection. Returns the one before. */
  park(peer: Peer): Peer | undefined {
    const taken = this.#taken[peer.seat];
    const old = taken?.parked;
    if (taken) Object.assign(taken, { parked: peer, isNew: true, owes: false });
    taken?.onAnswered?.();
    return old;
  }

  /** The agent of a taken seat is gone. */
  unpark(peer: Peer): void {
    const taken = this.#taken[peer.seat];
    if (!taken) return;
    taken.parked = undefined;
    taken.onAnswered?.();
  }

  /** The meeting ends here: returns the connections that no place knows of. */
  close(): readonly Peer[] {
    return seats.flatMap((seat) => {
      const parked = this.#taken[seat]?.parked;
      delete this.#taken[seat];
      return parked ? [parked] : [];
    });
  }

  #giveBack(seat: Seat, taken: Taken, view: SeatView, detail: string | undefined): void {
    const { places, ledger, telling } = this.#meeting;
    const event = { action: 'give', seat, ...(detail === undefined ? {} : { detail }) } as const;
    delete this.#taken[seat];
    this.#record(event, () => {
      const { seq } = ledger;
      this.#givenSeqs[seat] = seq;
      view.add({ v: 1, seq, t: '', type: 'moderator', ...event } satisfies JournalEvent);
      const { parked } = taken;
      if (!parked) return this.#meeting.keepSeat(seat);
      const place = places[seat];
      place.attach(parked);
      place.together(() => {
        if (canRetell(taken)) place.deliver(seq, (peer) => peer.history(view.history()));
        else telling.note(seat, seq, describeMeanwhile(view.meanwhile, seat, places[otherSeat(seat)].name));
        for (const told of view.told(undefined, seq)) {
          place.deliver(seq, (peer) => telling.again(peer, told));
        }
      });
      if (!place.isPaused) parked.resume();
    });
  }

  async #untilAnswered(taken: Taken): Promise<void> {
    let cancel = (): void => {};
    await new Promise<void>((resolve) => {
      taken.onAnswered = resolve;
      cancel = this.#meeting.after(lastAnswerMs, resolve);
    });
    cancel();
    taken.onAnswered = undefined;
  }

  #requireFree(seat: Seat): void {
    if (this.#taken[seat]) throw new Moot(`seat ${seat} is taken over already`);
  }

  #record(event: Omit<ModeratorEvent, 'type'>, then: () => void): void {
    this.#meeting.ledger.announce({ type: 'moderator', ...event }, then);
  }
}

/** Whether it takes what was said in its place as its own words, and drops what it writes meanwhile. */
function canRetell({ parked, isNew }: Taken): boolean {
  return parked?.wants('retold') === true || (isNew && parked?.wants('history') === true);
}

function describeMeanwhile(entries: readonly HistoryEntry[], own: Seat, partner: string): string {
  const lines = entries.flatMap((entry) =>
    'note' in entry ? [] : [`${entry.seat === own ? 'You' : partner}: ${entry.text}`],
  );
  return [
    'The moderator spoke in your place. What you wrote meanwhile was passed on to nobody.',
    ...lines,
  ].join('\n\n');
}
