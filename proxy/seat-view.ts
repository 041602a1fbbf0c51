import type { JournalEvent } from '../journal/event.ts';
import { moderatorNote, type ModeratorEvent } from '../journal/moderator-event.ts';
import { splitReport } from '../journal/report-note.ts';
import type { HistoryEntry } from '../wire/message.ts';
import type { Participant, Seat } from '../wire/types.ts';
import { needsTranslation } from './translation.ts';

/** Something that one seat was told, under the number of the journal's event that it came from. */
export type Told =
  | { readonly type: 'start'; readonly seq: number; readonly hello: string }
  | {
      readonly type: 'text';
      readonly seq: number;
      readonly turn: number;
      readonly text: string;
      /** What came of its code, to stand below it. */
      readonly results?: string;
      readonly control?: 'bye' | 'help';
    }
  | { readonly type: 'control'; readonly seq: number; readonly control: 'bye' | 'help' }
  | { readonly type: 'note'; readonly seq: number; readonly text: string };

type Item =
  Told | { readonly type: 'said'; readonly seq: number; readonly turn: number; readonly text: string };

/** The number of what was said and not told: it waits for its translation. */
const notYet = Infinity;

/** What of a long meeting is told again, in characters: half of what an agent takes in one frame. */
const mostCharacters = 4 * 1024 * 1024;

/** A meeting as one seat has lived through it, from its journal. */
export class SeatView {
  readonly #seat: Seat;
  #items: Item[] = [];
  /** What the partner said and this seat was not told yet. */
  #held: Told[] = [];
  /** A person had this seat from the first item to the second. */
  #taken: { readonly from: number; readonly to?: number } | undefined;
  /** The event by which this seat was given back. */
  #givenSeq = 0;
  #characters = 0;
  /** In a meeting that is translated, those whose turns are. */
  #translated: { readonly [seat in Seat]: Participant } | undefined;

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
        const isHeld = this.#translated !== undefined && needsTranslation(text, this.#translated);
        const told = { turn, text, ...passedOn(event.control) };
        return this.#push({ type: 'text', seq: isHeld ? notYet : seq, ...told });
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
      case 'translation':
        return isOwn ? undefined : this.#translate(event);
      case 'meeting':
        this.#translated = event.settings.translation && event.seats;
        return;
      case 'seated':
      case 'block':
      case 'truncated':
      case 'lost':
      case 'returned':
      case 'status':
      case 'flag':
      case 'stop':
        return;
      case 'moderator':
        return this.#follow(event, seq, isOwn);
    }
  }

  /** Whether who has taken all up to event number `seen` knows what was said in its place. */
  isKnownTo(seen: number | undefined): boolean {
    return seen !== undefined && seen >= this.#givenSeq;
  }

  /** Whether something was said to it that it has not answered. */
  get isAsked(): boolean {
    return this.#lastQuestion() > this.#lastSaid();
  }

  /** What was said while a person had the seat, for an agent that cannot be told it as its own words. */
  get meanwhile(): readonly HistoryEntry[] {
    const { from, to } = this.#taken ?? { from: 0, to: 0 };
    return this.#entries(this.#items.slice(from, to));
  }

  /** Up to its own last word: what it must know before it goes on. */
  history(): HistoryEntry[] {
    return this.#entries(this.#items.slice(0, this.#firstNew()));
  }

  #entries(items: readonly Item[]): HistoryEntry[] {
    const entries: HistoryEntry[] = [];
    for (const item of items) {
      if (item.type === 'note') entries.push({ note: item.text });
      if (item.type === 'said' && item.turn > 0) {
        entries.push({ turn: item.turn, seat: this.#seat, text: item.text });
      }
      if (item.type === 'text') {
        if (item.seq === notYet) continue;
        entries.push({ turn: item.turn, seat: this.#seat === 'a' ? 'b' : 'a', text: toldText(item) });
      }
    }
    return entries;
  }

  /** What it was told after its own last word, or after event number `seen`; nothing beyond `sentSeq`. */
  told(seen: number | undefined, sentSeq: number): Told[] {
    const from = seen === undefined ? this.#firstNew() : 0;
    return this.#items
      .slice(from)
      .filter((item) => item.type !== 'said')
      .filter(({ seq }) => seq <= sentSeq && (seen === undefined || seq > seen));
  }

  #follow(event: ModeratorEvent, seq: number, isOwn: boolean): void {
    const note = moderatorNote(event);
    if (note !== undefined) {
      if (isOwn || event.seat === undefined) this.#push({ type: 'note', seq, text: note });
      return;
    }
    if (event.action === 'held' && !isOwn) this.#hold(event.turn ?? 0);
    if (event.action === 'released' && !isOwn) this.#release(event.turn ?? 0, seq);
    if (event.action === 'take' && isOwn) this.#taken = { from: this.#items.length };
    if (event.action === 'give' && isOwn) this.#giveBack(seq);
  }

  #hold(turn: number): void {
    const at = this.#items.findLastIndex((item) => turnOf(item) === turn);
    const item = this.#items[at];
    if (!item || item.type === 'said') return;
    this.#items.splice(at, 1);
    this.#held.push(item);
  }

  /** It is told now what was said a while ago. */
  #release(turn: number, seq: number): void {
    const at = this.#held.findIndex((item) => turnOf(item) === turn);
    const [item] = at < 0 ? [] : this.#held.splice(at, 1);
    if (item) this.#items.push({ ...item, seq });
  }

  /** All that was said is known; what was not answered is said again. */
  #giveBack(seq: number): void {
    const [question] = this.isAsked ? this.#items.splice(this.#lastQuestion(), 1) : [];
    this.#givenSeq = seq;
    this.#taken = { from: this.#taken?.from ?? this.#items.length, to: this.#items.length };
    if (question && question.type !== 'said') this.#items.push({ ...question, seq });
  }

  /** Behind its own last word, and behind what it was told of what a person said in its place. */
  #firstNew(): number {
    return Math.max(this.#lastSaid() + 1, this.#taken?.to ?? 0);
  }

  #lastQuestion(): number {
    return this.#items.findLastIndex(({ type }) => type !== 'said' && type !== 'note');
  }

  /** The results that an author was told of stand below the turn that its partner was sent. */
  #addResults(seq: number, note: string): void {
    const at = this.#lastText();
    const item = this.#items[at];
    const report = splitReport(note);
    if (item?.type !== 'text' || !report) return;
    const results = report.results === '' ? {} : { results: report.results };
    this.#items[at] = { ...item, seq: item.seq === notYet ? notYet : seq, ...results };
  }

  /** A turn is passed on when its code has been run. */
  #postpone(seq: number): void {
    const at = this.#lastText();
    const item = this.#items[at];
    if (item?.type === 'text' && item.seq !== notYet) this.#items[at] = { ...item, seq };
  }

  /** A turn is told when its translation is there, and in its words: after what the seat has said meanwhile. */
  #translate({ seq, turn, text }: Extract<JournalEvent, { type: 'translation' }>): void {
    const at = this.#items.findLastIndex((item) => item.type === 'text' && item.turn === turn);
    const item = this.#items[at];
    if (item?.type !== 'text') return;
    this.#items.splice(at, 1);
    this.#characters -= lengthOf(item);
    this.#push({ ...item, seq, text });
  }

  #push(item: Item): void {
    this.#items.push(item);
    this.#characters += lengthOf(item);
    while (this.#characters > mostCharacters && this.#items.length > 1) {
      this.#characters -= lengthOf(this.#items.shift() as Item);
      this.#taken = this.#taken && earlier(this.#taken);
    }
  }

  #lastSaid(): number {
    return this.#items.findLastIndex(({ type }) => type === 'said');
  }

  #lastText(): number {
    return this.#items.findLastIndex(({ type }) => type === 'text');
  }
}

/** Of what the partner said; a control word that came alone has no number. */
function turnOf(item: Item): number | undefined {
  if (item.type === 'control') return 0;
  return item.type === 'text' ? item.turn : undefined;
}

/** The first item is gone. */
function earlier({ from, to }: { readonly from: number; readonly to?: number }): {
  readonly from: number;
  readonly to?: number;
} {
  return { from: Math.max(0, from - 1), ...(to === undefined ? {} : { to: Math.max(0, to - 1) }) };
}

function passedOn(control: string | undefined): { control?: 'bye' | 'help' } {
  return control === 'bye' || control === 'help' ? { control } : {};
}

/** With the results of its code below it. */
export function toldText({ text, results }: Extract<Told, { type: 'text' }>): string {
  return results === undefined ? text : `${text}\n\n${results}`;
}

function lengthOf(item: Item): number {
  return 'text' in item ? item.text.length : 0;
}
