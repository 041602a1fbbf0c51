import type { MeetingEvent, MeetingSettings } from '../journal/event.ts';
import { messageOf, ProtocolError } from '../wire/errors.ts';
import type { Clock } from '../wire/clock.ts';
import type { SocketEnd } from '../wire/line-socket.ts';
import { encodeText, type AgentFrame } from '../wire/message.ts';
import { otherSeat, seats, type Seat, type StopReason, type TurnMeta } from '../wire/types.ts';
import type { Delays } from './delays.ts';
import type { Execution, Report } from './execution.ts';
import { Lane } from './lane.ts';
import type { Peer } from './peer.ts';
import { RunningTurns } from './running-turns.ts';
import { stopAfterTurn } from './stop-rules.ts';
import type { Viewer, ViewerEvent } from './viewer.ts';

/** The part of a journal that a meeting writes to. */
export interface Record {
  append(event: MeetingEvent): void;
  /** Nothing is forwarded before what it answers to is committed. Throws when it cannot be. */
  commit(): void;
}

export interface MeetingOptions {
  readonly id: string;
  readonly peers: { readonly a: Peer; readonly b: Peer };
  readonly settings: MeetingSettings;
  readonly software: string;
  /** How long the answer to a `/bye` may take. */
  readonly goodbyeMs: number;
  /** How long a peer may leave its socket full; 0: for ever. */
  readonly drainMs: number;
  readonly maxFrameBytes: number;
  readonly delays: Delays;
  readonly record: Record;
  readonly clock: Clock;
  readonly random: () => number;
  readonly watch: Viewer;
  /** Runs the code that the two write; without it, code is text like any other. */
  readonly execution?: Execution;
  readonly folder?: string;
  /** Called once, when all is journaled and said. */
  readonly onStopped: (reason: StopReason, detail: string | undefined) => void;
}

/** Far more than an agent has to say of itself between two turns. */
const maxNotices = 100;
const maxStatusCharacters = 500;

type SpeechFrame = Extract<AgentFrame, { type: 'speech' }>;

/** What the meeting remembers of a seat. */
interface SeatState {
  meta?: TurnMeta;
  /** The last thing it said of itself since its last turn: often why it is gone. */
  status?: string;
  /** How many notices, of itself or of its prompt, it has sent since its last turn. */
  notices: number;
  /** What it must know, for a seat that takes no notes: goes ahead of the next text. */
  untold?: string;
}

/** Who is to answer a goodbye, and what the meeting's end will be called then. */
interface Goodbye {
  readonly answering: Seat;
  readonly reason: StopReason;
}

/** One conversation between two seats, from the first frame to the one stop reason. */
export class Meeting {
  readonly id: string;
  readonly #options: MeetingOptions;
  readonly #lanes: { readonly [seat in Seat]: Lane };
  readonly #states: { readonly [seat in Seat]: SeatState } = { a: { notices: 0 }, b: { notices: 0 } };
  readonly #timers: (() => void)[] = [];
  readonly #running: RunningTurns<SpeechFrame> | undefined;
  #turns = 0;
  /** Control words that came alone. */
  #questions = 0;
  #goodbye: Goodbye | undefined;
  #goodbyeAsked = false;
  #stopped = false;

  constructor(options: MeetingOptions) {
    this.id = options.id;
    this.#options = options;
    this.#lanes = { a: this.#createLane('a'), b: this.#createLane('b') };
    this.#running =
      options.execution && new RunningTurns(options.execution, (event) => this.#recordCode(event));
  }

  /** Introduces the two and tells one of them to start. */
  begin(): void {
    const { id, peers, settings, software, random, folder } = this.#options;
    const { a, b } = peers;
    this.#write({
      type: 'meeting',
      meeting: id,
      software,
      settings,
      seats: { a: a.participant, b: b.participant },
    });
    for (const peer of [a, b]) {
      const { seat, participant, greeting } = peer;
      this.#write({ type: 'seated', seat, name: participant.name, dialect: greeting.dialect });
    }
    const first = settings.first === 'random' ? (random() < 0.5 ? 'a' : 'b') : settings.first;
    this.#write({ type: 'start', seat: first, hello: settings.hello });
    if (!this.#commit()) return;
    const where = folder === undefined ? {} : { folder };
    this.#show({ type: 'paired', meeting: id, seats: { a: a.participant, b: b.participant }, ...where });
    a.welcome(id, b.participant.name, this.#turns);
    b.welcome(id, a.participant.name, this.#turns);
    if (settings.maxSeconds > 0) this.#after(settings.maxSeconds * 1_000, () => this.#stopForTime());
    if (!this.#introduceExecution()) return;
    this.#send(otherSeat(first), this.#options.delays.hello(first), (peer) => peer.hello(settings.hello));
  }

  receive(seat: Seat, frame: AgentFrame): void {
    if (this.#stopped) return;
    if (this.#running?.putOff(seat, () => this.receive(seat, frame))) return;
    const state = this.#states[seat];
    const partner = this.#options.peers[otherSeat(seat)];
    switch (frame.type) {
      case 'delta':
        this.#show({ type: 'delta', meeting: this.id, seat, text: frame.text });
        partner.delta(frame.text);
        return;
      case 'meta':
        state.meta = frame.meta;
        return;
      case 'status': {
        if (++state.notices > maxNotices) return;
        const text = frame.text.slice(0, maxStatusCharacters);
        state.status = text;
        this.#write({ type: 'status', seat, text });
        if (!this.#commit()) return;
        this.#showStatus(seat, text);
        return;
      }
      case 'truncated':
        if (++state.notices > maxNotices) return;
        this.#write({ type: 'truncated', seat, count: frame.count, start: frame.start });
        this.#commit();
        return;
      case 'speech':
        // The last words and the end of the meeting leave in one piece: nobody starts to answer them.
        partner.together(() => this.#hear(seat, frame));
    }
  }

  /** The connection of a seat has ended. */
  lose(seat: Seat, { detail, partial }: SocketEnd): void {
    if (this.#stopped) return;
    const end = { detail, ...(partial === undefined ? {} : { partial }) };
    if (this.#running?.putOff(seat, () => this.lose(seat, end))) return;
    this.#write({ type: 'lost', seat, ...end });
    const { status } = this.#states[seat];
    const sentence = `${this.#nameOf(seat)} ${detail}${status === undefined ? '' : `: ${status}`}`;
    // Whoever was told goodbye may just go.
    if (this.#goodbye) this.stop(this.#goodbye.reason, sentence);
    else this.stop('agent-lost', sentence);
  }

  /** A seat broke a rule of the wire: it is told so, and the meeting cannot go on. */
  expel(seat: Seat, error: ProtocolError): void {
    if (this.#stopped) return;
    if (this.#running?.putOff(seat, () => this.expel(seat, error))) return;
    this.#write({ type: 'lost', seat, detail: `${error.code}: ${error.message}` });
    this.#options.peers[seat].refuse(error);
    this.stop('error', `${this.#nameOf(seat)} was disconnected: ${error.message}`);
  }

  /** Lets the two say goodbye: who speaks next has the last word but one. */
  sayGoodbye(): void {
    if (this.#stopped || this.#goodbye || this.#goodbyeAsked) return;
    this.#goodbyeAsked = true;
    this.#after(this.#options.goodbyeMs, () => {
      if (!this.#goodbye) this.stop('stopped', 'nobody said goodbye in time');
    });
  }

  /** Ends the meeting. Only the first call counts. */
  stop(reason: StopReason, detail?: string): void {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const cancel of this.#timers) cancel();
    const { peers, onStopped, folder } = this.#options;
    for (const { seat, speech } of this.#running?.stop() ?? []) {
      this.#send(seat, 0, (peer) => this.#sayTo(peer, speech));
    }
    this.#lanes.a.flush();
    this.#lanes.b.flush();
    const why = detail === undefined ? { reason } : { reason, detail };
    this.#write({ type: 'stop', ...why });
    this.#commit();
    peers.a.stop(reason);
    peers.b.stop(reason);
    const where = folder === undefined ? {} : { folder };
    this.#show({ type: 'stopped', meeting: this.id, ...why, turns: this.#turns, ...where });
    onStopped(reason, detail);
  }

  #hear(seat: Seat, speech: SpeechFrame): void {
    const { text, control } = speech;
    const state = this.#states[seat];
    if (text === '' && control) {
      this.#questions++;
      this.#write({ type: 'control', seat, verb: control });
      if (!this.#commit()) return;
      this.#show({ type: 'control', meeting: this.id, seat, verb: control });
    } else {
      const extras = { ...(control ? { control } : {}), ...(state.meta ? { meta: state.meta } : {}) };
      const turn = ++this.#turns;
      this.#write({ type: 'turn', seat, turn, text, ...extras });
      if (!this.#commit()) return;
      this.#show({ type: 'turn', meeting: this.id, seat, turn, text, ...extras });
    }
    delete state.meta;
    delete state.status;
    state.notices = 0;
    const work = text === '' ? undefined : this.#options.execution?.examine(text);
    if (!work) return this.#forward(seat, speech);
    this.#options.peers[seat].pause();
    this.#running?.start(seat, this.#turns, work, speech, (report) => this.#reveal(seat, speech, report));
  }

  /** Passes a turn on with the results of its code below it, which the author is told as well. */
  #reveal(seat: Seat, speech: SpeechFrame, { results, problems, note }: Report): void {
    const { peers } = this.#options;
    const partner = otherSeat(seat);
    const { control } = speech;
    peers[partner].together(() => {
      if (note !== '') this.#tell(seat, note);
      if (problems !== '')
        this.#show({ type: 'problems', meeting: this.id, seat, turn: this.#turns, text: problems });
      const text = `${speech.text}\n\n${results}`;
      const fits = Buffer.byteLength(encodeText(text)) <= this.#options.maxFrameBytes;
      if (results !== '' && !fits) this.#tell(partner, `What came of your partner's code:\n\n${results}`);
      if (this.#stopped) return;
      const hasResults = results !== '' && fits;
      this.#forward(seat, hasResults ? { type: 'speech', text, ...(control ? { control } : {}) } : speech);
    });
    peers[seat].resume();
  }

  #recordCode(event: Extract<MeetingEvent, { type: 'block' | 'result' }>): void {
    this.#write(event);
    if (this.#commit()) this.#show({ ...event, meeting: this.id });
  }

  /** Tells a seat what it must know and must not answer. */
  #tell(seat: Seat, text: string): void {
    this.#write({ type: 'note', seat, text });
    if (!this.#commit()) return;
    const peer = this.#options.peers[seat];
    const state = this.#states[seat];
    if (peer.wants('note')) peer.note(text);
    else state.untold = state.untold === undefined ? text : `${state.untold}\n\n${text}`;
  }

  /** False where the meeting came to its end over it. */
  #introduceExecution(): boolean {
    const { execution, peers } = this.#options;
    for (const seat of seats) {
      const text = execution?.introduce(seat);
      if (text !== undefined && peers[seat].wants('note')) this.#tell(seat, text);
    }
    return !this.#stopped;
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
    const passed = this.#options.execution?.enoughPassed;
    if (passed !== undefined) {
      if (said) pass();
      return this.stop('tests-passed', `${passed} ${passed === 1 ? 'test' : 'tests'}`);
    }
    if (control === 'stop' || control === 'end') {
      if (said) pass();
      return this.stop(control === 'end' ? 'end' : 'stopped', `${this.#nameOf(seat)} said /${control}`);
    }
    if (this.#goodbye?.answering === seat) {
      if (said) pass();
      return this.stop(this.#goodbye.reason);
    }
    // Two who ask each other for help without a word would otherwise never end.
    const limit = stopAfterTurn(this.#turns + this.#questions, this.#options.settings);
    if (limit) {
      if (said) pass();
      return this.stop(limit.reason, limit.detail);
    }
    if (control === 'bye' || this.#goodbyeAsked) {
      this.#expectGoodbye({ answering: otherSeat(seat), reason: this.#goodbyeAsked ? 'stopped' : 'end' });
      return pass('bye');
    }
    pass(control);
  }

  /** A seat that takes no notes gets them here. */
  #sayTo(peer: Peer, { text, line }: SpeechFrame): void {
    const state = this.#states[peer.seat];
    const { untold } = state;
    delete state.untold;
    if (untold === undefined) peer.text(text, line);
    else peer.text(`${untold}\n\n${text}`);
  }

  #expectGoodbye(goodbye: Goodbye): void {
    this.#goodbye ??= goodbye;
  }

  /** From the moment it was told, whoever is to answer a goodbye has so long for it. */
  #awaitGoodbye(): void {
    const goodbye = this.#goodbye;
    if (!goodbye || this.#stopped) return;
    const late = `${this.#nameOf(goodbye.answering)} did not answer the goodbye`;
    this.#after(this.#options.goodbyeMs, () => this.stop(goodbye.reason, late));
  }

  /** Sends from `seat` to the other one, when the rate limit and the other's socket allow. */
  #deliver(seat: Seat, characters: number, send: (peer: Peer) => void): void {
    const delayMs = this.#options.delays.message(seat, characters);
    if (delayMs > 0)
      this.#showStatus(seat, `held back by the rate limit, goes out in ${Math.ceil(delayMs / 1_000)} s`);
    this.#send(seat, delayMs, send);
  }

  #send(seat: Seat, delayMs: number, send: (peer: Peer) => void): void {
    const to = otherSeat(seat);
    const peer = this.#options.peers[to];
    this.#lanes[seat].deliver(delayMs, () => {
      peer.together(() => send(peer));
      if (!this.#stopped) this.#show({ type: 'thinking', meeting: this.id, seat: to });
    });
  }

  #createLane(from: Seat): Lane {
    const { peers, clock, drainMs } = this.#options;
    const to = otherSeat(from);
    const late = `${peers[to].participant.name} has read nothing for ${drainMs / 1_000} s`;
    const onStuck = (): void => this.expel(to, new ProtocolError('too-slow', late));
    return new Lane({ from: peers[from], to: peers[to], clock, drainMs, onStuck });
  }

  #stopForTime(): void {
    this.stop('max-seconds', `${this.#options.settings.maxSeconds} s`);
  }

  #after(delayMs: number, run: () => void): void {
    this.#timers.push(this.#options.clock.after(delayMs, run));
  }

  #write(event: MeetingEvent): void {
    this.#options.record.append(event);
  }

  /** False when the journal cannot be written: then nothing more is forwarded, and the meeting ends. */
  #commit(): boolean {
    try {
      this.#options.record.commit();
      return true;
    } catch (error) {
      this.stop('error', messageOf(error));
      return false;
    }
  }

  #show(event: ViewerEvent): void {
    this.#options.watch(event);
  }

  #showStatus(seat: Seat, text: string): void {
    this.#show({ type: 'status', meeting: this.id, seat, text });
    this.#options.peers[otherSeat(seat)].status(text);
  }

  #nameOf(seat: Seat): string {
    return `${this.#options.peers[seat].participant.name} (seat ${seat})`;
  }
}
