import type { MeetingSettings } from '../journal/event.ts';
import { otherSeat, seats, type Seat } from '../wire/types.ts';
import type { Audience } from './audience.ts';
import type { Delays } from './delays.ts';
import type { Execution } from './execution.ts';
import type { Farewell } from './farewell.ts';
import type { Ledger } from './ledger.ts';
import { lastWordsOf, type Past } from './past.ts';
import type { Place } from './place.ts';
import type { Telling } from './telling.ts';

export interface OpeningOptions {
  readonly places: { readonly [seat in Seat]: Place };
  readonly settings: MeetingSettings;
  readonly delays: Delays;
  readonly execution?: Execution;
  readonly ledger: Ledger;
  readonly audience: Audience;
  readonly telling: Telling;
  readonly farewell: Farewell;
}

/** A note that was written down. */
interface Note {
  readonly seat: Seat;
  readonly text: string;
  readonly seq: number;
}

/** How a meeting begins: the two are introduced, told what they must know, and one of them is told to start. */
export class Opening {
  readonly #options: OpeningOptions;

  constructor(options: OpeningOptions) {
    this.#options = options;
  }

  /** Welcomes the two, and tells one of them to begin. */
  begin(first: Seat): void {
    const { places, settings, ledger, audience, telling, delays } = this.#options;
    const notes = this.#introduce();
    ledger.write({ type: 'start', seat: first, hello: settings.hello });
    const { seq } = ledger;
    ledger.commit(() => {
      audience.showPaired();
      for (const seat of seats) {
        const { peer } = places[seat];
        if (peer) telling.welcome(peer);
      }
      for (const note of notes) telling.note(note.seat, note.seq, note.text);
      telling.send(otherSeat(first), delays.hello(first), (peer) => peer.hello(settings.hello), seq);
    });
  }

  /** Begins behind what was said in another meeting: the two are told of it, and who comes next is asked. */
  beginBehind({ events, memory }: Past): void {
    const { ledger, audience, telling, farewell } = this.#options;
    const { turns, questions, goodbye } = memory;
    Object.assign(ledger.progress, { turns, questions });
    farewell.restore(goodbye);
    const notes = this.#introduce();
    const told = events.map((event) => {
      ledger.write(event);
      return { seq: ledger.seq, event };
    });
    ledger.commit(() => {
      audience.showPaired();
      for (const seat of seats) this.#tellPast(seat, told, notes);
      telling.noteAllSent();
      farewell.awaitAnswer();
    });
  }

  #tellPast(seat: Seat, past: Parameters<typeof lastWordsOf>[0], notes: readonly Note[]): void {
    const { places, audience, telling } = this.#options;
    const { peer } = places[seat];
    if (!peer) return;
    const { history, last } = lastWordsOf(past, seat);
    peer.together(() => {
      telling.welcome(peer);
      peer.history(history);
      for (const note of notes) if (note.seat === seat) telling.note(seat, note.seq, note.text);
      if (!last) return;
      places[seat].deliver(last.seq, (peer) => telling.again(peer, last));
      audience.show({ type: 'thinking', seat });
    });
  }

  /** Writes down what the two are told before all else. */
  #introduce(): Note[] {
    const { places, execution, ledger } = this.#options;
    return seats.flatMap((seat) => {
      const text = execution?.introduce(seat);
      if (text === undefined || !places[seat].wants('note')) return [];
      ledger.write({ type: 'note', seat, text });
      return [{ seat, text, seq: ledger.seq }];
    });
  }
}
