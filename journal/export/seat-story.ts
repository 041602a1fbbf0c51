import type { Seat, TurnMeta } from '../../wire/types.ts';
import { isEmptyTurn } from '../flag.ts';
import type { JournalEvent } from '../event.ts';
import { moderatorNote, type ModeratorEvent } from '../moderator-event.ts';
import { splitReport } from '../report-note.ts';

/** One thing that a model read or wrote. */
export interface StoryItem {
  readonly role: 'user' | 'assistant';
  readonly text: string;
  /** ISO 8601 in UTC. */
  readonly t: string;
  /** Absent for what nobody said: the word to begin, and notes. */
  readonly turn?: number;
  readonly meta?: TurnMeta;
  /** A person wrote it in the model's place. */
  readonly isByPerson?: true;
}

export interface Message {
  readonly role: 'user' | 'assistant';
  readonly content: string;
  readonly isByPerson?: true;
}

/** What a model gets where its partner said nothing, as agents tell it. */
const silence = '…';
/** What a model gets that has to begin. */
const opening = '/start';

/**
 * A meeting as the model of one seat has read it: the partner's turns in the words it was told them, with the
 * results of code below them, and notes. Control words and the seat's own empty turns are left out.
 */
export function seatStory(events: readonly JournalEvent[], seat: Seat): readonly StoryItem[] {
  const story = new Story(seat);
  for (const event of events) story.add(event);
  return story.items;
}

/**
 * Begins with `user`, ends with `assistant`, and alternates: what follows one another in one role is joined by a
 * blank line. Empty where the seat said nothing.
 */
export function alternate(story: readonly StoryItem[]): readonly Message[] {
  const messages: Message[] = [];
  for (const { role, text, isByPerson } of story) {
    const last = messages.at(-1);
    if (!last && role === 'assistant') messages.push({ role: 'user', content: opening });
    const mark = isByPerson ? { isByPerson } : {};
    if (last?.role === role) {
      messages[messages.length - 1] = { ...last, content: `${last.content}\n\n${text}`, ...mark };
    } else messages.push({ role, content: text, ...mark });
  }
  if (messages.at(-1)?.role === 'user') messages.pop();
  return messages;
}

class Story {
  readonly items: StoryItem[] = [];
  readonly #seat: Seat;
  /** What the partner said and somebody holds back, by its turn. */
  readonly #held = new Map<number, StoryItem>();

  constructor(seat: Seat) {
    this.#seat = seat;
  }

  add(event: JournalEvent): void {
    const isOwn = 'seat' in event && event.seat === this.#seat;
    const { t } = event;
    switch (event.type) {
      case 'start':
        if (isOwn) this.items.push({ role: 'user', text: opening, t });
        return;
      case 'turn':
        return isOwn ? this.#say(event) : this.#hear(event);
      case 'note':
        return isOwn ? this.#note(event.text, t) : this.#addResults(event.text);
      case 'translation':
        if (!isOwn && event.failed === undefined) this.#translate(event.turn, event.text);
        return;
      case 'moderator':
        return this.#follow(event, t, isOwn);
      case 'meeting':
      case 'seated':
      case 'control':
      case 'block':
      case 'result':
      case 'truncated':
      case 'lost':
      case 'returned':
      case 'status':
      case 'flag':
      case 'stop':
        return;
    }
  }

  #say({ text, turn, meta, by, t }: Extract<JournalEvent, { type: 'turn' }>): void {
    if (isEmptyTurn(text, meta?.finish)) return;
    const mark = by === 'moderator' ? { isByPerson: true as const } : {};
    this.items.push({ role: 'assistant', text, t, turn, ...(meta ? { meta } : {}), ...mark });
  }

  #hear({ text, turn, control, t }: Extract<JournalEvent, { type: 'turn' }>): void {
    if (text.trim() === '' && control) return;
    this.items.push({ role: 'user', text: text.trim() === '' ? silence : text, t, turn });
  }

  #note(text: string, t: string): void {
    if (text.trim() !== '') this.items.push({ role: 'user', text: `[note] ${text}`, t });
  }

  /** The results that an author was told of stand below the turn that its partner was sent. */
  #addResults(note: string): void {
    const results = splitReport(note)?.results ?? '';
    const at = this.items.findLastIndex(({ role, turn }) => role === 'user' && turn !== undefined);
    const item = this.items[at];
    if (item && results !== '') this.items[at] = { ...item, text: `${item.text}\n\n${results}` };
  }

  /** It was told when its translation was there, which may be after what the seat has said meanwhile. */
  #translate(turn: number, text: string): void {
    const item = this.#take(turn);
    if (item) this.items.push({ ...item, text });
  }

  #follow(event: ModeratorEvent, t: string, isOwn: boolean): void {
    const note = moderatorNote(event);
    if (note !== undefined) {
      if (isOwn || event.seat === undefined) this.#note(note, t);
      return;
    }
    const { action, turn = 0 } = event;
    if (isOwn || (action !== 'held' && action !== 'released')) return;
    const item = action === 'held' ? this.#take(turn) : this.#held.get(turn);
    if (!item) return;
    if (action === 'held') this.#held.set(turn, item);
    else this.items.push(item);
  }

  #take(turn: number): StoryItem | undefined {
    const at = this.items.findLastIndex((item) => item.role === 'user' && item.turn === turn);
    return at < 0 ? undefined : this.items.splice(at, 1)[0];
  }
}
