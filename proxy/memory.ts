import type { JournalEvent, MeetingEvent, MeetingSettings } from '../journal/event.ts';
import { hasPassed } from '../journal/block.ts';
import { splitReport } from '../journal/report-note.ts';
import { ModerationMemoryBuilder, type ModerationMemory } from './moderation-memory.ts';
import { otherSeat, type Participant, type Seat, type SpokenVerb, type StopReason } from '../wire/types.ts';

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
  readonly goodbye?: Goodbye;
  /** The last message, and whether it answered a goodbye. */
  readonly last?: LastMessage;
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
  #goodbye: Goodbye | undefined;
  #last: LastMessage | undefined;
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
        return this.#hear(event, event.turn, event.text, event.control);
      case 'control':
        this.#questions++;
        return this.#hear(event, 0, '', event.verb);
      case 'result':
        if (hasPassed(event, event)) this.#passedTests++;
        return this.#addCode(event);
      case 'block':
        return this.#addCode(event);
      case 'note':
        if (this.#last?.seat === event.seat && splitReport(event.text)) {
          this.#last = { ...this.#last, isReported: true };
        }
        return;
      case 'stop':
        this.#isStopped = true;
        return;
      case 'truncated':
      case 'lost':
      case 'returned':
      case 'status':
        return;
      case 'moderator':
        if (event.action === 'withheld' && event.seat) this.#said[event.seat]++;
    }
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
      ...(this.#goodbye ? { goodbye: this.#goodbye } : {}),
      ...(this.#last ? { last: this.#last } : {}),
      moderation,
    };
  }

  #hear(
    { seat, by }: { readonly seat: Seat; readonly by?: 'moderator' },
    turn: number,
    text: string,
    control: SpokenVerb | undefined,
  ): void {
    // What a person said in its place is no message of the agent.
    if (by === undefined) this.#said[seat]++;
    this.#last = {
      seat,
      turn,
      text,
      ...(control ? { control } : {}),
      answersGoodbye: this.#goodbye?.answering === seat,
      code: [],
      isReported: false,
    };
    if (control === 'bye') this.#goodbye ??= { answering: otherSeat(seat), reason: 'end' };
  }

  #addCode(event: Extract<JournalEvent, { type: 'block' | 'result' }>): void {
    if (this.#last?.turn === event.turn) this.#last = { ...this.#last, code: [...this.#last.code, event] };
  }
}
