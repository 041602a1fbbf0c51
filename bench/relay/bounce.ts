import type { Socket } from 'node:net';
import { connectTo } from './processes.ts';

export interface Pair {
  readonly a: Socket;
  readonly b: Socket;
}

/** Two who answer each other at once, with the same line every time. */
export class Bouncers {
  readonly #line: Buffer;
  readonly #first: Socket;
  #times: number[] = [];
  #wanted = 0;
  #done = (): void => {};

  constructor({ a, b }: Pair, line: string) {
    this.#line = Buffer.from(line + '\n');
    this.#first = a;
    for (const socket of [a, b]) {
      let pending = 0;
      socket.on('data', (piece: Buffer) => {
        pending += piece.length;
        if (pending < this.#line.length) return;
        pending = 0;
        this.#times.push(performance.now());
        if (this.#times.length <= this.#wanted) socket.write(this.#line);
        else this.#done();
      });
    }
  }

  /** Resolves with the microseconds of each of so many turns; the one who began hears the last of them. */
  async bounce(turns: number): Promise<number[]> {
    this.#times = [];
    // An even number of lines, or the next call would begin out of turn.
    this.#wanted = turns + (turns % 2) - 1;
    const done = new Promise<void>((resolve) => (this.#done = resolve));
    this.#times.push(performance.now());
    this.#first.write(this.#line);
    await done;
    return microsecondsBetween(this.#times);
  }
}

export function microsecondsBetween(times: readonly number[]): number[] {
  return times.slice(1).map((time, index) => (time - (times[index] as number)) * 1_000);
}

/** Has two sit down, and resolves when one of them was told to start. */
export async function sitDown(ports: { a: number; b: number }, meeting: string): Promise<Pair> {
  const [a, b] = await Promise.all([connectTo(ports.a), connectTo(ports.b)]);
  const begun = untilBegun([a, b]);
  for (const [socket, name] of [
    [a, 'A'],
    [b, 'B'],
  ] as const) {
    socket.write(`/iam: {"name":"${name}","meeting":"${meeting}","provider":"scripted","model":"bench"}\n`);
  }
  await begun;
  return { a, b };
}

/** The welcome of each, and the one start, have come, and nothing more will. */
function untilBegun(sockets: readonly Socket[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const heard = new Map<Socket, string>();
    const stopListening = sockets.map((socket) => {
      const hear = (piece: Buffer): void => {
        heard.set(socket, (heard.get(socket) ?? '') + piece.toString());
        const all = [...heard.values()].join('');
        if (all.match(/^\/welcome: .*\n/gm)?.length !== sockets.length || !/^\/start\n/m.test(all)) return;
        for (const stop of stopListening) stop();
        resolve();
      };
      const fail = (): void =>
        reject(new Error(`the proxy hung up after: ${heard.get(socket) ?? 'nothing'}`));
      socket.on('data', hear).once('close', fail);
      return () => socket.off('data', hear).off('close', fail);
    });
  });
}

/** Ends a meeting; resolves when the proxy has closed both connections. */
export async function endMeeting({ a, b }: Pair): Promise<void> {
  const closed = [a, b].map((socket) => new Promise((resolve) => socket.once('close', resolve).resume()));
  a.write('Enough. /end\n');
  await Promise.all(closed);
}
