import { costSoFar, tokensSoFar } from '../journal/cost.ts';
import type { MeetingEvent, MeetingSettings } from '../journal/event.ts';
import type { Flag } from '../journal/flag.ts';
import { addToTotals, noTotals, type BilledEvent, type Totals } from '../journal/seat-totals.ts';
import { usageTable } from '../journal/usage-table.ts';
import type { ModeratorEvent } from '../journal/moderator-event.ts';
import { messageOf, ProtocolError } from '../wire/errors.ts';
import type { Clock } from '../wire/clock.ts';
import type { SocketEnd } from '../wire/line-socket.ts';
import { encodeText, type AgentFrame } from '../wire/message.ts';
import { isSameSecret } from '../wire/secret.ts';
import { otherSeat, seats, type Seat, type SpokenVerb, type StopReason } from '../wire/types.ts';
import type { Attention } from './attention.ts';
import { Commits, type Record } from './commits.ts';
import type { Delays } from './delays.ts';
import type { Execution, Report, Work } from './execution.ts';
import { FastPath } from './fast-path.ts';
import { IdleWatch } from './idle-watch.ts';
import type { Held } from './gate.ts';
import { Lane } from './lane.ts';
import { whyCostIsUnknown } from './meeting-settings.ts';
import type { Goodbye, LastMessage, Memory } from './memory.ts';
import { lastWordsOf, type Past } from './past.ts';
import { Moderation } from './moderation.ts';
import type { ModerationMemory } from './moderation-memory.ts';
import type { Peer } from './peer.ts';
import type { Place } from './place.ts';
import { executedOf, RunningTurns } from './running-turns.ts';
import { toldText, type SeatView, type Told } from './seat-view.ts';
import { SeatState } from './seat-state.ts';
import { messagesOf, stopAfterTurn, type Limits, type Progress } from './stop-rules.ts';
import { Takeover } from './takeover.ts';
import { TimeLimit } from './time-limit.ts';
import { TranslatingTurns, type Waiting } from './translating-turns.ts';
import { describeUntranslated, type Translation, type TurnTranslator } from './translation.ts';
import { turnsLeftNote } from './turns-left.ts';
import type { Viewer, ViewerEvent } from './viewer.ts';

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
  readonly clock: Clock;
  readonly random: () => number;
  /** Absent where nobody watches. */
  readonly watch?: Viewer;
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

type SpeechFrame = Extract<AgentFrame, { type: 'speech' }>;

/** One conversation between two seats, from the first frame to the one stop reason. */
export class Meeting {
  readonly id: string;
  readonly moderation: Moderation;
  readonly takeover: Takeover;
  readonly #options: MeetingOptions;
  readonly #time: TimeLimit;
  readonly #lanes: { readonly [seat in Seat]: Lane };
  readonly #states: { readonly [seat in Seat]: SeatState } = {
    a: new SeatState(),
    b: new SeatState(),
  };
  readonly #commits: Commits;
  readonly #fastPaths: { readonly [seat in Seat]: FastPath };
  readonly #timers: (() => void)[] = [];
  readonly #running: RunningTurns<SpeechFrame> | undefined;
  readonly #translating: TranslatingTurns<SpeechFrame> | undefined;
  /** Nobody watches, nothing is run, held back or numbered: a message is journaled and passed on. */
  #isSimple = false;
  readonly #progress: Progress = { turns: 0, questions: 0, tokens: 0, cost: 0 };
  #totals: Totals = { a: noTotals(), b: noTotals() };
  readonly #idle: IdleWatch;
  #releaseFullDisk: (() => void) | undefined;
  #goodbye: Goodbye | undefined;
  #goodbyeAsked = false;
  /** The next message is the last: the proxy is about to leave. */
  #leaving: (() => void) | undefined;
  #stopped = false;

  constructor(options: MeetingOptions) {
    this.id = options.id;
    // A moderator may change them.
    this.#options = { ...options, settings: { ...options.settings } };
    this.#lanes = { a: this.#createLane('a'), b: this.#createLane('b') };
    this.#commits = this.#createCommits();
    this.#idle = this.#createIdleWatch();
    this.#fastPaths = { a: this.#createFastPath('a'), b: this.#createFastPath('b') };
    this.#running =
      options.execution && new RunningTurns(options.execution, (event) => this.#recordCode(event));
    this.#translating =
      options.translation && new TranslatingTurns(options.translation, () => options.clock.nowMs());
    this.#time = new TimeLimit(options.clock, (maxSeconds) => this.stop('max-seconds', `${maxSeconds} s`));
    this.moderation = this.#createModeration();
    this.takeover = this.#createTakeover();
  }

  /** Introduces the two and tells one of them to start. */
  begin(): void {
    const { id, places, settings, software, random, clock, past } = this.#options;
    const { a, b } = places;
    const participants = { a: a.participant, b: b.participant };
    const origin = past ? { parent: past.parent } : {};
    this.#write({ type: 'meeting', meeting: id, ...origin, software, settings, seats: participants });
    for (const { seat, name, dialect } of [a, b]) this.#write({ type: 'seated', seat, name, dialect });
    const problem = whyCostIsUnknown(settings, participants);
    if (problem !== undefined) return this.#commit(() => this.stop('error', problem));
    this.#time.start(clock.nowMs(), settings.maxSeconds);
    this.#idle.start();
    if (past?.memory.isBegun) return this.#takeOver(past);
    const first = settings.first === 'random' ? (random() < 0.5 ? 'a' : 'b') : settings.first;
    this.#open(first);
  }

  /** Begins behind what was said in another meeting: the two are told of it, and who comes next is asked. */
  #takeOver({ events, memory }: Past): void {
    const { places, record } = this.#options;
    const { turns, questions, goodbye } = memory;
    Object.assign(this.#progress, { turns, questions });
    this.#goodbye = goodbye;
    const notes = this.#introduce();
    const told = events.map((event) => {
      this.#write(event);
      return { seq: record.seq, event };
    });
    this.#commit(() => {
      this.#showPaired();
      for (const seat of seats) {
        const { peer } = places[seat];
        if (!peer) continue;
        const { history, last } = lastWordsOf(told, seat);
        peer.together(() => {
          this.#welcome(peer);
          peer.history(history);
          for (const note of notes) if (note.seat === seat) this.#pass(seat, note.seq, note.text);
          if (!last) return;
          places[seat].deliver(last.seq, (peer) => this.#tellAgain(peer, last));
          this.#show({ type: 'thinking', meeting: this.id, seat });
        });
      }
      this.#noteAllSent();
      this.#isSimple = this.#isSimpleMeeting();
      if (this.#goodbye) this.#awaitGoodbye();
    });
  }

  /** Goes on where the journal ends; both seats are empty, and kept for those who held them. */
  goOn(memory: Memory): void {
    const { settings, execution } = this.#options;
    const { moderation } = memory;
    this.#progress.turns = memory.turns;
    this.#progress.questions = memory.questions;
    this.#goodbye = memory.goodbye;
    this.#setTotals(memory.totals);
    execution?.restore(memory.passedTests);
    for (const seat of seats) {
      this.#states[seat].said = memory.said[seat];
      this.#write({ type: 'lost', seat, detail: 'the proxy ended' });
    }
    this.#time.start(memory.startedAtMs, settings.maxSeconds, moderation.pausedMs);
    this.#idle.start();
    this.#restoreModeration(moderation);
    this.#commit(() => {
      this.#showPaired();
      for (const seat of seats) this.#awaitReturn(seat, `${this.#nameOf(seat)} did not come back`);
      if (!memory.isBegun) this.#open(settings.first === 'b' ? 'b' : 'a');
      else if (memory.last && !isWaiting(memory.last, moderation))
        this.#takeUp(memory.last, memory.untranslated);
      else this.#noteAllSent();
      this.moderation.releaseAll();
      if (moderation.isGoodbyeAsked) this.sayGoodbye();
    });
  }

  /** Says something about a seat that all who watch should know, and whoever reads the journal. */
  remark(seat: Seat, text: string): void {
    if (this.#stopped) return;
    this.#write({ type: 'status', seat, text });
    this.#commit(() => this.#showStatus(seat, text));
  }

  /** Whether who greets so has the right to come back to that seat. */
  isHeldBy(seat: Seat, secret: string): boolean {
    const expected = this.#options.secrets?.[seat];
    return !this.#stopped && expected !== undefined && isSameSecret(secret, expected);
  }

  /** Somebody comes back to a seat; `view` is what that seat has lived through so far. */
  reseat(peer: Peer, view: SeatView): void {
    const { seat, greeting } = peer;
    if (this.takeover.isTaken(seat)) return this.#park(peer);
    const place = this.#options.places[seat];
    const old = place.detach();
    if (old) this.#write({ type: 'lost', seat, detail: 'came back by another connection' });
    old?.refuse(new ProtocolError('seat-taken', 'somebody came back to this seat by another connection'));
    const state = this.#states[seat];
    state.cancelAbsence?.();
    state.cancelAbsence = undefined;
    state.endAbsence?.();
    state.endAbsence = undefined;
    state.meta = undefined;
    state.number = undefined;
    this.#write({ type: 'returned', seat });
    this.#commit(() => {
      peer.together(() => {
        this.#welcome(peer);
        const seen = view.isKnownTo(greeting.seen) ? greeting.seen : undefined;
        if (seen === undefined) peer.history(view.history());
        place.attach(peer);
        this.#isSimple = this.#isSimpleMeeting();
        for (const told of view.told(seen, place.sentSeq)) {
          place.deliver(told.seq, (peer) => this.#tellAgain(peer, told));
        }
      });
      this.#show({ type: 'returned', meeting: this.id, seat });
      this.#options.places[otherSeat(seat)].status('is back');
    });
  }

  receive(peer: Peer, frame: AgentFrame): void {
    const { seat } = peer;
    const place = this.#options.places[seat];
    const isParked = this.takeover.isParked(peer);
    // A connection that was replaced has no say any more.
    if (this.#stopped || (place.peer !== peer && !isParked)) return;
    if (this.#putOff(seat, () => this.receive(peer, frame))) return;
    this.#idle.touch();
    const state = this.#states[seat];
    const partner = this.#options.places[otherSeat(seat)];
    const isPerson = this.takeover.isPerson(peer);
    switch (frame.type) {
      case 'delta':
        if (isParked) return;
        this.#show({ type: 'delta', meeting: this.id, seat, text: frame.text });
        // Who is told the translation has no use for the original.
        if (!this.#translating && !this.moderation.isPaused) partner.delta(frame.text);
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
        this.#write({ type: 'status', seat, text });
        return this.#commit(() => this.#showStatus(seat, text));
      }
      case 'truncated':
        if (++state.notices > maxNotices) return;
        this.#write({ type: 'truncated', seat, count: frame.count, start: frame.start });
        return this.#commit(() => {});
      case 'leave':
        if (isPerson) return this.giveBack(seat);
        this.#writeBilled({
          type: 'lost',
          seat,
          detail: `left: ${frame.text.slice(0, maxStatusCharacters)}`,
          ...(state.meta?.usage ? { meta: { usage: state.meta.usage } } : {}),
        });
        state.hasLeft = true;
        if (isParked) return this.#commit(() => this.takeover.unpark(peer));
        return this.#loseFor(`${this.#nameOf(seat)} left: ${frame.text}`);
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
  receiveLines(peer: Peer, bytes: Buffer, isStable: boolean): 'free' | 'kept' | 'refused' {
    if (!this.#isSimple || this.#isBusy) return 'refused';
    return this.#fastPaths[peer.seat].receive(peer, bytes, isStable);
  }

  /** A connection has ended. */
  lose(peer: Peer, { detail, partial }: SocketEnd): void {
    const { seat } = peer;
    const place = this.#options.places[seat];
    const isParked = this.takeover.isParked(peer);
    if (this.#stopped || (place.peer !== peer && !isParked)) return;
    const end = { detail, ...(partial === undefined ? {} : { partial }) };
    if (this.#putOff(seat, () => this.lose(peer, end))) return;
    if (this.takeover.isPerson(peer)) return this.giveBack(seat, 'the terminal is gone');
    this.#write({ type: 'lost', seat, ...end });
    if (isParked) return this.#commit(() => this.takeover.unpark(peer));
    const { status } = this.#states[seat];
    const sentence = `${this.#nameOf(seat)} ${detail}${status === undefined ? '' : `: ${status}`}`;
    const { resumeMs, secrets } = this.#options;
    if (resumeMs === 0 || !secrets || !peer.wants('history')) return this.#loseFor(sentence);
    place.detach();
    this.#commit(() => this.#awaitReturn(seat, sentence));
  }

  /** A seat broke a rule of the wire: it is told so, and the meeting cannot go on. */
  expel(peer: Peer, error: ProtocolError): void {
    const { seat } = peer;
    const isParked = this.takeover.isParked(peer);
    if (this.#stopped || (this.#options.places[seat].peer !== peer && !isParked)) return;
    if (this.#putOff(seat, () => this.expel(peer, error))) return;
    if (this.takeover.isPerson(peer)) return this.giveBack(seat, error.message);
    this.#write({ type: 'lost', seat, detail: `${error.code}: ${error.message}` });
    peer.refuse(error);
    this.#states[seat].hasLeft = true;
    if (isParked) return this.#commit(() => this.takeover.unpark(peer));
    this.stop('error', `${this.#nameOf(seat)} was disconnected: ${error.message}`);
  }

  /** Lets the two say goodbye: who speaks next has the last word but one. */
  sayGoodbye(): void {
    if (this.#stopped || this.#goodbye || this.#goodbyeAsked) return;
    this.#goodbyeAsked = true;
    this.moderation.openForGoodbye();
    this.#after(this.#options.goodbyeMs, () => {
      if (!this.#goodbye) this.stop('stopped', 'nobody said goodbye in time');
    });
  }

  /** Lets the message that is being written come to its end, then calls `leave`; after `limitMs` in any case. */
  leaveAfterTurn(limitMs: number, leave: () => void): void {
    if (this.#stopped) return;
    this.#leaving = leave;
    this.#after(limitMs, leave);
  }

  /** Ends the meeting. Only the first call counts. */
  stop(reason: StopReason, detail?: string): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#cancelTimers();
    const { places, onStopped } = this.#options;
    const { isPaused } = this.moderation;
    const waiting = [
      ...(this.#running?.stop() ?? []).map((running) => ({ what: { ...running, results: '' }, waitedMs: 0 })),
      ...(this.#translating?.stop() ?? []),
    ];
    // What a moderator has held back is not said at all.
    for (const { what, waitedMs } of isPaused ? [] : waiting) this.#sayAnyway(what, waitedMs);
    for (const held of this.moderation.close()) held.passAtEnd();
    this.#lanes.a.flush();
    this.#lanes.b.flush();
    const showFlags = this.#flag(this.#options.attention?.end());
    const why = detail === undefined ? { reason } : { reason, detail };
    this.#write({ type: 'stop', ...why });
    try {
      this.#options.record.commit();
    } catch (error) {
      onStopped('error', messageOf(error));
      this.#sayStopped({ reason: 'error', detail: messageOf(error) });
      return;
    }
    for (const peer of this.takeover.close()) peer.stop(reason);
    places.a.stop(reason);
    places.b.stop(reason);
    showFlags();
    this.#sayStopped(why);
    onStopped(reason, detail);
  }

  /** Leaves the meeting as it is, for another proxy to go on with. */
  handOver(error: ProtocolError): void {
    if (this.#stopped) return;
    this.#stopped = true;
    this.#cancelTimers();
    this.#running?.stop();
    this.#translating?.stop();
    this.#lanes.a.drop();
    this.#lanes.b.drop();
    for (const seat of seats) this.#options.places[seat].refuse(error);
    for (const peer of this.takeover.close()) peer.refuse(error);
  }

  /** A person leaves the seat that they had taken over. */
  giveBack(seat: Seat, detail?: string): void {
    // It may be given back already.
    this.takeover.give(seat, detail).catch(() => {});
  }

  get progress(): Readonly<Progress> {
    return this.#progress;
  }

  get limits(): Limits {
    return this.#options.settings;
  }

  get elapsedMs(): number {
    return this.#time.elapsedMs;
  }

  #hear(seat: Seat, speech: SpeechFrame, isPerson: boolean): void {
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
      this.#progress.questions++;
      this.#writeBilled({ type: 'control', seat, verb: control, ...by, ...(meta?.usage ? { meta } : {}) });
      return this.#commit(() => {
        this.#show({ type: 'control', meeting: this.id, seat, verb: control });
        this.#passThrough(speech, seat, 0, () => this.#forward(seat, speech));
      });
    }
    const extras = { ...(control ? { control } : {}), ...(meta ? { meta } : {}), ...by };
    const turn = ++this.#progress.turns;
    this.#writeBilled({ type: 'turn', seat, turn, text, ...extras });
    const showFlags = this.#flag(this.#options.attention?.hear({ seat, turn, text, ...extras }));
    this.#commit(() => {
      this.#show({ type: 'turn', meeting: this.id, seat, turn, text, ...extras });
      showFlags();
      this.#passThrough(speech, seat, turn, () => this.#examine(seat, turn, speech));
    });
  }

  /** A moderator may have paused the meeting: then it waits. */
  #passThrough(speech: SpeechFrame, seat: Seat, turn: number, pass: () => void): void {
    this.moderation.pass(speech, this.#heldOf(speech, seat, turn, pass));
  }

  #heldOf(speech: SpeechFrame, seat: Seat, turn: number, pass: () => void): Held {
    const passAtEnd = (): void => {
      if (speech.text !== '') this.#sayAnyway({ seat, turn, speech, results: '' }, 0);
    };
    return { seat, turn, characters: speech.text.length, pass, passAtEnd };
  }

  /** Returns what shows them, once they are in the journal. */
  #flag(flags: readonly Flag[] = []): () => void {
    for (const flag of flags) this.#write({ type: 'flag', ...flag });
    return () => flags.forEach((flag) => this.#show({ type: 'flag', meeting: this.id, ...flag }));
  }

  /** Has the code of a turn run before it is passed on. */
  #examine(seat: Seat, turn: number, speech: SpeechFrame): void {
    const work = speech.text === '' ? undefined : this.#options.execution?.examine(speech.text);
    if (!work) return this.#translate({ seat, turn, speech, results: '' });
    this.#options.places[seat].pause();
    const release = this.#idle.hold();
    this.#running?.start(seat, turn, work, speech, (report) => {
      release();
      this.#reveal(seat, turn, speech, report);
    });
  }

  /** Passes a turn on with the results of its code below it, which the author is told as well. */
  #reveal(seat: Seat, turn: number, speech: SpeechFrame, { results, problems, note }: Report): void {
    this.#options.places[otherSeat(seat)].together(() => {
      if (note !== '') this.#tell(seat, note);
      this.#commit(() => {
        if (problems !== '') this.#show({ type: 'problems', meeting: this.id, seat, turn, text: problems });
        this.#passThrough(speech, seat, turn, () => this.#translate({ seat, turn, speech, results }));
      });
    });
    this.#listenTo(seat);
  }

  /** Has a turn translated before it is passed on, where the two speak different languages. */
  #translate(what: Waiting<SpeechFrame>): void {
    const { places, translation: translator } = this.#options;
    const { seat, turn, speech, results } = what;
    if (!translator?.needs(speech.text)) return this.#passOn(seat, speech, results);
    const partner = places[otherSeat(seat)];
    const to = translator.languageFor(seat);
    this.#show({ type: 'translating', meeting: this.id, seat, turn, to });
    partner.status(`has spoken, and is being translated into ${to}`);
    places[seat].pause();
    this.#translating?.start(what, (translation) => {
      partner.together(() => {
        this.#recordTranslation(seat, turn, translation);
        const translated = { ...withoutLine(speech), text: translation.text };
        const pass = (): void => this.#passOn(seat, translated, results);
        this.#commit(() => this.#passThrough(speech, seat, turn, pass));
      });
      this.#listenTo(seat);
    });
  }

  /** Where a turn is not translated, its reader is told why. */
  #recordTranslation(seat: Seat, turn: number, translation: Translation): void {
    if (translation.failed !== undefined)
      this.#tell(otherSeat(seat), describeUntranslated(turn, translation));
    const event = { type: 'translation', seat, turn, ...translation } as const;
    this.#write(event);
    this.#commit(() => this.#show({ ...event, meeting: this.id }));
  }

  /** With what came of the code in it, for which a message may have no room. */
  #passOn(seat: Seat, speech: SpeechFrame, results: string): void {
    if (results === '') return this.#forward(seat, speech);
    const text = `${speech.text}\n\n${results}`;
    if (Buffer.byteLength(encodeText(text)) <= this.#options.maxFrameBytes)
      return this.#forward(seat, { ...withoutLine(speech), text });
    this.#tell(otherSeat(seat), `What came of your partner's code:\n\n${results}`);
    this.#commit(() => this.#forward(seat, speech));
  }

  /** What still waits when the meeting ends is said as it is. */
  #sayAnyway({ seat, turn, speech, results }: Waiting<SpeechFrame>, waitedMs: number): void {
    const { translation: translator } = this.#options;
    if (translator?.needs(speech.text)) {
      const why = 'the meeting ended before that was done';
      this.#recordTranslation(seat, turn, translator.giveUp(seat, speech.text, waitedMs, why));
    }
    const text = results === '' ? speech.text : `${speech.text}\n\n${results}`;
    this.#send(seat, 0, (peer) => this.#sayTo(peer, { ...withoutLine(speech), text }));
  }

  /** Nothing of its last turn is waited for any more. */
  #listenTo(seat: Seat): void {
    if (!this.#translating?.isWaiting(seat)) this.#options.places[seat].resume();
  }

  #recordCode(event: Extract<MeetingEvent, { type: 'block' | 'result' }>): void {
    this.#write(event);
    this.#commit(() => this.#show({ ...event, meeting: this.id }));
  }

  /** Tells a seat what it must know and must not answer. */
  #tell(seat: Seat, text: string): void {
    this.#write({ type: 'note', seat, text });
    const { seq } = this.#options.record;
    this.#commit(() => this.#pass(seat, seq, text));
  }

  #pass(seat: Seat, seq: number, note: string): void {
    const place = this.#options.places[seat];
    const state = this.#states[seat];
    if (place.wants('note')) place.deliver(seq, (peer) => peer.note(note));
    else state.untold = state.untold === undefined ? note : `${state.untold}\n\n${note}`;
  }

  /** What was said last may have been said to nobody: its code was not run yet, or the end not told. */
  #takeUp(last: LastMessage, untranslated: Memory['untranslated']): void {
    const { seat, turn, text, control, answersGoodbye, code, isReported, results } = last;
    for (const earlier of seats.map((seat) => untranslated[seat])) {
      if (!earlier || earlier.turn === turn) continue;
      this.#translate({ ...earlier, speech: speechOf(earlier) });
    }
    const speech = speechOf(last);
    const isUntranslated = untranslated[seat]?.turn === turn;
    // What waits for its translation is not told before, whatever the number of what was sent.
    if (isUntranslated) this.#noteAllSent();
    const work = text === '' || isReported ? undefined : this.#options.execution?.examine(text);
    if (work && code.length === 0) return this.#examine(seat, turn, speech);
    const report = work && this.#reportAgain(last, work);
    if (report) return this.#reveal(seat, turn, speech, report);
    if (isUntranslated) return this.#translate({ seat, turn, speech, results });
    const ending = this.#endingAfter(seat, control, answersGoodbye);
    if (ending) return this.stop(ending.reason, ending.detail);
    this.#noteAllSent();
    if (this.#goodbye) this.#awaitGoodbye();
  }

  /** What waited when the proxy ended is let through. */
  #letThrough(message: LastMessage, speech: SpeechFrame): void {
    const { seat, turn, text, code, isReported } = message;
    const work = text === '' ? undefined : this.#options.execution?.examine(text);
    const report = work && code.length > 0 ? this.#reportAgain(message, work) : undefined;
    if (!report) return this.#examine(seat, turn, speech);
    this.#reveal(seat, turn, speech, isReported ? { ...report, note: '' } : report);
  }

  /** What came of code that was run before the proxy ended. */
  #reportAgain({ seat, turn, code }: LastMessage, { problems }: Work): Report | undefined {
    const executed = executedOf(code);
    for (const { block, result } of executed.filter((one) => one.isLost)) {
      this.#write({ type: 'result', seat, turn, kind: block.kind, number: block.number, ...result });
    }
    return this.#options.execution?.report(executed, problems);
  }

  /** What stands in the journal is told to whoever comes back. */
  #noteAllSent(): void {
    for (const seat of seats) this.#options.places[seat].noteSent(this.#options.record.seq);
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
    if (this.#goodbye && answersGoodbye) return { reason: this.#goodbye.reason };
    const loop = this.#goodbye || control === 'bye' ? undefined : this.#options.attention?.loop;
    if (loop) return { reason: 'loop', detail: loop.sentence };
    // Two who ask each other for help without a word would otherwise never end.
    return stopAfterTurn(this.#progress, this.#options.settings);
  }

  /** Passes on what was said, and ends the meeting if it was the last word. */
  #forward(seat: Seat, speech: SpeechFrame): void {
    const { text, control } = speech;
    const said = text !== '' || !control;
    const pass = (control?: 'bye' | 'help'): void =>
      this.#deliver(seat, text.length, (peer) => {
        if (said) this.#sayTo(peer, speech);
        if (control) peer[control]();
        if (control === 'bye') this.#awaitGoodbye();
      });
    const ending = this.#endingAfter(seat, control, this.#goodbye?.answering === seat);
    if (ending) {
      if (said) pass();
      return this.stop(ending.reason, ending.detail);
    }
    if (control !== 'bye' && !this.#goodbye && !this.#goodbyeAsked) this.#tellTurnsLeft(otherSeat(seat));
    if (control === 'bye' || this.#goodbyeAsked) {
      this.#goodbye ??= { answering: otherSeat(seat), reason: this.#goodbyeAsked ? 'stopped' : 'end' };
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
    const left = settings.maxMessages - messagesOf(this.#progress);
    const note = turnsLeftNote(left, settings.maxMessages);
    if (note !== undefined) this.#tell(seat, note);
  }

  /** A seat that takes no notes gets them here. */
  #sayTo(peer: Peer, { text, line }: SpeechFrame): void {
    const state = this.#states[peer.seat];
    const { untold } = state;
    state.untold = undefined;
    if (untold === undefined) peer.text(text, line);
    else peer.text(`${untold}\n\n${text}`);
  }

  /** From the moment it was told, whoever is to answer a goodbye has so long for it. */
  #awaitGoodbye(): void {
    const goodbye = this.#goodbye;
    if (!goodbye || this.#stopped) return;
    const late = `${this.#nameOf(goodbye.answering)} did not answer the goodbye`;
    const giveUp = (): void => {
      // Nobody can answer while all is held back.
      if (this.moderation.isPaused) this.#after(this.#options.goodbyeMs, giveUp);
      // An answer that has come ends the meeting when it is translated.
      else if (!this.#translating?.isWaiting(goodbye.answering)) this.stop(goodbye.reason, late);
    };
    this.#after(this.#options.goodbyeMs, giveUp);
  }

  /** Keeps a seat for the one who held it. */
  #awaitReturn(seat: Seat, sentence: string): void {
    const { resumeMs } = this.#options;
    this.#showStatus(seat, `lost the connection; the seat is kept for ${resumeMs / 1_000} s`);
    this.#states[seat].cancelAbsence?.();
    this.#states[seat].endAbsence ??= this.#idle.hold();
    this.#states[seat].cancelAbsence = this.#after(resumeMs, () => this.#loseFor(sentence));
  }

  /** Nobody will come back. Whoever was told goodbye may just go. */
  #loseFor(sentence: string): void {
    this.stop(this.#goodbye?.reason ?? 'agent-lost', sentence);
  }

  /** Welcomes the two, and tells one of them to begin. */
  #open(first: Seat): void {
    const { places, settings, record, delays } = this.#options;
    const notes = this.#introduce();
    this.#write({ type: 'start', seat: first, hello: settings.hello });
    const { seq } = record;
    this.#commit(() => {
      this.#showPaired();
      for (const seat of seats) {
        const { peer } = places[seat];
        if (peer) this.#welcome(peer);
      }
      this.#isSimple = this.#isSimpleMeeting();
      for (const note of notes) this.#pass(note.seat, note.seq, note.text);
      const hello = (peer: Peer): void => peer.hello(settings.hello);
      this.#send(otherSeat(first), delays.hello(first), hello, seq);
    });
  }

  /** Writes down what the two are told before all else. */
  #introduce(): { readonly seat: Seat; readonly text: string; readonly seq: number }[] {
    const { places, execution, record } = this.#options;
    return seats.flatMap((seat) => {
      const text = execution?.introduce(seat);
      if (text === undefined || !places[seat].wants('note')) return [];
      this.#write({ type: 'note', seat, text });
      return [{ seat, text, seq: record.seq }];
    });
  }

  #welcome(peer: Peer): void {
    const { places, secrets } = this.#options;
    const { seat } = peer;
    peer.welcome({
      meeting: this.id,
      partner: places[otherSeat(seat)].name,
      turn: this.#progress.turns,
      ...(secrets && peer.wants('history') && !this.takeover.isPerson(peer)
        ? { secret: secrets[seat], said: this.#states[seat].said }
        : {}),
    });
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

  /** Sends from `seat` to the other one, when the rate limit and the other's socket allow. */
  #deliver(seat: Seat, characters: number, send: (peer: Peer) => void): void {
    const delayMs = this.#options.delays.message(seat, characters);
    if (delayMs > 0)
      this.#showStatus(seat, `held back by the rate limit, goes out in ${Math.ceil(delayMs / 1_000)} s`);
    this.#send(seat, delayMs, send);
  }

  #send(seat: Seat, delayMs: number, send: (peer: Peer) => void, seq = this.#options.record.seq): void {
    const to = otherSeat(seat);
    const place = this.#options.places[to];
    const release = this.#idle.hold();
    this.#lanes[seat].deliver(delayMs, () => {
      release();
      place.deliver(seq, send);
      if (!this.#stopped) this.#show({ type: 'thinking', meeting: this.id, seat: to });
    });
  }

  #createLane(from: Seat): Lane {
    const { places, clock, drainMs } = this.#options;
    const to = places[otherSeat(from)];
    const late = `${to.name} has read nothing for ${drainMs / 1_000} s`;
    const onStuck = (): void => {
      if (to.peer) this.expel(to.peer, new ProtocolError('too-slow', late));
    };
    return new Lane({ from: places[from], to, clock, drainMs, onStuck });
  }

  #createFastPath(from: Seat): FastPath {
    const { places, record, settings } = this.#options;
    const to = otherSeat(from);
    return new FastPath({
      from: places[from],
      to: places[to],
      states: { from: this.#states[from], to: this.#states[to] },
      lane: this.#lanes[from],
      record,
      commits: this.#commits,
      progress: this.#progress,
      limits: settings,
    });
  }

  #after(delayMs: number, run: () => void): () => void {
    const cancel = this.#options.clock.after(delayMs, run);
    this.#timers.push(cancel);
    return cancel;
  }

  #cancelTimers(): void {
    for (const cancel of this.#timers) cancel();
    this.#idle.stop();
    this.#time.cancel();
  }

  /** Something is under way that makes the next message another matter. */
  get #isBusy(): boolean {
    return (
      this.#stopped ||
      this.#commits.isHeld ||
      this.#goodbye !== undefined ||
      this.#goodbyeAsked ||
      this.moderation.isPaused ||
      this.takeover.seats.length > 0 ||
      this.#leaving !== undefined
    );
  }

  #isSimpleMeeting(): boolean {
    const { watch, execution, translation, attention, delays, places, settings } = this.#options;
    if (settings.idleSeconds || settings.tellTurnsLeft) return false;
    const isSimple = ({ peer }: Place): boolean => peer?.isFramed === true && !peer.wants('numbered');
    const isPlain = !watch && !execution && !translation && !attention && delays.areNone;
    return isPlain && isSimple(places.a) && isSimple(places.b);
  }

  /** Puts off what concerns a seat whose last turn is not passed on yet, or anybody while the disk is full. */
  #putOff(seat: Seat, action: () => void): boolean {
    if (this.#commits.putOff(action) || this.#running?.putOff(seat, action)) return true;
    if (!this.#translating?.putOff(seat, action)) return false;
    // Something else may have listened to it again: no more than one read is kept in memory.
    this.#options.places[seat].pause();
    return true;
  }

  #write(event: MeetingEvent): void {
    this.#commits.write(event);
  }

  /** Writes what may have cost something, and adds it up. */
  #writeBilled(event: BilledEvent): void {
    this.#write(event);
    this.#setTotals(addToTotals(this.#totals, event));
  }

  #setTotals(totals: Totals): void {
    const { settings, places } = this.#options;
    const participants = { a: places.a.participant, b: places.b.participant };
    this.#totals = totals;
    this.#progress.tokens = tokensSoFar(totals);
    this.#progress.cost = costSoFar(settings, participants, totals);
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

  #commit(then: () => void): void {
    this.#commits.commit(then);
  }

  #createCommits(): Commits {
    return new Commits({
      record: this.#options.record,
      after: (delayMs, run) => this.#after(delayMs, run),
      isOver: () => this.#stopped,
      onFull: (problem) => {
        this.#releaseFullDisk ??= this.#idle.hold();
        for (const seat of seats) this.#options.places[seat].pause();
        this.#show({ type: 'status', meeting: this.id, seat: 'a', text: `the meeting waits: ${problem}` });
      },
      onRoom: () => {
        this.#releaseFullDisk?.();
        this.#releaseFullDisk = undefined;
        for (const seat of seats) {
          this.#options.places[seat].resume();
          this.#showStatus(seat, 'the meeting goes on: the journal can be written again');
        }
      },
      onFailed: (error) => this.stop('error', messageOf(error)),
    });
  }

  #show(event: ViewerEvent): void {
    this.#options.watch?.(event);
  }

  #showPaired(): void {
    const { places, folder } = this.#options;
    const participants = { a: places.a.participant, b: places.b.participant };
    const where = folder === undefined ? {} : { folder };
    this.#show({ type: 'paired', meeting: this.id, seats: participants, ...where });
  }

  #sayStopped(why: { reason: StopReason; detail?: string }): void {
    const { folder, places, settings } = this.#options;
    const where = folder === undefined ? {} : { folder };
    const participants = { a: places.a.participant, b: places.b.participant };
    const usage = usageTable({ seats: participants, totals: this.#totals, settings });
    this.#show({
      type: 'stopped',
      meeting: this.id,
      ...why,
      turns: this.#progress.turns,
      ...where,
      ...(usage ? { usage } : {}),
    });
  }

  #showStatus(seat: Seat, text: string): void {
    this.#show({ type: 'status', meeting: this.id, seat, text });
    this.#options.places[otherSeat(seat)].status(text);
  }

  #tellAgain(peer: Peer, told: Told): void {
    switch (told.type) {
      case 'start':
        return peer.hello(told.hello);
      case 'note':
        return peer.wants('note') ? peer.note(told.text) : undefined;
      case 'control':
        return peer[told.control]();
      case 'text':
        if (told.text !== '' || !told.control) this.#sayTo(peer, { type: 'speech', text: toldText(told) });
        if (told.control) peer[told.control]();
    }
  }

  /** The agent of a seat that a person has taken over comes back to it. */
  #park(peer: Peer): void {
    const { seat } = peer;
    const old = this.takeover.park(peer);
    if (old) this.#write({ type: 'lost', seat, detail: 'came back by another connection' });
    old?.refuse(new ProtocolError('seat-taken', 'somebody came back to this seat by another connection'));
    this.#write({ type: 'returned', seat });
    this.#commit(() => {
      this.#welcome(peer);
      this.#show({ type: 'returned', meeting: this.id, seat });
    });
  }

  #withhold(peer: Peer, frame: SpeechFrame): void {
    const state = this.#states[peer.seat];
    state.said++;
    state.meta = undefined;
    this.takeover.withhold(peer, frame);
  }

  /** Goes on with what a moderator had done before the proxy ended. */
  #restoreModeration(memory: ModerationMemory): void {
    for (const seat of memory.taken) {
      this.#write({ type: 'moderator', action: 'give', seat, detail: 'the proxy ended' });
    }
    for (const message of memory.held) {
      const { seat, turn, text, control, isNoted } = message;
      if (!isNoted) this.#write({ type: 'moderator', action: 'held', seat, turn });
      const speech: SpeechFrame = { type: 'speech', text, ...(control ? { control } : {}) };
      const pass = (): void => this.#letThrough(message, speech);
      this.moderation.hold(speech, this.#heldOf(speech, seat, turn, pass));
    }
    if (memory.isPaused) this.moderation.restorePause(memory.steps, memory.pausedSinceMs);
  }

  #createModeration(): Moderation {
    const { places, settings, maxFrameBytes } = this.#options;
    const { record } = this.#options;
    const isStopped = (): boolean => this.#stopped;
    return new Moderation({
      places,
      settings,
      time: this.#time,
      maxFrameBytes,
      record: (event, then) => this.#recordModerator(event, then),
      get seq() {
        return record.seq;
      },
      get isStopped() {
        return isStopped();
      },
      tell: (seat, seq, note) => this.#pass(seat, seq, note),
      checkLimits: () => {
        const ending = stopAfterTurn(this.#progress, settings);
        if (ending) this.stop(ending.reason, ending.detail);
      },
      sayGoodbye: () => this.sayGoodbye(),
      stop: (reason, detail) => this.stop(reason, detail),
    });
  }

  #createTakeover(): Takeover {
    const { places, record, recall } = this.#options;
    const isStopped = (): boolean => this.#stopped;
    return new Takeover({
      places,
      after: (delayMs, run) => this.#after(delayMs, run),
      recall: async (seat) => {
        const view = await recall?.(seat, () => !this.#stopped);
        return this.#stopped ? undefined : view;
      },
      record: (event, then) => this.#recordModerator(event, then),
      get seq() {
        return record.seq;
      },
      get isStopped() {
        return isStopped();
      },
      welcome: (peer) => this.#welcome(peer),
      tellAgain: (peer, told) => this.#tellAgain(peer, told),
      tell: (seat, seq, note) => this.#pass(seat, seq, note),
      keepSeat: (seat) => {
        const sentence = `${this.#nameOf(seat)} was gone when the seat was given back`;
        const { resumeMs, secrets } = this.#options;
        if (this.#states[seat].hasLeft || resumeMs === 0 || !secrets) return this.#loseFor(sentence);
        this.#awaitReturn(seat, sentence);
      },
      stopWaiting: (seat) => {
        this.#states[seat].cancelAbsence?.();
        this.#states[seat].cancelAbsence = undefined;
      },
    });
  }

  #recordModerator(event: ModeratorEvent, then: () => void = () => {}): void {
    this.#write(event);
    this.#commit(() => {
      this.#show({ ...event, meeting: this.id });
      then();
    });
  }

  #nameOf(seat: Seat): string {
    return `${this.#options.places[seat].name} (seat ${seat})`;
  }
}

/** Other words than those that came: the line they came in says something else. */
function withoutLine({ text, control }: SpeechFrame): SpeechFrame {
  return { type: 'speech', text, ...(control ? { control } : {}) };
}

function speechOf(message: LastMessage): SpeechFrame {
  return withoutLine({ type: 'speech', ...message });
}

/** Whether a message waits for a moderator who has paused the meeting. */
function isWaiting({ seat, turn }: LastMessage, { held }: ModerationMemory): boolean {
  return held.some((one) => one.seat === seat && one.turn === turn);
}
