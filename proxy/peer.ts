import type { ProtocolError } from '../wire/errors.ts';
import type { Greeting } from '../wire/greeting.ts';
import type { LineSocket } from '../wire/line-socket.ts';
import { encodeClassicText, encodeControl, encodeText, type HistoryEntry } from '../wire/message.ts';
import type { Feature, Participant, Seat } from '../wire/types.ts';

/** An agent that has greeted, addressed in its own dialect. */
export class Peer {
  readonly seat: Seat;
  readonly greeting: Greeting;
  readonly #socket: LineSocket;

  constructor(seat: Seat, greeting: Greeting, socket: LineSocket) {
    this.seat = seat;
    this.greeting = greeting;
    this.#socket = socket;
  }

  get participant(): Participant {
    return this.greeting.participant;
  }

  /** `host:port`, for logs. */
  get address(): string {
    return this.#socket.remoteAddress;
  }

  wants(feature: Feature): boolean {
    return this.greeting.features.includes(feature);
  }

  get isFramed(): boolean {
    return this.greeting.dialect === 'framed';
  }

  /** `secret` and `said` are for those who may come back. */
  welcome(welcome: {
    readonly meeting: string;
    readonly partner: string;
    readonly turn: number;
    readonly secret?: string;
    readonly said?: number;
    readonly trace?: string;
  }): void {
    if (!this.isFramed) return;
    const { meeting, ...rest } = welcome;
    this.#control('welcome', { meeting, seat: this.seat, ...rest });
  }

  /** Which event of the journal follows. */
  seq(seq: number): void {
    if (this.wants('numbered')) this.#control('seq', String(seq));
  }

  history(entries: readonly HistoryEntry[]): void {
    if (this.wants('history')) this.#control('history', entries);
  }

  /** `/start`, or the words that stand for it. */
  hello(hello: string): void {
    if (hello === '/start') this.#control('start');
    else this.text(hello);
  }

  /** `line` is the same text as its sender framed it, if that is known. */
  text(text: string, line?: string): void {
    this.#socket.sendLine(this.isFramed ? (line ?? encodeText(text)) : encodeClassicText(text));
  }

  /** As `LineSocket` has it. */
  bytes(bytes: Buffer): boolean {
    return this.#socket.sendBytes(bytes);
  }

  latin1(lines: string): void {
    this.#socket.sendLatin1(lines);
  }

  /** Something to know and not to answer; for peers that want notes. */
  note(text: string): void {
    this.#control('note', text);
  }

  /** What only shows the way is left out for a peer that does not keep up. */
  delta(text: string): void {
    if (this.wants('delta') && this.hasRoom) this.#control('delta', text);
  }

  status(text: string): void {
    if (this.wants('delta') && this.hasRoom) this.#control('status', text);
  }

  bye(): void {
    this.#control('bye');
  }

  help(): void {
    this.#control('help');
  }

  /** What is sent within leaves in one piece, so that the peer reads it in one piece if it can. */
  together(send: () => void): void {
    this.#socket.together(send);
  }

  stop(reason: string): void {
    this.#control('stop', reason);
    this.#socket.close();
  }

  refuse(error: ProtocolError): void {
    this.#control('error', { code: error.code, message: error.message });
    this.#socket.close();
  }

  get hasRoom(): boolean {
    return this.#socket.hasRoom;
  }

  get takenBytes(): number {
    return this.#socket.takenBytes;
  }

  onDrain(listener: () => void): void {
    this.#socket.onDrain(listener);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  #control(verb: string, argument?: string | object): void {
    this.#socket.sendLine(encodeControl(verb, argument));
  }
}
