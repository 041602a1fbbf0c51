import { ControlClient } from '../../proxy/control-client.ts';
import { encodeControl, encodeSpoken, parseProxyFrame, type ProxyFrame } from '../../wire/message.ts';
import type { Seat } from '../../wire/types.ts';
import type { SeatMessage } from '../api.ts';
import { eventFrame, type EventSource } from './event-stream.ts';
import { HttpError } from './http-error.ts';

/** What somebody reads again who comes back; older words stand in the journal. */
const mostMessages = 500;
const mostDraftCharacters = 64 * 1024;
/** So long a seat is kept for somebody who neither listens nor speaks. */
const absenceMs = 60_000;

/** A seat that a person has taken over by way of the page: one connection, whoever looks at it. */
export class TakenSeat {
  readonly #client: ControlClient;
  readonly #onLeft: () => void;
  #seat: Seat;
  #messages: SeatMessage[] = [];
  /** How many there were before the first of those. */
  #dropped = 0;
  #draft = '';
  readonly #wakes = new Set<() => void>();
  #listeners = 0;
  #absence: NodeJS.Timeout | undefined;
  #isLeft = false;

  private constructor(client: ControlClient, seat: Seat, onLeft: () => void) {
    this.#client = client;
    this.#seat = seat;
    this.#onLeft = onLeft;
    this.#awaitSomebody();
  }

  /** Rejects with ColloquyError `not-controlled`, `control-lost` or `refused`. */
  static async take(folder: string, seat: Seat, onLeft: () => void): Promise<TakenSeat> {
    const client = await ControlClient.connect(folder);
    const taken = new TakenSeat(client, seat, onLeft);
    try {
      await client.take(
        { action: 'take', seat },
        {
          onFrame: (line) => taken.#hear(parseProxyFrame(line)),
          onLost: () => taken.#leave('the connection to the proxy is lost; the seat is given back'),
        },
      );
      return taken;
    } catch (error) {
      taken.#leave('it could not be taken');
      throw error;
    }
  }

  /** Throws HttpError 409 once it is given back. */
  say(text: string): void {
    if (this.#isLeft) throw new HttpError(409, 'not-taken', 'the seat is not yours any more');
    this.#client.send(encodeSpoken(text));
    if (this.#listeners === 0) this.#awaitSomebody();
  }

  /** Gives the seat back; `left` tells when it is done. */
  give(): void {
    if (!this.#isLeft) this.#client.send(encodeControl('leave', 'gives the seat back'));
  }

  listen(seen: number, wake: () => void): EventSource {
    let position = Math.max(seen, this.#dropped);
    let draft = '';
    this.#listeners++;
    clearTimeout(this.#absence);
    this.#wakes.add(wake);
    return {
      next: () => {
        const news = this.#messages.slice(position - this.#dropped);
        if (news.length > 0) {
          const start = position;
          position += news.length;
          draft = '';
          const frames = news.map((message, at) => `id: ${start + at + 1}\n${eventFrame('seat', message)}`);
          return Promise.resolve(frames.join(''));
        }
        if (this.#isLeft) return Promise.resolve(null);
        if (draft === this.#draft) return Promise.resolve(undefined);
        const isMore = this.#draft.startsWith(draft);
        const text = isMore ? this.#draft.slice(draft.length) : this.#draft;
        const begin = isMore ? '' : eventFrame('seat', { type: 'delta', text: '' });
        draft = this.#draft;
        return Promise.resolve(begin + (text === '' ? '' : eventFrame('seat', { type: 'delta', text })));
      },
      close: () => {
        this.#wakes.delete(wake);
        if (--this.#listeners === 0) this.#awaitSomebody();
      },
    };
  }

  close(): void {
    this.give();
    this.#leave('the server has ended; the seat is given back');
  }

  #awaitSomebody(): void {
    clearTimeout(this.#absence);
    this.#absence = setTimeout(() => this.give(), absenceMs).unref();
  }

  #hear(frame: ProxyFrame): void {
    switch (frame.type) {
      case 'welcome':
        this.#seat = frame.seat;
        return this.#tell({ type: 'taken', partner: frame.partner });
      case 'history': {
        const entries = frame.entries.map((entry) =>
          'note' in entry
            ? ({ by: 'note', text: entry.note } as const)
            : ({ by: entry.seat === this.#seat ? 'you' : 'partner', text: entry.text } as const),
        );
        return this.#tell({ type: 'history', entries });
      }
      case 'delta':
        this.#draft = frame.text === '' ? '' : (this.#draft + frame.text).slice(0, mostDraftCharacters);
        return this.#wake();
      case 'text':
        this.#draft = '';
        return this.#tell({ type: 'text', text: frame.text });
      case 'note':
      case 'status':
        return this.#tell({ type: frame.type, text: frame.text });
      case 'start':
      case 'bye':
      case 'help':
        return this.#tell({ type: frame.type });
      case 'stop': {
        const isGiven = frame.reason === 'given-back';
        return this.#leave(isGiven ? 'the seat is given back' : `the meeting is over: ${frame.reason}`);
      }
      case 'error':
        return this.#leave(frame.message);
      case 'seq':
        return;
    }
  }

  #tell(message: SeatMessage): void {
    this.#messages.push(message);
    if (this.#messages.length > mostMessages) {
      this.#messages.shift();
      this.#dropped++;
    }
    this.#wake();
  }

  #leave(reason: string): void {
    if (this.#isLeft) return;
    this.#isLeft = true;
    clearTimeout(this.#absence);
    this.#client.close();
    this.#tell({ type: 'left', reason });
    this.#onLeft();
  }

  #wake(): void {
    for (const wake of this.#wakes) wake();
  }
}
