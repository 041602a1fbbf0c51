import type { MeetingSettings } from '../journal/event.ts';
import { moderatorNote, type ModeratorEvent } from '../journal/moderator-event.ts';
import { ColloquyError } from '../wire/errors.ts';
import { otherSeat, seats, type Seat, type StopReason } from '../wire/types.ts';
import { Gate, type Held } from './gate.ts';
import type { Ledger } from './ledger.ts';
import { whyCostIsUnknown } from './meeting-settings.ts';
import type { Place } from './place.ts';
import type { Telling } from './telling.ts';
import type { TimeLimit } from './time-limit.ts';

/** Limits of a running meeting, by the names of its settings; 0: no limit. */
export type LimitChanges = { readonly [name in (typeof changeableLimits)[number]]?: number };
export const changeableLimits = [
  'maxMessages',
  'maxSeconds',
  'maxTokens',
  'maxCost',
] as const satisfies (keyof MeetingSettings)[];

/** What a moderator needs of a meeting. */
export interface Moderated {
  readonly places: { readonly [seat in Seat]: Place };
  /** Changed in place: whoever reads a limit gets the new one. */
  readonly settings: { -readonly [name in keyof MeetingSettings]: MeetingSettings[name] };
  readonly time: TimeLimit;
  readonly maxFrameBytes: number;
  readonly ledger: Ledger;
  readonly telling: Telling;
  isOver(): boolean;
  /** Ends the meeting if a limit is reached already. */
  checkLimits(): void;
  sayGoodbye(): void;
  stop(reason: StopReason, detail: string): void;
}

/** Of one seat; of more, the connection is not read while they wait. */
const mostHeld = 16;
/** A wrong script must not write the journal full. */
const mostSteps = 1_000;

/**
 * What a moderator may do with a running meeting, but for taking over a seat (`takeover.ts`). Who calls it, a
 * terminal or a page, has proved before that it may. All of it is journaled before it takes effect. Throws
 * ColloquyError `moot` for what makes no sense as things are.
 */
export class Moderation {
  readonly #meeting: Moderated;
  readonly #gate = new Gate();
  /** What was let through: what becomes of it later, when its code has been run, waits no more. */
  readonly #released = new WeakSet<object>();

  constructor(meeting: Moderated) {
    this.#meeting = meeting;
  }

  /** Nothing is passed on until `resume`; what comes is journaled and waits. The clock stands still. */
  pause(): void {
    const { time } = this.#meeting;
    if (this.#gate.isClosed && this.#gate.steps === 0) throw new Moot('the meeting is paused already');
    this.#gate.close();
    time.pause();
    this.#record({ action: 'pause' });
  }

  resume(): void {
    this.#requirePause();
    this.#gate.open();
    this.#record({ action: 'resume' }, () => this.#open());
  }

  /** Lets the message through that has waited longest, or the next that comes. Returns which of them. */
  step(): 'released' | 'next' {
    this.#requirePause();
    if (this.#gate.steps >= mostSteps) throw new Moot(`${mostSteps} steps wait for messages already`);
    const next = this.#gate.step();
    this.#record({ action: 'step' }, () => next && this.#letGo(next));
    return next ? 'released' : 'next';
  }

  /** Tells one seat something that the other does not hear. */
  whisper(seat: Seat, text: string): void {
    this.#remark({ action: 'whisper', seat, text }, [seat]);
  }

  /** Tells both, in the moderator's name. */
  say(text: string): void {
    this.#remark({ action: 'say', text }, seats);
  }

  /** A limit that is reached already ends the meeting; while it is paused, when it goes on. */
  limit(changes: LimitChanges): void {
    const { settings, time, places } = this.#meeting;
    this.#requireMeeting();
    const participants = { a: places.a.participant, b: places.b.participant };
    const problem = whyCostIsUnknown({ ...settings, ...changes }, participants);
    if (problem !== undefined) throw new Moot(problem);
    this.#record({ action: 'limits', limits: changes }, () => {
      Object.assign(settings, changes);
      time.change(settings.maxSeconds);
      if (!this.#gate.isClosed) this.#meeting.checkLimits();
    });
  }

  /** The two may say goodbye, for which a paused meeting goes on. */
  sayGoodbye(): void {
    this.#requireMeeting();
    this.#record({ action: 'goodbye' }, () => this.#meeting.sayGoodbye());
  }

  stop(): void {
    this.#requireMeeting();
    this.#record({ action: 'stop' }, () => this.#meeting.stop('stopped', 'the moderator ended it'));
  }

  get isPaused(): boolean {
    return this.#gate.isClosed;
  }

  /** Turns that may come through although the meeting is paused. */
  get steps(): number {
    return this.#gate.steps;
  }

  /** Messages that wait. */
  get waiting(): number {
    return this.#gate.waiting.length;
  }

  /** Passes a message on by `pass`: now, or when a moderator lets it go. `key` stands for it for good. */
  pass(key: object, message: Held): void {
    if (this.#released.has(key)) return message.pass();
    switch (this.#gate.admit()) {
      case 'free':
        return message.pass();
      case 'step':
        this.#released.add(key);
        return this.#letGo(message);
      case 'wait': {
        const { seat, turn } = message;
        this.hold(key, message);
        return this.#record({ action: 'held', seat, turn });
      }
    }
  }

  /** As `pass` while the meeting is paused; the journal says so already. */
  hold(key: object, message: Held): void {
    this.#gate.hold({
      ...message,
      pass: () => {
        this.#released.add(key);
        message.pass();
      },
    });
    if (this.#isCrowded(message.seat)) this.#meeting.places[message.seat].hold();
  }

  /** It was paused when the proxy ended. */
  restorePause(steps: number, sinceMs: number | undefined): void {
    this.#gate.close();
    for (let step = 0; step < steps; step++) this.#gate.step();
    this.#meeting.time.pause(sinceMs);
  }

  /** Lets everything go that waits, as far as the meeting is not paused. */
  releaseAll(): void {
    const next = this.#meeting.isOver() ? undefined : this.#gate.next();
    if (next) this.#letGo(next, () => this.releaseAll());
  }

  /** The meeting is over. What had to wait is not passed on; what was about to be, is returned. */
  close(): readonly Held[] {
    const waiting = this.#gate.clear();
    for (const seat of seats) this.#meeting.places[seat].release();
    return this.#gate.isClosed ? [] : waiting;
  }

  /** The two are to say goodbye: nothing keeps them from it. */
  openForGoodbye(): void {
    if (!this.#gate.isClosed) return;
    this.#gate.open();
    this.#record({ action: 'resume', detail: 'to say goodbye' }, () => this.#open());
  }

  #open(): void {
    this.#meeting.time.resume();
    this.releaseAll();
    for (const seat of seats) this.#meeting.places[seat].release();
    if (!this.#meeting.isOver()) this.#meeting.checkLimits();
  }

  /** Each has an event of its own, by whose number it is sent: it may be told again under that. */
  #letGo(held: Held, then: () => void = () => {}): void {
    const { seat, turn } = held;
    this.#record({ action: 'released', seat, turn }, () => {
      // It may be the last word: its receiver gets both in one piece.
      this.#meeting.places[otherSeat(seat)].together(() => held.pass());
      if (!this.#isCrowded(seat)) this.#meeting.places[seat].release();
      then();
    });
  }

  #remark(remark: Omit<ModeratorEvent, 'type'>, to: readonly Seat[]): void {
    this.#requireMeeting();
    const event = { type: 'moderator', ...remark } as const;
    const note = moderatorNote(event);
    this.#record(remark, () => {
      const { ledger, telling } = this.#meeting;
      const { seq } = ledger;
      if (note !== undefined) for (const seat of to) telling.note(seat, seq, note);
    });
  }

  #record(event: Omit<ModeratorEvent, 'type'>, then?: () => void): void {
    this.#meeting.ledger.announce({ type: 'moderator', ...event }, then);
  }

  #isCrowded(seat: Seat): boolean {
    const own = this.#gate.waiting.filter((held) => held.seat === seat);
    const characters = own.reduce((sum, held) => sum + held.characters, 0);
    return own.length >= mostHeld || characters >= this.#meeting.maxFrameBytes;
  }

  #requirePause(): void {
    this.#requireMeeting();
    if (!this.#gate.isClosed) throw new Moot('the meeting is not paused');
  }

  #requireMeeting(): void {
    if (this.#meeting.isOver()) throw new Moot('the meeting is over');
  }
}

/** What was asked for makes no sense as things are. */
export class Moot extends ColloquyError {
  constructor(message: string) {
    super(message, { code: 'moot' });
  }
}
