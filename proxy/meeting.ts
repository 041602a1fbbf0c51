import type { MeetingSettings } from '../journal/event.ts';
import type { Flag } from '../journal/flag.ts';
import type { ProtocolError } from '../wire/errors.ts';
import { messageOf } from '../wire/errors.ts';
import type { Clock } from '../wire/clock.ts';
import type { SocketEnd } from '../wire/line-socket.ts';
import type { AgentFrame } from '../wire/message.ts';
import { isSameSecret } from '../wire/secret.ts';
import { otherSeat, seats, type Seat, type SpokenVerb, type StopReason } from '../wire/types.ts';
import { Absences } from './absences.ts';
import type { Attention } from './attention.ts';
import { Audience } from './audience.ts';
import type { Record } from './commits.ts';
import { Continuation } from './continuation.ts';
import type { Delays } from './delays.ts';
import type { Execution } from './execution.ts';
import { Farewell } from './farewell.ts';
import { FastPath } from './fast-path.ts';
import type { Held } from './gate.ts';
import { IdleWatch } from './idle-watch.ts';
import { Ledger } from './ledger.ts';
import { whyCostIsUnknown } from './meeting-settings.ts';
import type { LastMessage, Memory } from './memory.ts';
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
import { messagesOf, stopAfterTurn, type Limits, type Progress } from './stop-rules.ts';
import { Takeover } from './takeover.ts';
import { Telling } from './telling.ts';
import { TimeLimit } from './time-limit.ts';
import { TurnPath } from './turn-path.ts';
import type { TurnTranslator } from './translation.ts';
import { turnsLeftNote } from './turns-left.ts';
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
  readonly #fastPaths: { readonly [seat in Seat]: FastPath };
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
      stop: (reason: StopReason, detail: string) => this.stop(reason, detail),
      nameOf: (seat: Seat) => this.#nameOf(seat),
      leaveFastPath: () => this.#leaveFastPath(),
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
      passThrough: (...turn) => this.#passThrough(...turn),
      forward: (seat, speech) => this.#forward(seat, speech),
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
    this.#fastPaths = { a: this.#createFastPath('a'), b: this.#createFastPath('b') };
    this.moderation = new Moderation({
      ...parts,
      checkLimits: () => this.#checkLimits(),
      sayGoodbye: () => this.sayGoodbye(),
    });
    this.#continuation = new Continuation({
      ...parts,
      path: this.#path,
      farewell: this.#farewell,
      absences: this.#absences,
      opening: this.#opening,
      moderation: this.moderation,
      heldOf: (...message) => this.#heldOf(...message),
      endAfter: (message) => this.#endAfter(message),
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
    this.#leaveFastPath();
    this.#seating.comeBack(peer, view);
  }

  receive(peer: Peer, frame: AgentFrame): void {
    this.#leaveFastPath();
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
        if (this.#isRepeated(peer, state)) return;
        if (isParked || (!isPerson && this.takeover.isOutdated(seat, state.heard))) {
          return this.#withhold(peer, frame);
        }
        // The last words and the end of the meeting leave in one piece: nobody starts to answer them.
        partner.together(() => this.#hear(seat, frame, isPerson));
    }
  }

  /** As `LineSocketHandlers.onLines`. */
  receiveLines(peer: Peer, bytes: Buffer, end: number, isStable: boolean): 'free' | 'kept' | 'refused' {
    const path = this.#fastPaths[peer.seat];
    if (!path.isOpenTo(peer)) this.#openFastPath(peer);
    return path.isOpenTo(peer) ? path.receive(bytes, end, isStable) : 'refused';
  }

  /** A connection has ended. */
  lose(peer: Peer, { detail, partial }: SocketEnd): void {
    this.#leaveFastPath();
    if (this.#stopped || !this.#seating.knows(peer)) return;
    const end = { detail, ...(partial === undefined ? {} : { partial }) };
    if (this.#putOff(peer.seat, () => this.lose(peer, end))) return;
    this.#seating.lose(peer, end);
  }

  /** A seat broke a rule of the wire: it is told so, and the meeting cannot go on. */
  expel(peer: Peer, error: ProtocolError): void {
    this.#leaveFastPath();
    if (this.#stopped || !this.#seating.knows(peer)) return;
    if (this.#putOff(peer.seat, () => this.expel(peer, error))) return;
    this.#seating.expel(peer, error);
  }

  /** Lets the two say goodbye: who speaks next has the last word but one. */
  sayGoodbye(): void {
    if (this.#stopped || this.#farewell.isBegun) return;
    this.#leaveFastPath();
    this.#farewell.ask();
    this.moderation.openForGoodbye();
  }

  /** Lets the message that is being written come to its end, then calls `leave`; after `limitMs` in any case. */
  leaveAfterTurn(limitMs: number, leave: () => void): void {
    if (this.#stopped) return;
    this.#leaveFastPath();
    this.#leaving = leave;
    this.#after(limitMs, leave);
  }

  /** Ends the meeting. Only the first call counts. */
  stop(reason: StopReason, detail?: string): void {
    if (!this.#stopped) this.#leaveFastPath();
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
    const showFlags = this.#flag(this.#options.attention?.end());
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
    this.#leaveFastPath();
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

  #hear(seat: Seat, speech: Speech, isPerson: boolean): void {
    const { text, control } = speech;
    const state = this.#states[seat];
    const meta = isPerson ? undefined : state.meta;
    state.status = undefined;
    state.notices = 0;
    if (!isPerson) {
      state.meta = undefined;
      state.said++;
    }
    const by = isPerson ? { by: 'moderator' as const } : {};
    if (text === '' && control) {
      this.#ledger.progress.questions++;
      this.#ledger.writeBilled({
        type: 'control',
        seat,
        verb: control,
        ...by,
        ...(meta?.usage ? { meta } : {}),
      });
      return this.#ledger.commit(() => {
        this.#audience.show({ type: 'control', seat, verb: control });
        this.#passThrough(speech, seat, 0, () => this.#forward(seat, speech));
      });
    }
    const extras = { ...(control ? { control } : {}), ...(meta ? { meta } : {}), ...by };
    const turn = ++this.#ledger.progress.turns;
    this.#ledger.writeBilled({ type: 'turn', seat, turn, text, ...extras });
    const showFlags = this.#flag(this.#options.attention?.hear({ seat, turn, text, ...extras }));
    this.#ledger.commit(() => {
      this.#audience.show({ type: 'turn', seat, turn, text, ...extras });
      showFlags();
      this.#passThrough(speech, seat, turn, () => this.#path.follow(seat, turn, speech));
    });
  }

  /** A moderator may have paused the meeting: then it waits. */
  #passThrough(speech: Speech, seat: Seat, turn: number, pass: () => void): void {
    this.moderation.pass(speech, this.#heldOf(speech, seat, turn, pass));
  }

  #heldOf(speech: Speech, seat: Seat, turn: number, pass: () => void): Held {
    const passAtEnd = (): void => {
      if (speech.text !== '') this.#path.sayAnyway({ seat, turn, speech, results: '' }, 0);
    };
    return { seat, turn, characters: speech.text.length, pass, passAtEnd };
  }

  /** Returns what shows them, once they are in the journal. */
  #flag(flags: readonly Flag[] = []): () => void {
    for (const flag of flags) this.#ledger.write({ type: 'flag', ...flag });
    return () => flags.forEach((flag) => this.#audience.show({ type: 'flag', ...flag }));
  }

  /** Whether a message was the last. */
  #endingAfter(
    seat: Seat,
    control: SpokenVerb | undefined,
    answersGoodbye: boolean,
  ): { reason: StopReason; detail?: string } | undefined {
    const passed = this.#options.execution?.enoughPassed;
    if (passed !== undefined) {
      return { reason: 'tests-passed', detail: `${passed} ${passed === 1 ? 'test' : 'tests'}` };
    }
    if (control === 'stop' || control === 'end') {
      const reason = control === 'end' ? 'end' : 'stopped';
      return { reason, detail: `${this.#nameOf(seat)} said /${control}` };
    }
    const { reason } = this.#farewell;
    if (reason && answersGoodbye) return { reason };
    const loop = reason || control === 'bye' ? undefined : this.#options.attention?.loop;
    if (loop) return { reason: 'loop', detail: loop.sentence };
    // Two who ask each other for help without a word would otherwise never end.
    return stopAfterTurn(this.#ledger.progress, this.#options.settings);
  }

  /** Passes on what was said, and ends the meeting if it was the last word. */
  #forward(seat: Seat, speech: Speech): void {
    const { text, control } = speech;
    const said = text !== '' || !control;
    const pass = (control?: 'bye' | 'help'): void =>
      this.#telling.deliver(seat, text.length, (peer) => {
        if (said) this.#telling.say(peer, speech);
        if (control) peer[control]();
        if (control === 'bye') this.#farewell.awaitAnswer();
      });
    const ending = this.#endingAfter(seat, control, this.#farewell.isAnsweredBy(seat));
    if (ending) {
      if (said) pass();
      return this.stop(ending.reason, ending.detail);
    }
    if (control !== 'bye' && !this.#farewell.isBegun) this.#tellTurnsLeft(otherSeat(seat));
    if (control === 'bye' || this.#farewell.isAsked) {
      this.#farewell.begin(seat);
      pass('bye');
    } else {
      pass(control === 'help' ? control : undefined);
    }
    this.#leaving?.();
  }

  /** Only who takes notes is told: a speaker of old would answer it. */
  #tellTurnsLeft(seat: Seat): void {
    const { settings, places } = this.#options;
    if (!settings.tellTurnsLeft || settings.maxMessages === 0 || !places[seat].wants('note')) return;
    const left = settings.maxMessages - messagesOf(this.#ledger.progress);
    const note = turnsLeftNote(left, settings.maxMessages);
    if (note !== undefined) this.#telling.tell(seat, note);
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

  /** A message that came before, and comes again because its sender could not know that it had arrived. */
  #isRepeated(peer: Peer, state: SeatState): boolean {
    if (!peer.wants('numbered')) return false;
    const { number } = state;
    state.number = undefined;
    if (number === undefined || number <= state.said) return true;
    state.said = number - 1;
    return false;
  }

  #createFastPath(from: Seat): FastPath {
    const { places, record, round, settings } = this.#options;
    const to = otherSeat(from);
    return new FastPath({
      from: places[from],
      to: places[to],
      state: this.#states[from],
      lane: this.#telling.lanes[from],
      record,
      commits: this.#ledger.commits,
      round,
      progress: this.#ledger.progress,
      limits: settings,
      onDefect: (error) => this.breakDown(error),
    });
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

  /** Nobody watches, nothing is run, held back or numbered: what `peer` says is journaled and passed on. */
  #openFastPath(peer: Peer): void {
    const { places } = this.#options;
    const to = otherSeat(peer.seat);
    const isWhoSitsThere = places[peer.seat].peer === peer && places[to].peer !== undefined;
    const hasMore = this.#states[peer.seat].meta !== undefined || this.#states[to].untold !== undefined;
    if (!isWhoSitsThere || hasMore || this.#isBusy || !this.#isSimple) return;
    this.#fastPaths[peer.seat].open();
  }

  /** Something has happened that may make the next message another matter. */
  #leaveFastPath(): void {
    this.#options.round.settle();
    for (const seat of seats) this.#fastPaths[seat].close();
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

  get #isSimple(): boolean {
    const { watch, execution, translation, attention, delays, places, settings } = this.#options;
    if (settings.idleSeconds || settings.tellTurnsLeft) return false;
    const isSimple = ({ peer }: Place): boolean => peer?.isFramed === true && !peer.wants('numbered');
    const isPlain = !watch && !execution && !translation && !attention && delays.areNone;
    return isPlain && isSimple(places.a) && isSimple(places.b);
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

  /** Whether that message was the last; then the meeting ends. */
  #endAfter({ seat, control, answersGoodbye }: LastMessage): boolean {
    const ending = this.#endingAfter(seat, control, answersGoodbye);
    if (ending) this.stop(ending.reason, ending.detail);
    return ending !== undefined;
  }

  /** Ends the meeting if a limit is reached already. */
  #checkLimits(): void {
    const ending = stopAfterTurn(this.#ledger.progress, this.#options.settings);
    if (ending) this.stop(ending.reason, ending.detail);
  }

  async #recall(seat: Seat): Promise<SeatView | undefined> {
    const view = await this.#options.recall?.(seat, () => !this.#stopped);
    return this.#stopped ? undefined : view;
  }

  #nameOf(seat: Seat): string {
    return `${this.#options.places[seat].name} (seat ${seat})`;
  }
}
