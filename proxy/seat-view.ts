import type { JournalEvent } from '../journal/event.ts';
import { splitReport } from '../journal/report-note.ts';
import type { HistoryEntry } from '../wire/message.ts';
import type { Seat } from '../wire/types.ts';

/** Something that one seat was told, under the number of the journal's event that it came from. */
export type Told =
  | { readonly type: 'start'; readonly seq: number; readonly hello: string }
  | {
      readonly type: 'text';
      readonly seq: number;
      readonly turn: number;
      readonly text: string;
      readonly control?: 'bye' | 'help';
    }
  | { readonly type: 'control'; readonly seq: number; readonly control: 'bye' | 'help' }
  | { readonly type: 'note'; readonly seq: number; readonly text: string };

type Item =
  Told | { readonly type: 'said'; readonly seq: number; readonly turn: number; readonly text: string };

/** What of a long meeting is told again, in characters: half of what an agent takes in one frame. */
const mostCharacters = 4 * 1024 * 1024;

/** A meeting as one seat has lived through it, from its journal. */
export class SeatView {
  readonly #seat: Seat;
  #items: Item[] = [];
  #characters = 0;

  constructor(seat: Seat) {
    this.#seat = seat;
  }

  add(event: JournalEvent): void {
    const { seq } = event;
    const isOwn = 'seat' in event && event.seat === this.#seat;
    switch (event.type) {
      case 'start':
        if (isOwn) this.#push({ type: 'start', seq, hello: event.hello });
        return;
      case 'turn': {
        const { turn, text } = event;
        if (isOwn) return this.#push({ type: 'said', seq, turn, text });
        return this.#push({ type: 'text', seq, turn, text, ...passedOn(event.control) });
      }
      case 'control': {
        const { control } = passedOn(event.verb);
        if (isOwn) this.#push({ type: 'said', seq, turn: 0, text: '' });
        else if (control) this.#push({ type: 'control', seq, control });
        return;
      }
      case 'note':
        if (isOwn) return this.#push({ type: 'note', seq, text: event.text });
        return this.#addResults(seq, event.text);
      case 'result':
        return isOwn ? undefined : this.#postpone(seq);
      case 'meeting':
      case 'seated':
      case 'block':
      case 'truncated':
      case 'lost':
      case 'returned':
      case 'status':
      case 'flag':
      case 'stop':
    }
  }

  /** Up to its own last word: what it must know before it goes on. */
  history(): HistoryEntry[] {
    const entries: HistoryEntry[] = [];
    for (const item of this.#items.slice(0, this.#lastSaid() + 1)) {
      if (item.type === 'note') entries.push({ note: item.text });
      if (item.type === 'said' && item.turn > 0) {
        entries.push({ turn: item.turn, seat: this.#seat, text: item.text });
      }
      if (item.type === 'text') {
        entries.push({ turn: item.turn, seat: this.#seat === 'a' ? 'b' : 'a', text: item.text });
      }
    }
    return entries;
  }

  /** What it was told after its own last word, or after event number `seen`; nothing beyond `sentSeq`. */
  told(seen: number | undefined, sentSeq: number): Told[] {
    const from = seen === undefined ? this.#lastSaid() + 1 : 0;
    return this.#items
      .slice(from)
      .filter((item) => item.type !== 'said')
      .filter(({ seq }) => seq <= sentSeq && (seen === undefined || seq > seen));
  }

  /** The results that an author was told of stand below the turn that its partner was sent. */
  #addResults(seq: number, note: string): void {
    const at = this.#lastText();
    const item = this.#items[at];
    const report = splitReport(note);
    if (item?.type !== 'text' || !report) return;
    const text = report.results === '' ? item.text : `${item.text}\n\n${report.results}`;
    this.#items[at] = { ...item, seq, text };
  }

  /** A turn is passed on when its code has been run. */
  #postpone(seq: number): void {
    const at = this.#lastText();
    const item = this.#items[at];
    if (item?.type === 'text') this.#items[at] = { ...item, seq };
  }

  #push(item: Item): void {
    this.#items.push(item);
    this.#characters += lengthOf(item);
    while (this.#characters > mostCharacters && this.#items.length > 1) {
      this.#characters -= lengthOf(this.#items.shift() as Item);
    }
  }

  #lastSaid(): number {
    return this.#items.findLastIndex(({ type }) => type === 'said');
  }

  #lastText(): number {
    return this.#items.findLastIndex(({ type }) => type === 'text');
  }
}

function passedOn(control: string | undefined): { control?: 'bye' | 'help' } {
  return control === 'bye' || control === 'help' ? { control } : {};
}

function lengthOf(item: Item): number {
  return 'text' in item ? item.text.length : 0;
}
