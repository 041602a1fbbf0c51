import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import { LineSocket } from '../wire/line-socket.ts';
import { parseProxyFrame, type ProxyFrame } from '../wire/message.ts';

export interface ProxyAddress {
  readonly host: string;
  readonly port: number;
}

/** The agent's end of the wire, as a queue of what the proxy said. */
export interface Connection {
  readonly socket: LineSocket;
  /** Frames in order; ends when the connection does. Rejects on what is no frame. */
  readonly frames: AsyncIterable<ProxyFrame>;
  /** What has come and was not taken from `frames` yet. */
  peek(): readonly ProxyFrame[];
  /** Called for each frame the moment it comes, before it is queued. */
  onFrame(listener: (frame: ProxyFrame) => void): void;
  /** Called once, when the connection has ended. */
  onEnd(listener: (detail: string) => void): void;
}

/** The relay's own limit does not bind it: a turn with results below it may be longer than a frame. */
const maxFrameBytes = 16 * 1024 * 1024;

const firstDelayMs = 250;
const longestDelayMs = 10_000;

/**
 * Connects, and keeps trying while nothing listens there, with a growing delay. `onWait` hears each
 * time what was wrong and how long the wait is. Rejects with ColloquyError `unreachable` where trying
 * again is pointless (an unknown host), and with the signal's reason.
 */
export async function connectPatiently(
  address: ProxyAddress,
  options: { readonly signal: AbortSignal; readonly onWait: (problem: string, delayMs: number) => void },
): Promise<Connection> {
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, longestDelayMs)) {
    try {
      return createConnection(await connect(address, options.signal));
    } catch (error) {
      options.signal.throwIfAborted();
      if (!isWorthAnotherTry(error)) {
        throw new ColloquyError(
          `no proxy can be reached at ${address.host}:${address.port}: ${messageOf(error)}`,
          {
            code: 'unreachable',
            cause: error,
          },
        );
      }
      options.onWait(`no proxy listens on ${address.host}:${address.port} yet`, delayMs);
    }
    await sleep(delayMs, undefined, { signal: options.signal });
  }
}

function connect({ host, port }: ProxyAddress, signal: AbortSignal): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port, signal });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      resolve(socket);
    });
  });
}

function isWorthAnotherTry(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return ['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN'].includes(
    code,
  );
}

function createConnection(socket: net.Socket): Connection {
  const queue: ProxyFrame[] = [];
  const frameListeners: ((frame: ProxyFrame) => void)[] = [];
  const endListeners: ((detail: string) => void)[] = [];
  let wake = (): void => {};
  let ended = false;
  let failure: Error | undefined;
  const line = new LineSocket(
    socket,
    { maxFrameBytes },
    {
      onLine(text) {
        const frame = parseProxyFrame(text);
        for (const listener of frameListeners) listener(frame);
        queue.push(frame);
        wake();
      },
      onViolation(error) {
        failure = error;
        line.close();
        wake();
      },
      onEnd({ detail }) {
        ended = true;
        for (const listener of endListeners) listener(detail);
        wake();
      },
    },
  );
  async function* frames(): AsyncGenerator<ProxyFrame> {
    for (;;) {
      const next = queue.shift();
      if (next) yield next;
      else if (failure) throw failure;
      else if (ended) return;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  return {
    socket: line,
    frames: frames(),
    peek: () => queue,
    onFrame: (listener) => frameListeners.push(listener),
    onEnd: (listener) => endListeners.push(listener),
  };
}
