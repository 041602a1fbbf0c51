import type { LineSocket } from '../wire/line-socket.ts';
import { seats, type Seat } from '../wire/types.ts';
import type { ViewerEvent } from './viewer.ts';

/** What happens and is not in the journal. */
export type LiveEvent = Extract<
  ViewerEvent,
  { type: 'thinking' | 'delta' | 'translating' | 'status' | 'approval' | 'approved' }
>;

/** A line of a connection that watches. `after`: how many turns had been said by then. */
export interface WatchLine {
  readonly after: number;
  readonly event: LiveEvent;
}

/** How long pieces of turns are collected: an eye sees no difference, and one write does for many. */
const collectMs = 30;
/** More of a turn is not kept for those who come while it is being written. */
const mostDraftCharacters = 64 * 1024;
/** Whoever has left so much unread is sent no more pieces; the turns are in the journal. */
const mostUnreadBytes = 1024 * 1024;

interface Draft {
  /** How many messages had come of its seat by then. */
  readonly said: number;
  readonly text: string;
}

/** How far a meeting has come. */
interface Standing {
  /** How many turns have been said. */
  turns(): number;
  /** How many messages have come of a seat. */
  saidBy(seat: Seat): number;
}

/**
 * Those who watch one meeting over the control port. What is told and journaled anyway they read there; only what
 * happens between is sent to them. Nothing is written as long as nobody watches, and nobody is waited for.
 */
export class Onlookers {
  readonly #standing: Standing;
  readonly #lines = new Set<LineSocket>();
  readonly #drafts: { [seat in Seat]?: Draft } = {};
  #collected: WatchLine[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(standing: Standing) {
    this.#standing = standing;
  }

  /** As `Viewer`. */
  show(event: ViewerEvent): void {
    if (event.type === 'delta') this.#remember(event.seat, event.text);
    // Somebody else may have spoken from the seat, and who comes back begins anew.
    else if (event.type === 'turn' || event.type === 'returned') delete this.#drafts[event.seat];
    if (this.#lines.size === 0 || !isLive(event)) return;
    const last = this.#collected.at(-1);
    const after = this.#standing.turns();
    const isMore =
      last?.event.type === 'delta' &&
      event.type === 'delta' &&
      last.after === after &&
      last.event.seat === event.seat &&
      event.text !== '';
    if (isMore) {
      const { seat, meeting, text } = last.event;
      this.#collected[this.#collected.length - 1] = {
        after,
        event: { type: 'delta', meeting, seat, text: text + event.text },
      };
    } else {
      this.#collected.push({ after, event });
    }
    this.#timer ??= setTimeout(() => this.#send(), collectMs).unref();
  }

  /** Whoever watches from now on is told first what is being written, and what `waits` for somebody. */
  add(line: LineSocket, meeting: string, waits: readonly LiveEvent[]): void {
    this.#send();
    const after = this.#standing.turns();
    for (const seat of seats) {
      const text = this.#draftOf(seat);
      if (text !== '') write(line, { after, event: { type: 'delta', meeting, seat, text } });
    }
    for (const event of waits) write(line, { after, event });
    this.#lines.add(line);
  }

  remove(line: LineSocket): void {
    this.#lines.delete(line);
    if (this.#lines.size === 0) this.#collected = [];
  }

  /** The meeting is over. */
  close(): void {
    this.#send();
    for (const line of this.#lines) line.close();
    this.#lines.clear();
  }

  #remember(seat: Seat, text: string): void {
    const before = text === '' ? '' : this.#draftOf(seat);
    if (before.length < mostDraftCharacters)
      this.#drafts[seat] = { said: this.#standing.saidBy(seat), text: before + text };
  }

  /**
   * What this seat is writing. On the fast path nobody says that a turn is over: it is, once more has come of its seat.
   * That the other has spoken meanwhile says nothing: both may write at once.
   */
  #draftOf(seat: Seat): string {
    const draft = this.#drafts[seat];
    return draft?.said === this.#standing.saidBy(seat) ? draft.text : '';
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const collected = this.#collected;
    this.#collected = [];
    if (collected.length === 0) return;
    const all = collected.map((line) => JSON.stringify(line)).join('\n');
    for (const line of this.#lines) {
      if (line.unsentBytes < mostUnreadBytes) line.sendLine(all);
      // What nobody may miss is little, and comes seldom.
      else for (const one of collected.filter(isLasting)) write(line, one);
    }
  }
}

function write(line: LineSocket, what: WatchLine): void {
  line.sendLine(JSON.stringify(what));
}

function isLasting({ event }: WatchLine): boolean {
  return event.type === 'approval' || event.type === 'approved';
}

const liveTypes: ReadonlySet<string> = new Set([
  'thinking',
  'delta',
  'translating',
  'status',
  'approval',
  'approved',
] satisfies LiveEvent['type'][]);

function isLive(event: ViewerEvent): event is LiveEvent {
  return liveTypes.has(event.type);
}
