import type { Socket } from 'node:net';
import { ProtocolError } from './errors.ts';
import { FrameSplitter, decodeUtf8, endsInsideCharacter } from './frame.ts';
import { isJsonGreetingStart } from './greeting.ts';
import { shareReads } from './shared-reads.ts';

export interface LineSocketOptions {
  readonly maxFrameBytes: number;
  /** Told of all that comes, until `allow` is called. */
  readonly count?: (bytes: number) => void;
}

/** How the connection ended, and what had arrived of a message that never came whole. */
export interface SocketEnd {
  readonly detail: string;
  readonly partial?: string;
}

export interface LineSocketHandlers {
  /** One message: a line, or in burst mode a burst. */
  onLine(line: string): void;
  /**
   * The first `end` bytes are whole lines as they came, each with its end. `free`: they may be gone when this has
   * returned. `kept`: they must stay. `refused`: they come again, one by one. What is not `isStable` is always gone.
   */
  onLines?(bytes: Buffer, end: number, isStable: boolean): 'free' | 'kept' | 'refused';
  /** The peer broke a rule of the wire. Nothing more will be read. */
  onViolation(error: ProtocolError): void;
  /** Something went wrong here while a message was handled. Nothing more will be read. */
  onDefect(error: unknown): void;
  /** Called once, whatever ended it. */
  onEnd(end: SocketEnd): void;
}

/**
 * What ends a message. `line`: LF. `burst`: silence (the classic dialect). `greeting`: LF, or silence
 * behind a classic greeting, since the programs that send one may leave the newline out.
 */
type Mode = { readonly type: 'line' } | { readonly type: 'burst' | 'greeting'; readonly idleMs: number };

const lineFeed = 0x0a;

/** Two seconds, at the 250 ms that a message of the classic dialect ends with. */
const maxSilencesInCharacter = 8;

/** A socket that speaks in messages. */
export class LineSocket {
  readonly #socket: Socket;
  #maxFrameBytes: number;
  #count: ((bytes: number) => void) | undefined;
  readonly #splitter: FrameSplitter;
  readonly #handlers: LineSocketHandlers;
  #mode: Mode = { type: 'line' };
  #silence: NodeJS.Timeout | undefined;
  #silencesInCharacter = 0;
  #ended = false;
  /** Nothing more is read once a rule was broken or `close` was called. */
  #deaf = false;
  #failure: string | undefined;

  /** An accepted socket is given `paused`, as a server with `pauseOnConnect` does it. */
  constructor(given: Socket, { maxFrameBytes, count }: LineSocketOptions, handlers: LineSocketHandlers) {
    const socket = given.isPaused()
      ? shareReads(given, (bytes, length) => this.#receive(bytes, length))
      : given.on('data', (bytes) => this.#receive(bytes, bytes.length));
    this.#socket = socket;
    this.#maxFrameBytes = maxFrameBytes;
    this.#splitter = new FrameSplitter(maxFrameBytes);
    this.#handlers = handlers;
    this.#count = count;
    socket.setNoDelay(true);
    socket.on('end', () => this.#finish());
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#failure =
        error.code === 'ECONNRESET' ? 'reset the connection' : `lost the connection (${error.code})`;
    });
    socket.on('close', () => this.#finish());
  }

  /** From now on frames may be so long, and nobody counts what comes. */
  allow(maxFrameBytes: number): void {
    this.#maxFrameBytes = maxFrameBytes;
    this.#splitter.allow(maxFrameBytes);
    this.#count = undefined;
  }

  get remoteAddress(): string {
    return `${this.#socket.remoteAddress ?? '?'}:${this.#socket.remotePort ?? '?'}`;
  }

  /** False while so much waits to be sent that more is better held back until `onDrain`. */
  get hasRoom(): boolean {
    return !this.#socket.writableNeedDrain;
  }

  /** Bytes that wait until the system takes them. */
  get unsentBytes(): number {
    return this.#socket.writableLength;
  }

  /** Bytes that the system has taken so far: as long as it grows, the peer reads. */
  get takenBytes(): number {
    return this.#socket.bytesWritten - this.#socket.writableLength;
  }

  onDrain(listener: () => void): void {
    this.#socket.once('drain', listener);
  }

  /** `idleMs` 0: a line is a message, whatever the dialect. */
  setMode(type: 'line' | 'burst' | 'greeting', idleMs = 0): void {
    this.#mode = type === 'line' || idleMs === 0 ? { type: 'line' } : { type, idleMs };
    clearTimeout(this.#silence);
    this.#silence = undefined;
  }

  /**
   * Bytes that are whole lines, and stay as they are until they are sent. False where they are not all on
   * their way yet: then nothing more should be sent until `onDrain`.
   */
  sendBytes(bytes: Buffer): boolean {
    if (!this.#socket.writable) return true;
    return this.#socket.write(bytes) && this.#socket.writableLength === 0;
  }

  /** Whole lines, of which every character is a byte. */
  sendLatin1(lines: string): void {
    if (this.#socket.writable) this.#socket.write(lines, 'latin1');
  }

  sendLine(line: string): void {
    if (this.#socket.writable) this.#socket.write(line + '\n');
  }

  /** What `send` writes leaves in one piece. */
  together(send: () => void): void {
    this.#socket.cork();
    send();
    this.#socket.uncork();
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Hears nothing more, lets what was sent go out, and is gone after `graceMs` at the latest. */
  close(graceMs = 2_000): void {
    this.#deaf = true;
    this.setMode('line');
    if (this.#socket.destroyed) return;
    this.#socket.end();
    // What still comes must be read, or the end of it would never be seen.
    this.#socket.resume();
    const timer = setTimeout(() => this.#socket.destroy(), graceMs);
    this.#socket.once('close', () => clearTimeout(timer));
  }

  #receive(bytes: Buffer, length: number): void {
    if (this.#deaf) return;
    try {
      this.#count?.(length);
      // It may have been too much.
      if (this.#deaf) return;
      if (this.#mode.type === 'line' && this.#handlers.onLines) this.#readLines(bytes, length);
      else this.#read(bytes.subarray(0, length));
    } catch (error) {
      this.#fail(error);
    }
  }

  /** All whole lines of a chunk at once; what began before and what goes on behind it is put together. */
  #readLines(bytes: Buffer, length: number): void {
    const isWhole = bytes[length - 1] === lineFeed;
    // A frame that is too long is found by the one who looks at them one by one.
    if (isWhole && this.#splitter.pendingBytes === 0 && length <= this.#maxFrameBytes) {
      const answer = this.#handlers.onLines?.(bytes, length, false);
      if (answer === 'refused') this.#read(bytes.subarray(0, length));
      return;
    }
    const chunk = bytes.subarray(0, length);
    const end = isWhole ? length : chunk.lastIndexOf(lineFeed) + 1;
    if (end === 0) return this.#splitter.keep(chunk);
    const head = isWhole ? chunk : chunk.subarray(0, end);
    const isStable = this.#splitter.pendingBytes > 0;
    const lines = isStable ? this.#splitter.takeWith(head) : head;
    const isShort = lines.length <= this.#maxFrameBytes;
    const answer = isShort ? this.#handlers.onLines?.(lines, lines.length, isStable) : 'refused';
    if (answer === 'refused') this.#read(lines);
    if (isStable && answer !== 'kept') this.#splitter.reuse(lines);
    if (end < length && !this.#deaf) this.#read(chunk.subarray(end));
  }

  /** A message may change the mode in which the rest of the chunk is read. */
  #read(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0 && !this.#deaf && this.#mode.type !== 'burst') {
      const end = rest.indexOf(lineFeed) + 1 || rest.length;
      for (const line of this.#splitter.push(rest.subarray(0, end))) this.#handlers.onLine(line);
      rest = rest.subarray(end);
    }
    if (this.#deaf) return;
    this.#splitter.keep(rest);
    if (this.#mode.type !== 'line' && this.#splitter.pendingBytes > 0) this.#awaitSilence(this.#mode.idleMs);
  }

  #awaitSilence(idleMs: number): void {
    if (this.#silence) this.#silence.refresh();
    else this.#silence = setTimeout(() => this.#endSilence(idleMs), idleMs);
  }

  /** When this process was busy, what came meanwhile lies unread: it is read before the next immediate. */
  #endSilence(idleMs: number): void {
    const pendingBytes = this.#splitter.pendingBytes;
    setImmediate(() => {
      if (this.#ended || this.#splitter.pendingBytes !== pendingBytes) return;
      this.#guard(() => this.#afterSilence(idleMs));
    });
  }

  #afterSilence(idleMs: number): void {
    const bytes = this.#splitter.takeRest();
    // The rest of a greeting in JSON must be on its way; for one that never comes there is a time limit.
    if (this.#mode.type === 'greeting' && isJsonGreetingStart(bytes.toString('latin1'))) {
      return this.#splitter.keep(bytes);
    }
    // So must the rest of a character, but not for ever: then it is no UTF-8, as `deliverBurst` will say.
    if (endsInsideCharacter(bytes) && ++this.#silencesInCharacter < maxSilencesInCharacter) {
      this.#splitter.keep(bytes);
      return this.#awaitSilence(idleMs);
    }
    this.#silencesInCharacter = 0;
    this.#deliverBurst(bytes);
  }

  #deliverBurst(bytes: Buffer): void {
    const text = decodeUtf8(bytes).replace(/\r\n/g, '\n').trimEnd();
    if (text !== '') this.#handlers.onLine(text);
  }

  /** A classic agent may close right behind its last words; a line without its LF is no message. */
  #finish(): void {
    if (this.#ended) return;
    this.#ended = true;
    clearTimeout(this.#silence);
    const rest = this.#splitter.takeRest();
    const heard = rest.length > 0 && !this.#deaf;
    const isMessage = heard && this.#mode.type === 'burst' && !this.#failure && !endsInsideCharacter(rest);
    if (isMessage) this.#guard(() => this.#deliverBurst(rest));
    const partial = heard && !isMessage ? { partial: rest.toString('utf8') } : {};
    this.#handlers.onEnd({ detail: this.#failure ?? 'closed the connection', ...partial });
    this.close();
  }

  #guard(step: () => void): void {
    if (this.#deaf) return;
    try {
      step();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    this.#deaf = true;
    if (error instanceof ProtocolError) this.#handlers.onViolation(error);
    else this.#handlers.onDefect(error);
  }
}
