import type { Socket } from 'node:net';

/** A way to have a server keep messages, one after the other, over one connection. */
export interface Keeper {
  /** Messages go in here. */
  readonly out: Socket;
  /** And here comes what says that they are kept: the same connection, or another one. */
  readonly back: Socket;
  /** Some messages as they stand on the wire, that are acknowledged together. */
  readonly messages: Buffer;
  readonly together: number;
  /** How many messages a piece of what comes back says to be kept. Throws where one was refused. */
  readonly countKept: (piece: Buffer) => number;
}

export interface Flow {
  /** All messages that are kept so far. */
  kept(): number;
  /** Sends no more; resolves when all that was sent is kept. */
  end(): Promise<number>;
}

/** Sends for as long as it is let, with up to `window` messages on their way: a multiple of `together`. */
export function startFlow({ out, back, messages, together, countKept }: Keeper, window: number): Flow {
  const full = Buffer.concat(Array.from({ length: window / together }, () => messages));
  let sent = 0;
  let kept = 0;
  let isEnding = false;
  let allKept: (count: number) => void = () => {};
  let fail: (error: Error) => void = () => {};
  const ended = new Promise<number>((resolve, reject) => {
    allKept = resolve;
    fail = reject;
  });
  ended.catch(() => {});
  const refill = (): void => {
    // Many at once: a server that is given them one by one would be measured at its system calls.
    const room = window - (sent - kept);
    if (isEnding || room < window / 2) return;
    out.write(full.subarray(0, (room / together) * messages.length));
    sent += room;
  };
  back.on('data', (piece: Buffer) => {
    try {
      kept += countKept(piece);
    } catch (error) {
      fail(error as Error);
      return;
    }
    if (isEnding && kept >= sent) allKept(kept);
    refill();
  });
  for (const socket of [out, back]) socket.once('close', () => fail(new Error('the server hung up')));
  refill();
  return {
    kept: () => kept,
    end: () => {
      isEnding = true;
      if (kept >= sent) allKept(kept);
      return ended;
    },
  };
}

/** How often a byte occurs. */
export function countByte(piece: Buffer, byte: number): number {
  let count = 0;
  for (let at = 0; at < piece.length; at++) if (piece[at] === byte) count++;
  return count;
}

/** The next piece of what a server answers that ends as it should. */
export function readUntil(socket: Socket, end: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let heard = '';
    const hear = (piece: Buffer): void => {
      heard += piece.toString('latin1');
      if (!end.test(heard)) return;
      socket.off('data', hear);
      resolve(heard);
    };
    socket.on('data', hear);
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`the server hung up after: ${heard}`)));
  });
}
