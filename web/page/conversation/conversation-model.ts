import { batch, signal } from '@preact/signals';
import { OutlineBuilder, type Entry, type Outline, type ResultEntry } from '../../../journal/conversation.ts';
import type { JournalEvent } from '../../../journal/event.ts';
import { otherSeat, type Seat } from '../../../wire/types.ts';
import type { JournalMessage, LiveMessage, PendingApproval } from '../../api.ts';
import { LiveWords } from './live-words.ts';

export type TurnEntry = Extract<Entry, { type: 'turn' }>;
export type TranslationEntry = Extract<Entry, { type: 'translation' }>;
export type BlockEntry = Extract<Entry, { type: 'block' }>;
export type EventEntry = Exclude<Entry, TurnEntry | TranslationEntry | BlockEntry | ResultEntry>;

/** What stands in the conversation at one place. An item that changes is another object. */
export type Item =
  | {
      readonly type: 'turn';
      readonly key: string;
      readonly entry: TurnEntry;
      readonly translation?: TranslationEntry;
    }
  /** A block, and what became of it once that is known. */
  | {
      readonly type: 'run';
      readonly key: string;
      readonly block: BlockEntry;
      readonly result?: ResultEntry;
      readonly lastTurn: number;
    }
  /** A result whose block is not there: a journal that somebody cut. */
  | { readonly type: 'result'; readonly key: string; readonly result: ResultEntry; readonly lastTurn: number }
  | { readonly type: 'event'; readonly key: string; readonly entry: EventEntry };

export type LiveTurn = { readonly seat: Seat; readonly text: string };

/** Why nothing new can be read yet. */
export interface Waiting {
  readonly seat: Seat;
  readonly kind: 'thinking' | 'status' | 'translating';
  /** Of `status` and `translating`, as it came. */
  readonly text: string;
  /** When it was said: "in 12 s" is counted down from here. Milliseconds since 1970. */
  readonly sinceMs: number;
}

interface Options {
  readonly nowMs: () => number;
  /** Calls back soon, once for all that came in the meantime. */
  readonly schedule: (flush: () => void) => void;
}

/** A conversation as it grows, from the events of its journal and from what is told of it in between. */
export class ConversationModel {
  readonly items = signal<readonly Item[]>([]);
  readonly outline = signal<Outline>(new OutlineBuilder('').outline);
  /** What is being written. */
  readonly live = signal<readonly LiveTurn[]>([]);
  readonly waiting = signal<Waiting | undefined>(undefined);
  readonly approvals = signal<readonly PendingApproval[]>([]);
  /** The number of the last event that was taken. */
  lastSeq = 0;

  readonly #options: Options;
  readonly #builder: OutlineBuilder;
  #items: Item[] = [];
  readonly #places = new Map<string, number>();
  readonly #words = new LiveWords();
  #waiting: Waiting | undefined;
  #lastSpeaker: Seat | undefined;
  #hasStopped = false;
  #isScheduled = false;

  constructor(meeting: string, options: Options) {
    this.#options = options;
    this.#builder = new OutlineBuilder(meeting);
    this.outline.value = this.#builder.outline;
  }

  /** Takes an event of the journal; one that was taken before changes nothing. */
  add(message: JournalMessage): void {
    if (message.type === 'unreadable') {
      const { line, problem, text } = message;
      const entry = this.#builder.add({ type: 'bad', bad: { line, problem, text }, next: nowhere });
      if (entry?.type === 'unreadable') this.#append({ type: 'event', key: `line-${line}`, entry });
      return this.#plan();
    }
    if (message.seq <= this.lastSeq) return;
    this.lastSeq = message.seq;
    this.#hasStopped = message.type === 'stop';
    const entry = this.#builder.add({ type: 'event', event: message, next: nowhere });
    this.#follow(message);
    if (entry) this.#place(entry);
    this.#plan();
  }

  addLive(message: LiveMessage): void {
    switch (message.type) {
      case 'delta':
        this.#words.add(message.seat, message.text);
        if (this.#waiting?.seat === message.seat) this.#waiting = undefined;
        break;
      case 'thinking':
        this.#words.expect(message.seat);
        this.#wait('thinking', message.seat, '');
        break;
      case 'status':
        this.#wait('status', message.seat, message.text);
        break;
      case 'translating':
        this.#wait('translating', message.seat, message.to);
        break;
      case 'approval': {
        const others = this.approvals.value.filter(({ id }) => id !== message.id);
        this.approvals.value = [...others, message];
        break;
      }
      case 'approved':
        this.approvals.value = this.approvals.value.filter(({ id }) => id !== message.id);
        break;
    }
    this.#plan();
  }

  /** Whether the last event is its end. */
  get hasStopped(): boolean {
    return this.#hasStopped;
  }

  /** What was being written when the connection was lost may never be told to its end. */
  forgetLive(): void {
    this.#words.clear();
    this.#waiting = undefined;
    this.#plan();
  }

  /** Forgets what is shown, not what was said: it begins again with what comes. */
  clear(): void {
    this.#items = [];
    this.#places.clear();
    this.#plan();
  }

  /** What the event means for what is being written and waited for. */
  #follow(event: JournalEvent): void {
    switch (event.type) {
      case 'turn':
      case 'control':
        this.#words.end(event.seat, event.type === 'turn' ? event.text : '');
        this.#lastSpeaker = event.seat;
        this.#waiting = undefined;
        return;
      case 'start':
        this.#lastSpeaker = otherSeat(event.seat);
        return;
      case 'translation':
      case 'returned':
        this.#waiting = undefined;
        return;
      case 'lost':
        this.#words.add(event.seat, '');
        return;
      case 'moderator':
        // What an agent writes whose seat is taken is told to nobody.
        if (event.action === 'withheld' && event.seat !== undefined) this.#words.add(event.seat, '');
        return;
      case 'stop':
        this.#words.clear();
        this.#waiting = undefined;
        this.#lastSpeaker = undefined;
        return;
      default:
        return;
    }
  }

  #place(entry: Entry): void {
    switch (entry.type) {
      case 'turn':
        return this.#append({ type: 'turn', key: `turn-${entry.turn}`, entry });
      case 'translation': {
        const place = this.#places.get(`turn-${entry.turn}`);
        const turn = place === undefined ? undefined : this.#items[place];
        if (place !== undefined && turn?.type === 'turn')
          this.#items[place] = { ...turn, translation: entry };
        return;
      }
      case 'block':
        return this.#append({ type: 'run', key: keyOf(entry), block: entry, lastTurn: this.#lastTurn });
      case 'result': {
        const key = keyOf(entry);
        const place = this.#places.get(key);
        const run = place === undefined ? undefined : this.#items[place];
        if (place !== undefined && run?.type === 'run') this.#items[place] = { ...run, result: entry };
        else this.#append({ type: 'result', key, result: entry, lastTurn: this.#lastTurn });
        return;
      }
      default:
        return this.#append({ type: 'event', key: 'seq' in entry ? `event-${entry.seq}` : '', entry });
    }
  }

  get #lastTurn(): number {
    return this.#builder.outline.turns;
  }

  #append(item: Item): void {
    this.#places.set(item.key, this.#items.length);
    this.#items.push(item);
  }

  #wait(kind: Waiting['kind'], seat: Seat, text: string): void {
    this.#waiting = { kind, seat, text, sinceMs: this.#options.nowMs() };
  }

  #plan(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#options.schedule(() => {
      this.#isScheduled = false;
      this.#show();
    });
  }

  #show(): void {
    batch(() => {
      this.items.value = [...this.#items];
      this.outline.value = this.#builder.outline;
      this.live.value = this.#words.shown(this.#lastSpeaker);
      this.waiting.value = this.#waiting ?? this.#nextSpeaker();
    });
  }

  /** Whoever did not speak last, when nobody is known to write. */
  #nextSpeaker(): Waiting | undefined {
    if (this.#lastSpeaker === undefined || this.live.value.length > 0) return undefined;
    return { kind: 'thinking', seat: otherSeat(this.#lastSpeaker), text: '', sinceMs: 0 };
  }
}

const nowhere = { offset: 0, line: 0 };

function keyOf({ turn, kind, number }: Pick<BlockEntry, 'turn' | 'kind' | 'number'>): string {
  return `turn-${turn}-${kind}-${number}`;
}
