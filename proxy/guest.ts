import type { Socket } from 'node:net';
import { messageOf, ProtocolError } from '../wire/errors.ts';
import { isGreeting, parseGreeting, type Greeting } from '../wire/greeting.ts';
import { LineSocket, type SocketEnd } from '../wire/line-socket.ts';
import { encodeControl, parseAgentFrame, parseClassicMessage, type AgentFrame } from '../wire/message.ts';
import type { Clock } from '../wire/clock.ts';
import type { Seat } from '../wire/types.ts';
import { maxGreetingBytes, type Visit } from './admission.ts';
import type { Meeting } from './meeting.ts';
import { Peer } from './peer.ts';

export interface GuestOptions {
  readonly maxFrameBytes: number;
  readonly classicIdleMs: number;
  readonly greetingMs: number;
  readonly clock: Clock;
  readonly visit: Visit;
  /** The guest has greeted. What this throws, a ProtocolError, is what the guest is told before it must go. */
  readonly onGreeting: (guest: Guest, greeting: Greeting) => void;
  /** The guest is told to go. */
  readonly onRefused?: (error: ProtocolError) => void;
  /** The guest is gone, and no meeting noticed. */
  readonly onGone: (guest: Guest, detail: string) => void;
}

/** How many messages a guest may send before a partner is there; together they may be as long as one. */
const maxEarlyMessages = 64;

/** A connection on its way to a meeting: it greets, waits for a partner, and then speaks. */
export class Guest {
  readonly seat: Seat;
  readonly #socket: LineSocket;
  readonly #options: GuestOptions;
  #cancelTimer: () => void;
  /** It gave a wrong token, and hears of it later. */
  #isHeld = false;
  #peer: Peer | undefined;
  #meeting: Meeting | undefined;
  #early: AgentFrame[] = [];
  #earlyCharacters = 0;

  constructor(seat: Seat, socket: Socket, options: GuestOptions) {
    this.seat = seat;
    this.#options = options;
    this.#socket = new LineSocket(
      socket,
      {
        maxFrameBytes: Math.min(options.maxFrameBytes, maxGreetingBytes),
        count: (bytes) => options.visit.hear(bytes),
      },
      {
        onLine: (line) => this.#hear(line),
        onLines: (bytes, end, isStable) =>
          this.#peer && this.#meeting
            ? this.#meeting.receiveLines(this.#peer, bytes, end, isStable)
            : 'refused',
        onViolation: (error) => this.#refuse(error),
        onDefect: (error) => this.#giveUp(error),
        onEnd: (end) => this.#leave(end),
      },
    );
    this.#socket.setMode('greeting', options.classicIdleMs);
    this.#cancelTimer = options.clock.after(options.greetingMs, () =>
      this.#refuse(
        new ProtocolError('no-greeting', `no greeting came within ${options.greetingMs / 1_000} s`),
      ),
    );
  }

  get address(): string {
    return this.#socket.remoteAddress;
  }

  /** Whom the meeting talks to. Only a guest that has greeted has one. */
  get peer(): Peer {
    if (!this.#peer) throw new Error('this guest has not greeted yet');
    return this.#peer;
  }

  /** See `Greeting`. */
  get claim(): string | undefined {
    return this.#peer?.greeting.claim;
  }

  /** From now on all it says goes to `meeting`, beginning with what it said while it waited. */
  join(meeting: Meeting): void {
    this.#meeting = meeting;
  }

  /** Hands over what was said too early. */
  speakUp(): void {
    const early = this.#early;
    this.#early = [];
    for (const frame of early) this.#meeting?.receive(this.peer, frame);
  }

  /** It may be here: it may say more than a stranger, and makes room for nobody. */
  prove(): void {
    this.#options.visit.prove();
    this.#socket.allow(this.#options.maxFrameBytes);
  }

  /** Its token is wrong. Who tries one after the other waits for the answer. */
  denyToken(error: ProtocolError, token: string | undefined): void {
    // No token is a mistake, and no guess.
    const delayMs = token === undefined || token === '' ? 0 : this.#options.visit.guess();
    if (delayMs === 0) throw error;
    this.#isHeld = true;
    this.#cancelTimer = this.#options.clock.after(delayMs, () => this.#refuse(error));
  }

  /** It has to make room. */
  drop(): void {
    this.#socket.close(0);
    this.#options.onGone(this, 'makes room for others');
  }

  /** Says why, and closes. */
  dismiss(error: ProtocolError): void {
    this.#cancelTimer();
    this.#options.onRefused?.(error);
    this.#socket.sendLine(encodeControl('error', { code: error.code, message: error.message }));
    this.#socket.close();
  }

  #hear(line: string): void {
    if (!this.#peer) return this.#greet(line);
    if (this.#isHeld) return;
    const frame = this.#peer.isFramed ? parseAgentFrame(line) : parseClassicMessage(line);
    if (this.#meeting) return this.#meeting.receive(this.#peer, frame);
    // What only viewers see is of no use to a partner who comes later.
    if (frame.type === 'delta' || frame.type === 'status') return;
    this.#earlyCharacters += line.length;
    if (this.#early.length >= maxEarlyMessages || this.#earlyCharacters > this.#options.maxFrameBytes) {
      throw new ProtocolError('bad-frame', 'so much cannot be kept for a partner who is not there yet');
    }
    this.#early.push(frame);
  }

  #greet(line: string): void {
    if (!isGreeting(line))
      throw new ProtocolError('no-greeting', 'the first line must be a greeting, /iam: …');
    const greeting = parseGreeting(line);
    this.#cancelTimer();
    this.#socket.setMode(greeting.dialect === 'framed' ? 'line' : 'burst', this.#options.classicIdleMs);
    this.#peer = new Peer(this.seat, greeting, this.#socket);
    this.#options.onGreeting(this, greeting);
  }

  #refuse(error: ProtocolError): void {
    if (this.#meeting) return this.#meeting.expel(this.peer, error);
    this.dismiss(error);
    this.#options.onGone(this, `${error.code}: ${error.message}`);
  }

  /** A defect of this program: it costs this meeting, and no other. */
  #giveUp(error: unknown): void {
    if (this.#meeting) return this.#meeting.breakDown(error);
    this.#socket.close();
    this.#options.onGone(this, `unexpected: ${messageOf(error)}`);
  }

  #leave(end: SocketEnd): void {
    this.#options.visit.leave();
    this.#cancelTimer();
    if (this.#meeting) this.#meeting.lose(this.peer, end);
    else this.#options.onGone(this, end.detail);
  }
}
