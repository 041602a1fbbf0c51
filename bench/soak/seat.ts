import net from 'node:net';
import { reset } from '../../test/support/reset.ts';
import { LineSocket } from '../../wire/line-socket.ts';
import { encodeControl, parseProxyFrame, type ProxyFrame } from '../../wire/message.ts';
import { awayMs, frozenMs, type Fate } from './trouble.ts';

export interface SeatOptions {
  readonly port: number;
  readonly name: string;
  readonly meeting: string;
  readonly fate: Fate;
  readonly random: () => number;
  /** Somebody spoke, or (undefined) asked to begin. */
  readonly onHeard: (text: string | undefined) => void;
  readonly count: (what: string) => void;
}

/**
 * A client of the wire that loses its connection, stands still, dies or leaves, as its fate will have it, and
 * that keeps in mind all it said and heard.
 */
export class TroubledSeat {
  /** In order; the n-th has number n. */
  readonly said: string[] = [];
  readonly heard: string[] = [];
  /** Resolves with the reason why the meeting ended, or `died`, or `left`. */
  readonly over: Promise<string>;
  #end: (reason: string) => void = () => {};
  readonly #options: SeatOptions;
  #line: LineSocket | undefined;
  #socket: net.Socket | undefined;
  #secret: string | undefined;
  #seen = 0;
  #next: number | undefined;
  #isWelcome = false;
  #isOver = false;

  constructor(options: SeatOptions) {
    this.#options = options;
    this.over = new Promise((resolve) => (this.#end = resolve));
    this.#connect();
  }

  say(text: string): void {
    this.said.push(text);
    if (this.#isWelcome) this.#send(this.said.length);
  }

  #connect(): void {
    if (this.#isOver) return;
    const { port, name, meeting } = this.#options;
    const socket = net.connect({ port, host: '127.0.0.1' });
    this.#socket = socket;
    this.#isWelcome = false;
    this.#line = new LineSocket(
      socket,
      { maxFrameBytes: 16 * 1024 * 1024 },
      {
        onLine: (line) => {
          if (this.#socket === socket) this.#take(parseProxyFrame(line));
        },
        onViolation: (error) => this.#finish(`violation: ${error.message}`),
        onDefect: (error) => this.#finish(`defect: ${String(error)}`),
        onEnd: ({ detail }) => {
          if (this.#socket === socket) this.#finish(`the proxy ${detail} without a word`);
        },
      },
    );
    const back = this.#secret === undefined ? {} : { secret: this.#secret, seen: this.#seen };
    const features = ['history', 'numbered'];
    this.#line.sendLine(
      encodeControl('iam', { name, meeting, provider: 'scripted', model: 'soak', features, ...back }),
    );
  }

  #take(frame: ProxyFrame): void {
    switch (frame.type) {
      case 'welcome':
        this.#secret = frame.secret;
        this.#isWelcome = true;
        this.#sayAgain(frame.said ?? 0);
        return;
      case 'seq':
        this.#next = frame.seq;
        return;
      case 'start':
      case 'text':
        return this.#hear(frame.type === 'text' ? frame.text : undefined);
      case 'stop':
        return this.#finish(frame.reason);
      case 'error':
        // The meeting ended while it was away.
        return this.#finish(frame.code === 'no-seat' && this.#seen > 0 ? 'no-seat' : `error ${frame.code}`);
      default:
    }
  }

  #hear(text: string | undefined): void {
    const seq = this.#next;
    this.#next = undefined;
    if (seq === undefined || seq <= this.#seen) return this.#options.count('repeated by the proxy');
    this.#seen = seq;
    if (text !== undefined) this.heard.push(text);
    this.#options.onHeard(text);
    this.#suffer();
  }

  #suffer(): void {
    const { fate, random, count } = this.#options;
    const messages = this.heard.length;
    if (messages > 0 && messages === fate.diesAfter) {
      count('died');
      this.#drop();
      return this.#finish('died');
    }
    if (messages > 0 && messages === fate.leavesAfter) {
      count('left');
      this.#line?.sendLine(encodeControl('leave', 'has to go'));
      return this.#finish('left');
    }
    if (random() < fate.freeze) {
      count('froze');
      const socket = this.#socket;
      this.#line?.pause();
      setTimeout(() => socket?.resume(), within(frozenMs, random)).unref();
    }
    if (random() < fate.cut) {
      count('cut off');
      this.#drop();
      setTimeout(() => this.#connect(), within(awayMs, random));
    }
  }

  /** Without a word, and sometimes in the middle of one. */
  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#isWelcome = false;
    if (this.#options.random() < 0.5) {
      socket?.write('/meta: {"number":');
      socket?.end();
      setTimeout(() => socket?.destroy(), 20).unref();
    } else if (socket) reset(socket);
  }

  /** What has not arrived; now and then with the last that has, as one would who cannot know. */
  #sayAgain(arrived: number): void {
    const known = this.#options.random() < 0.5 ? Math.max(0, arrived - 1) : arrived;
    for (let number = known + 1; number <= this.said.length; number++) this.#send(number);
  }

  #send(number: number): void {
    this.#line?.together(() => {
      this.#line?.sendLine(encodeControl('meta', { number }));
      this.#line?.sendLine(this.said[number - 1] as string);
    });
  }

  #finish(reason: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#line?.close();
    this.#end(reason);
  }
}

export function within([least, most]: readonly [number, number], random: () => number): number {
  return least + random() * (most - least);
}
