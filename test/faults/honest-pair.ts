import net from 'node:net';
import { createInterface } from 'node:readline';
import type { Seat } from '../../wire/types.ts';
import { honestMeeting } from './attacks.ts';

/** Two who talk to each other, and notice every line that is not the one expected. */
export class HonestPair {
  readonly problems: string[] = [];
  /** Turns so far. */
  said = 0;
  readonly #pauseMs: number;
  readonly #sockets: readonly net.Socket[];
  readonly #closed: Promise<unknown>;
  #isEnding = false;

  constructor(ports: { readonly [seat in Seat]: number }, pauseMs: number) {
    this.#pauseMs = pauseMs;
    this.#sockets = [this.#sit(ports.a, 'Ada'), this.#sit(ports.b, 'Bob')];
    this.#closed = Promise.all(
      this.#sockets.map((socket) => new Promise((resolve) => socket.once('close', resolve))),
    );
  }

  /** The next one to speak ends the meeting. Resolves when both are gone. */
  async end(): Promise<void> {
    this.#isEnding = true;
    await Promise.race([this.#closed, new Promise((resolve) => setTimeout(resolve, 5_000).unref())]);
    for (const socket of this.#sockets) socket.destroy();
  }

  #sit(port: number, name: string): net.Socket {
    const socket = net.connect({ host: '127.0.0.1', port });
    const greeting = { name, meeting: honestMeeting, features: ['history', 'numbered'] };
    socket.write(`/iam: ${JSON.stringify(greeting)}\n`);
    createInterface({ input: socket }).on('line', (line) => this.#hear(socket, name, line));
    socket.on('error', (error) => this.problems.push(`${name}: ${error.message}`));
    socket.once('close', () => {
      if (!this.#isEnding) this.problems.push(`${name} was cut off`);
    });
    return socket;
  }

  #hear(socket: net.Socket, name: string, line: string): void {
    if (/^\/(?:welcome|seq|turn): /.test(line) || line === '/stop: end') return;
    if (line !== (this.said === 0 ? '/start' : wordsOf(this.said))) {
      this.problems.push(`${name} heard ${JSON.stringify(line.slice(0, 80))} after turn ${this.said}`);
    }
    setTimeout(() => this.#speak(socket), this.#pauseMs);
  }

  #speak(socket: net.Socket): void {
    if (this.#isEnding) return void socket.write('/end\n');
    const turn = ++this.said;
    socket.write(`/meta: {"number":${Math.ceil(turn / 2)}}\n${wordsOf(turn)}\n`);
  }
}

export function wordsOf(turn: number): string {
  return `honest word ${turn}`;
}
