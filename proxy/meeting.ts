import type { MeetingSettings } from '../journal/event.ts';
import type { ProtocolError } from '../wire/errors.ts';
import { messageOf } from '../wire/errors.ts';
import type { Clock } from '../wire/clock.ts';
import type { SocketEnd } from '../wire/line-socket.ts';
import type { AgentFrame } from '../wire/message.ts';
import { isSameSecret } from '../wire/secret.ts';
import { otherSeat, seats, type Seat, type StopReason } from '../wire/types.ts';
import { Absences } from './absences.ts';
import type { Attention } from './attention.ts';
import { Audience } from './audience.ts';
import type { Record } from './commits.ts';
import { Continuation } from './continuation.ts';
import type { Delays } from './delays.ts';
import type { Execution } from './execution.ts';
import { Farewell } from './farewell.ts';
import { FastPaths } from './fast-paths.ts';
import { Forwarding } from './forwarding.ts';
import { Hearing } from './hearing.ts';
import { IdleWatch } from './idle-watch.ts';
import { Ledger } from './ledger.ts';
import { whyCostIsUnknown } from './meeting-settings.ts';
import type { Memory } from './memory.ts';
import { Moderation } from './moderation.ts';
import { Opening } from './opening.ts';
import type { Past } from './past.ts';
import type { Peer } from './peer.ts';
import type { Place } from './place.ts';
import type { Round } from './round.ts';
import { Seating } from './seating.ts';
import { SeatState } from './seat-state.ts';
import type { SeatView } from './seat-view.ts';
import type { Speech } from './speech.ts';
import type { Limits, Progress } from './stop-rules.ts';
import { Takeover } from './takeover.ts';
import { Telling } from './telling.ts';
import { TimeLimit } from './time-limit.ts';
import { TurnPath } from './turn-path.ts';
import type { TurnTranslator } from './translation.ts';
import type { Viewer } from './viewer.ts';

export interface MeetingOptions {
  readonly id: string;
  readonly places: { readonly a: Place; readonly b: Place };
  /** What whoever comes back to a seat must know; absent where nobody can come back. */
  readonly secrets?: { readonly [seat in Seat]: string };
  readonly settings: MeetingSettings;
  /** What a fork begins with. */
  readonly past?: Past;
  readonly software: string;
  /** How long the answer to a `/bye` may take. */
  readonly goodbyeMs: number;
  /** How long a seat is kept for an agent that lost its connection; 0: not at all. */
  readonly resumeMs: number;
  /** How long a peer may leave its socket full; 0: for ever. */
  readonly drainMs: number;
  readonly maxFrameBytes: number;
  readonly delays: Delays;
  readonly record: Record;
  readonly round: Round;
  readonly clock: Clock;
  readonly random: () => number;
  /** Absent where nobody watches. */
  readonly watch?: Viewer;
  /** Shown the same; for them no message leaves the fast path. */
  readonly onlook?: Viewer;
  /** Runs the code that the two write; without it, code is text like any other. */
  readonly execution?: Execution;
  /** Has turns translated; absent where both speak the same language, or nobody asked for it. */
  readonly translation?: TurnTranslator;
  readonly folder?: string;
  /** Reads along; absent where no loop is looked for and nothing is flagged. */
  readonly attention?: Attention;
  /** Reads from the journal what a seat has lived through, as long as `isWanted`; absent where none is kept. */
  readonly recall?: (seat: Seat, isWanted: () => boolean) => Promise<SeatView | undefined>;
  /** Called once, when all is journaled and said. */
  readonly onStopped: (reason: StopReason, detail: string | undefined) => void;
}

/** Far more than an agent has to say of itself between two turns. */
const maxNotices = 100;
const maxStatusCharacters = 500;

/** One conversation between two seats, from the first frame to the one stop reason. */
export class Meeting {
  readonly id: string;
  readonly moderation: Moderation;
  readonly takeover: Takeover;
  readonly #options: MeetingOptions;
  readonly #states: { readonly [seat in Seat]: SeatState } = {
    a: new SeatState(),
    b: new SeatState(),
  };
  readonly #time: TimeLimit;
  readonly #idle: IdleWatch;
  readonly #audience: Audience;
  readonly #ledger: Ledger;
  readonly #telling: Telling;
  readonly #path: TurnPath;
  readonly #farewell: Farewell;
  readonly #absences: Absences;
  readonly #seating: Seating;
  readonly #opening: Opening;
  readonly #continuation: Continuation;
  readonly #forwarding: Forwarding;
  readonly #hearing: Hearing;
  readonly #fastPaths: FastPaths;
  readonly #timers: (() => void)[] = [];
  /** The next message is the last: the proxy is about to leave. */
  #leaving: (() => void) | undefined;
  #stopped = false;

  constructor(options: MeetingOptions) {
    this.id = options.id;
    // A moderator may change them.
    const own = { ...options, settings: { ...options.settings } };
    this.#options = own;
    const hooks = {
      after: (delayMs: number, run: () => void) => this.#after(delayMs, run),
      isOver: () => this.#stopped,
      stop: (reason: StopReason, detail?: string) => this.stop(reason, detail),
      nameOf: (seat: Seat) => this.#nameOf(seat),
      leaveFastPath: () => this.#fastPaths.leave(),
    };
    this.#time = new TimeLimit(own.clock, (maxSeconds) => this.stop('max-seconds', `${maxSeconds} s`));
    this.#idle = this.#createIdleWatch();
    const audience = new Audience({ ...own, meeting: own.id });
    const shared = { ...own, ...hooks, idle: this.#idle, time: this.#time, states: this.#states, audience };
    const ledger = new Ledger({ ...shared, onFailed: (error) => this.stop('error', messageOf(error)) });
    const telling = new Telling({
      ...shared,
      meeting: own.id,
      ledger,
      isPerson: (peer) => this.takeover.isPerson(peer),
      onStuck: (peer, error) => this.expel(peer, error),
    });
    this.#audience = audience;
    this.#ledger = ledger;
    this.#telling = telling;
    const parts = { ...shared, ledger, telling };
    this.#path = new TurnPath({
      ...parts,
      passThrough: (...turn) => this.#hearing.passThrough(...turn),
      forward: (seat, speech) => this.#forwarding.forward(seat, speech),
    });
    this.#farewell = new Farewell({
      ...parts,
      isPaused: () => this.moderation.isPaused,
      isTranslating: (seat) => this.#path.isTranslating(seat),
    });
    this.#absences = new Absences({ ...parts, onGivenUp: (sentence) => this.#giveUp(sentence) });
    this.#seating = new Seating({
      ...parts,
      absences: this.#absences,
      takeover: () => this.takeover,
      onLost: (sentence) => this.#loseFor(sentence),
      onBroken: (sentence) => this.stop('error', sentence),
    });
    this.#opening = new Opening({
      ...parts,
      farewell: this.#farewell,
    });
    this.#fastPaths = new FastPaths({
      ...parts,
      isBusy: () => this.#isBusy,
      onDefect: (error) => this.breakDown(error),
    });
    this.#forwarding = new Forwarding({
      ...parts,
      farewell: this.#farewell,
      onPassed: () => this.#leaving?.(),
    });
    this.moderation = new Moderation({
      ...parts,
      checkLimits: () => this.#forwarding.checkLimits(),
      sayGoodbye: () => this.sayGoodbye(),
    });
    this.#hearing = new Hearing({
      ...parts,
      moderation: this.moderation,
      forwarding: this.#forwarding,
      path: this.#path,
    });
    this.#continuation = new Continuation({
      ...parts,
      path: this.#path,
      farewell: this.#farewell,
      absences: this.#absences,
      opening: this.#opening,
      moderation: this.moderation,
      heldOf: (...message) => this.#hearing.heldOf(...message),
      endAfter: (message) => this.#forwarding.endAfter(message),
      sayGoodbye: () => this.sayGoodbye(),
    });
    this.takeover = new Takeover({
      ...parts,
      absences: this.#absences,
      recall: (seat) => this.#recall(seat),
      keepSeat: (seat) => this.#seating.keep(seat),
    });
  }

  /** Introduces the two and tells one of them to start. */
  begin(): void {
    const { id, places, settings, software, random, clock, past } = this.#options;
    const { a, b } = places;
    const participants = { a: a.participant, b: b.participant };
    const origin = past ? { parent: past.parent } : {};
    this.#ledger.write({ type: 'meeting', meeting: id, ...origin, software, settings, seats: participants });
    for (const { seat, name, dialect } of [a, b]) this.#ledger.write({ type: 'seated', seat, name, dialect });
    const problem = whyCostIsUnknown(settings, participants);
    if (problem !== undefined) return this.#ledger.commit(() => this.stop('error', problem));
    this.#time.start(clock.nowMs(), settings.maxSeconds);
    this.#idle.start();
    if (past?.memory.isBegun) return this.#opening.beginBehind(past);
    const first = settings.first === 'random' ? (random() < 0.5 ? 'a' : 'b') : settings.first;
    this.#opening.begin(first);
  }

  /** Goes on where the journal ends; both seats are empty, and kept for those who held them. */
  goOn(memory: Memory): void {
    this.#continuation.goOn(memory);
  }

  /** Says something about a seat that all who watch should know, and whoever reads the journal. */
  remark(seat: Seat, text: string): void {
    if (this.#stopped) return;
    this.#ledger.write({ type: 'status', seat, text });
    this.#ledger.commit(() => this.#audience.showStatus(seat, text));
  }

  /** Whether who greets so has the right to come back to that seat. */
  isHeldBy(seat: Seat, secret: string): boolean {
    const expected = this.#options.secrets?.[seat];
    return !this.#stopped && expected !== undefined && isSameSecret(secret, expected);
  }

  /** Somebody comes back to a seat; `view` is what that seat has lived through so far. */
  reseat(peer: Peer, view: SeatView): void {
    this.#fastPaths.leave();
    this.#seating.comeBack(peer, view);
  }

  receive(peer: Peer, frame: AgentFrame): void {
    this.#fastPaths.leave();
    const { seat } = peer;
    if (this.#stopped || !this.#seating.knows(peer)) return;
    if (this.#putOff(seat, () => this.receive(peer, frame))) return;
    this.#idle.touch();
    const state = this.#states[seat];
    const partner = this.#options.places[otherSeat(seat)];
    const isParked = this.takeover.isParked(peer);
    const isPerson = this.takeover.isPerson(peer);
    switch (frame.type) {
      case 'delta':
        if (isParked) return;
        this.#audience.show({ type: 'delta', seat, text: frame.text });
        // Who is told the translation has no use for the original.
        if (!this.#path.isTranslated && !this.moderation.isPaused) partner.delta(frame.text);
        return;
      case 'meta':
        // What a person types has none; what waits here is the agent's.
        if (isPerson) return;
        state.meta = frame.meta;
        state.heard = frame.heard;
        if (frame.number !== undefined) state.number = frame.number;
        return;
      case 'status': {
        if (++state.notices > maxNotices) return;
        const text = frame.text.slice(0, maxStatusCharacters);
        state.status = text;
        this.#ledger.write({ type: 'status', seat, text });
        return this.#ledger.commit(() => this.#audience.showStatus(seat, text));
      }
      case 'truncated':
        if (++state.notices > maxNotices) return;
        this.#ledger.write({ type: 'truncated', seat, count: frame.count, start: frame.start });
        return this.#ledger.commit(() => {});
      case 'leave':
        return this.#seating.leave(peer, frame.text.slice(0, maxStatusCharacters));
      case 'speech':
        if (this.#hearing.isRepeated(peer)) return;
        if (isParked || (!isPerson && this.takeover.isOutdated(seat, state.heard))) {
          return this.#withhold(peer, frame);
        }
        // The last words and the end of the meeting leave in one piece: nobody starts to answer them.
        partner.together(() => this.#hearing.hear(seat, frame, isPerson));
    }
  }

  /** As `LineSocketHandlers.onLines`. */
  receiveLines(peer: Peer, bytes: Buffer, end: number, isStable: boolean): 'free' | 'kept' | 'refused' {
    return this.#fastPaths.receive(peer, bytes, end, isStable);
  }

  /** A connection has ended. */
  lose(peer: Peer, { detail, partial }: SocketEnd): void {
    this.#fastPaths.leave();
    if (this.#stopped || !this.#seating.knows(peer)) return;
    const end = { detail, ...(partial === undefined ? {} : { partial }) };
    if (this.#putOff(peer.seat, () => this.lose(peer, end))) return;
    this.#seating.lose(peer, end);
  }

  /** A seat broke a rule of the wire: it is told so, and the meeting cannot go on. */
  expel(peer: Peer, error: ProtocolError): void {
    this.#fastPaths.leave();
    if (this.#stopped || !this.#seating.knows(peer)) return;
    if (this.#putOff(peer.seat, () => this.expel(peer, error))) return;
    this.#seating.expel(peer, error);
  }

  /** Lets the two say goodbye: who speaks next has the last word but one. */
  sayGoodbye(): void {
    if (this.#stopped || this.#farewell.isBegun) return;
    this.#fastPaths.leave();
    this.#farewell.ask();
    this.moderation.openForGoodbye();
  }

  /** Lets the message that is being written come to its end, then calls `leave`; after `limitMs` in any case. */
  leaveAfterTurn(limitMs: number, leave: () => void): void {
    if (this.#stopped) return;
    this.#fastPaths.leave();
    this.#leaving = leave;
    this.#after(limitMs, leave);
  }

  /** Ends the meeting. Only the first call counts. */
  stop(reason: StopReason, detail?: string): void {
    if (!this.#stopped) this.#fastPaths.leave();
    if (this.#stopped) return;
    this.#stopped = true;
    this.#cancelTimers();
    const { places, onStopped } = this.#options;
    const { isPaused } = this.moderation;
    const waiting = this.#path.stop();
    // What a moderator has held back is not said at all.
    for (const { what, waitedMs } of isPaused ? [] : waiting) this.#path.sayAnyway(what, waitedMs);
    for (const held of this.moderation.close()) held.passAtEnd();
    this.#telling.flush();
    const showFlags = this.#hearing.flag(this.#options.attention?.end());
    const why = detail === undefined ? { reason } : { reason, detail };
    this.#ledger.write({ type: 'stop', ...why });
    try {
      this.#options.record.commit();
    } catch (error) {
      onStopped('error', messageOf(error));
      this.#showStopped({ reason: 'error', detail: messageOf(error) });
      return;
    }
    for (const peer of this.takeover.close()) peer.stop(reason);
    places.a.stop(reason);
    places.b.stop(reason);
    showFlags();
    this.#showStopped(why);
    onStopped(reason, detail);
  }

  /** A defect of this program: it costs this meeting, and no other. */
  breakDown(error: unknown): void {
    this.stop('error', `unexpected: ${messageOf(error)}`);
  }

  #showStopped(why: { readonly reason: StopReason; readonly detail?: string }): void {
    const { progress, totals } = this.#ledger;
    this.#audience.showStopped(why, { turns: progress.turns, totals, settings: this.#options.settings });
  }

  /** Leaves the meeting as it is, for another proxy to go on with. */
  handOver(error: ProtocolError): void {
    if (this.#stopped) return;
    this.#fastPaths.leave();
    this.#stopped = true;
    this.#cancelTimers();
    this.#path.stop();
    this.#telling.drop();
    for (const seat of seats) this.#options.places[seat].refuse(error);
    for (const peer of this.takeover.close()) peer.refuse(error);
  }

  get progress(): Readonly<Progress> {
    return this.#ledger.progress;
  }

  /** How many messages have come of a seat. */
  saidBy(seat: Seat): number {
    return this.#states[seat].said;
  }

  get limits(): Limits {
    return this.#options.settings;
  }

  get elapsedMs(): number {
    return this.#time.elapsedMs;
  }

  /** Nobody came back in time. */
  #giveUp(sentence: string): void {
    // This proxy lets nobody in any more; whoever is gone comes back to the next one.
    if (!this.#leaving) this.#loseFor(sentence);
  }

  /** Nobody will come back. Whoever was told goodbye may just go. */
  #loseFor(sentence: string): void {
    this.stop(this.#farewell.reason ?? 'agent-lost', sentence);
  }

  #after(delayMs: number, run: () => void): () => void {
    if (this.#stopped) return () => {};
    const cancel = this.#options.clock.after(delayMs, run);
    this.#timers.push(cancel);
    return cancel;
  }

  #cancelTimers(): void {
    for (const cancel of this.#timers) cancel();
    this.#idle.stop();
    this.#time.cancel();
  }

  get #isBusy(): boolean {
    return (
      this.#stopped ||
      this.#leaving !== undefined ||
      this.#ledger.commits.isHeld ||
      this.#farewell.isBegun ||
      this.moderation.isPaused ||
      this.takeover.isAnyTaken
    );
  }

  /** Puts off what concerns a seat whose last turn is not passed on yet, or anybody while the disk is full. */
  #putOff(seat: Seat, action: () => void): boolean {
    return this.#ledger.commits.putOff(action) || this.#path.putOff(seat, action);
  }

  #createIdleWatch(): IdleWatch {
    const { clock, settings } = this.#options;
    const { idleSeconds = 0 } = settings;
    const watch = new IdleWatch(clock, idleSeconds * 1_000, () => {
      // Nobody can say anything while all is held back.
      if (this.moderation.isPaused) watch.touch();
      else this.stop('idle', `${idleSeconds} s`);
    });
    return watch;
  }

  #withhold(peer: Peer, frame: Speech): void {
    const state = this.#states[peer.seat];
    state.said++;
    state.meta = undefined;
    this.takeover.withhold(peer, frame);
  }

  async #recall(seat: Seat): Promise<SeatView | undefined> {
    const view = await this.#options.recall?.(seat, () => !this.#stopped);
    return this.#stopped ? undefined : view;
  }

  #nameOf(seat: Seat): string {
    return `${this.#options.places[seat].name} (seat ${seat})`;
  }
}
