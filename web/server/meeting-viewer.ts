import type { JournalPosition } from '../../journal/read.ts';
import { seats, type Seat } from '../../wire/types.ts';
import type { LiveMessage, StateMessage } from '../api.ts';
import { eventFrame, type EventSource } from './event-stream.ts';
import type { MeetingFeed } from './meeting-feed.ts';

type Delta = Extract<LiveMessage, { type: 'delta' }>;

/** A draft that a viewer has not been sent: longer ones are dropped, the turn itself comes from the journal. */
const mostDraftCharacters = 64 * 1024;

/** What was streamed of a turn and not sent. */
interface Draft {
  /** How many turns had been said by then. */
  readonly after: number;
  /** What was sent of it before is void. */
  readonly isVoid: boolean;
  /** Undefined where it was too much. */
  readonly text: string | undefined;
}

/**
 * One who watches a meeting. The journal comes from a place in the file, so that nothing is missed or told twice
 * however slow the viewer is; of what is not in the journal only the latest is kept until there is room.
 */
export class MeetingViewer implements EventSource {
  readonly #feed: MeetingFeed;
  readonly #release: () => void;
  readonly #wake: () => void;
  #position: JournalPosition;
  #state: StateMessage | undefined;
  readonly #drafts = new Map<Seat, Draft>();
  /** The latest of its kind, in the order in which the kinds came. */
  readonly #live = new Map<string, Exclude<LiveMessage, Delta>>();
  readonly #leave: () => void;
  #isTold = false;

  constructor(
    { feed, release }: { readonly feed: MeetingFeed; readonly release: () => void },
    position: JournalPosition,
    wake: () => void,
  ) {
    this.#feed = feed;
    this.#release = release;
    this.#wake = wake;
    this.#position = position;
    this.#state = feed.state;
    const listener = {
      onGrown: wake,
      onState: (message: StateMessage) => {
        this.#state = message;
        wake();
      },
      onLive: (message: LiveMessage, after: number) => this.#keep(message, after),
    };
    this.#leave = feed.listen(listener, 'all');
  }

  async next(): Promise<string | undefined | null> {
    if (this.#state && !this.#isEnding) return this.#takeState();
    const lines = await this.#feed.tail.linesFrom(this.#position);
    const last = lines.at(-1);
    if (last) {
      this.#position = last.next;
      for (const { event } of lines) if (event?.type === 'turn') this.#forget(event.seat, event.turn);
      return lines.map(({ frame }) => frame).join('');
    }
    // That it is over is told behind its last event.
    if (this.#state) return this.#takeState();
    if (this.#isTold) return null;
    return this.#takeLive();
  }

  close(): void {
    this.#leave();
    this.#release();
  }

  get #isEnding(): boolean {
    return this.#state?.state === 'ended';
  }

  #takeState(): string {
    const state = this.#state;
    this.#state = undefined;
    if (state?.state === 'ended') this.#isTold = true;
    return eventFrame('state', state);
  }

  #keep(message: LiveMessage, after: number): void {
    if (message.type === 'delta') this.#keepDelta(message, after);
    else this.#live.set(keyOf(message), message);
    this.#wake();
  }

  #keepDelta({ seat, text }: Delta, after: number): void {
    const draft = this.#drafts.get(seat);
    const before = draft && text !== '' ? draft.text : '';
    const isTooMuch = before === undefined || before.length + text.length > mostDraftCharacters;
    this.#drafts.set(seat, {
      after,
      isVoid: text === '' || draft?.isVoid === true,
      text: isTooMuch ? undefined : before + text,
    });
  }

  /** That turn comes from the journal. */
  #forget(seat: Seat, turn: number): void {
    const draft = this.#drafts.get(seat);
    if (draft && draft.after < turn) this.#drafts.delete(seat);
  }

  #takeLive(): string | undefined {
    const messages: LiveMessage[] = [...this.#live.values()];
    this.#live.clear();
    for (const seat of seats) {
      const { text, isVoid } = this.#drafts.get(seat) ?? {};
      if (text === undefined) continue;
      this.#drafts.delete(seat);
      if (isVoid) messages.push({ type: 'delta', seat, text: '' });
      if (text !== '') messages.push({ type: 'delta', seat, text });
    }
    return messages.length === 0
      ? undefined
      : messages.map((message) => eventFrame('live', message)).join('');
  }
}

/** Two of one key: the first is of no use once the second is there. */
function keyOf(message: Exclude<LiveMessage, Delta>): string {
  switch (message.type) {
    case 'approval':
    case 'approved':
      return `approval ${message.id}`;
    case 'thinking':
    case 'translating':
    case 'status':
      return `${message.type} ${message.seat}`;
  }
}
