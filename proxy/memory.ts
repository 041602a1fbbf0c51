import type { JournalEvent, MeetingEvent, MeetingSettings } from '../journal/event.ts';
import { hasPassed, wasRun } from '../journal/block.ts';
import { addToTotals, noTotals, type Totals } from '../journal/seat-totals.ts';
import { splitReport } from '../journal/report-note.ts';
import { ModerationMemoryBuilder, type ModerationMemory } from './moderation-memory.ts';
import { otherSeat, type Participant, type Seat, type SpokenVerb, type StopReason } from '../wire/types.ts';
import { needsTranslation } from './translation.ts';

/** Who is to answer a goodbye, and what the meeting's end will be called then. */
export interface Goodbye {
  readonly answering: Seat;
  readonly reason: StopReason;
}

/** What a meeting has to know of its past to go on: all of it stands in the journal. */
export interface Memory {
  readonly meeting: string;
  readonly settings: MeetingSettings;
  readonly seats: { readonly [seat in Seat]: Participant };
  readonly dialects: { readonly [seat in Seat]: 'framed' | 'classic' };
  readonly startedAtMs: number;
  /** Whether one of the two was told to begin: before that, nothing had happened. */
  readonly isBegun: boolean;
  readonly turns: number;
  /** Control words that came alone. */
  readonly questions: number;
  /** Messages of each seat, control words that came alone among them. */
  readonly said: { readonly [seat in Seat]: number };
  readonly passedTests: number;
  /** Whether code was run, whose variables are not there any more. */
  readonly hasRunCode: boolean;
  /** What was said so far, and what it took. */
  readonly totals: Totals;
  readonly goodbye?: Goodbye;
  /** The last message, and whether it answered a goodbye. */
  readonly last?: LastMessage;
  /** Of each seat, the turn whose translation never came: its partner was not told it. */
  readonly untranslated: { readonly [seat in Seat]?: LastMessage };
  readonly moderation: ModerationMemory;
}

export interface LastMessage {
  readonly seat: Seat;
  /** 0 for a control word that came alone. */
  readonly turn: number;
  readonly text: string;
  readonly control?: SpokenVerb;
  readonly answersGoodbye: boolean;
  /** The blocks of it that were begun, with what became of them. */
  readonly code: readonly Extract<MeetingEvent, { type: 'block' | 'result' }>[];
  /** Whether its author was told what became of its code. */
  readonly isReported: boolean;
  /** What the partner is to be told of that, below the turn. */
  readonly results: string;
}

/** Reads a journal event by event. */
export class MemoryBuilder {
  #head: Extract<JournalEvent, { type: 'meeting' }> | undefined;
  readonly #dialects: { [seat in Seat]: 'framed' | 'classic' } = { a: 'framed', b: 'framed' };
  #isBegun = false;
  #isStopped = false;
  #turns = 0;
  #questions = 0;
  readonly #said = { a: 0, b: 0 };
  #passedTests = 0;
  #hasRunCode = false;
  #totals: Totals = { a: noTotals(), b: noTotals() };
  #goodbye: Goodbye | undefined;
  #last: LastMessage | undefined;
  readonly #untranslated: { [seat in Seat]?: LastMessage } = {};
  readonly #moderation = new ModerationMemoryBuilder();

  add(event: JournalEvent): void {
    this.#learn(event);
    this.#moderation.add(event, this.#last);
  }

  #learn(event: JournalEvent): void {
    switch (event.type) {
      case 'meeting':
        this.#head = event;
        return;
      case 'seated':
        this.#dialects[event.seat] = event.dialect;
        return;
      case 'start':
        this.#isBegun = true;
        return;
      case 'turn':
        this.#turns = event.turn;
        this.#totals = addToTotals(this.#totals, event);
        return this.#hear(event, event.turn, event.text, event.control);
      case 'control':
        this.#questions++;
        this.#totals = addToTotals(this.#totals, event);
        return this.#hear(event, 0, '', event.verb);
      case 'result':
        if (!event.inherited) this.#learnOfCode(event);
        return this.#addCode(event);
      case 'block':
        return this.#addCode(event);
      case 'note':
        return this.#addReport(event.seat, event.text);
      case 'translation':
        delete this.#untranslated[event.seat];
        this.#totals = addToTotals(this.#totals, event);
        return;
      case 'stop':
        this.#isStopped = true;
        return;
      case 'lost':
        this.#totals = addToTotals(this.#totals, event);
        return;
      case 'truncated':
      case 'returned':
      case 'status':
      case 'flag':
        return;
      case 'moderator':
        if (event.action === 'withheld' && event.seat) this.#said[event.seat]++;
    }
  }

  #learnOfCode(result: Extract<MeetingEvent, { type: 'result' }>): void {
    if (hasPassed(result, result)) this.#passedTests++;
    if (wasRun(result)) this.#hasRunCode = true;
  }

  /** Undefined where there is nothing to go on with: no meeting, or one that has stopped. */
  get memory(): Memory | undefined {
    const head = this.#head;
    if (!head || this.#isStopped) return undefined;
    const { memory: moderation } = this.#moderation;
    return {
      meeting: head.meeting,
      settings: { ...head.settings, ...moderation.limits },
      seats: head.seats,
      dialects: this.#dialects,
      startedAtMs: Date.parse(head.t),
      isBegun: this.#isBegun,
      turns: this.#turns,
      questions: this.#questions,
      said: this.#said,
      passedTests: this.#passedTests,
      hasRunCode: this.#hasRunCode,
      totals: this.#totals,
      ...(this.#goodbye ? { goodbye: this.#goodbye } : {}),
      ...(this.#last ? { last: this.#last } : {}),
      untranslated: this.#untranslated,
      moderation,
    };
  }

  #hear(
    {
      seat,
      inherited = false,
      by,
    }: { readonly seat: Seat; readonly inherited?: boolean; readonly by?: 'moderator' },
    turn: number,
    text: string,
    control: SpokenVerb | undefined,
  ): void {
    // Who sits there now has not said what was taken over, nor what a person said in its place.
    if (!inherited && by === undefined) this.#said[seat]++;
    const message = {
      seat,
      turn,
      text,
      ...(control ? { control } : {}),
      answersGoodbye: this.#goodbye?.answering === seat,
      code: [],
      // The code of the parent was run there.
      isReported: inherited,
      results: '',
    };
    this.#last = message;
    const { settings, seats } = this.#head ?? {};
    if (settings?.translation && seats && needsTranslation(text, seats)) this.#untranslated[seat] = message;
    if (control === 'bye') this.#goodbye ??= { answering: otherSeat(seat), reason: 'end' };
  }

  #addReport(seat: Seat, note: string): void {
    const report = splitReport(note);
    if (!report) return;
    const { results } = report;
    const untranslated = this.#untranslated[seat];
    if (untranslated) this.#untranslated[seat] = { ...untranslated, isReported: true, results };
    if (this.#last?.seat === seat) this.#last = { ...this.#last, isReported: true, results };
  }

  #addCode(event: Extract<JournalEvent, { type: 'block' | 'result' }>): void {
    if (this.#last?.turn === event.turn) this.#last = { ...this.#last, code: [...this.#last.code, event] };
  }
}
