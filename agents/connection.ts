import { randomBytes } from 'node:crypto';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import type { JsonGreeting } from '../wire/greeting.ts';
import { LineSocket } from '../wire/line-socket.ts';
import { encodeControl, parseProxyFrame, type ProxyFrame } from '../wire/message.ts';
import { dialTls, isTlsAlert, refusedAfterHandshake, type ClientTls } from '../wire/tls.ts';
import type { TurnMeta } from '../wire/types.ts';
import { Inbox } from './inbox.ts';
import { Outbox } from './outbox.ts';

export interface ProxyAddress {
  readonly host: string;
  readonly port: number;
  /** Undefined: in the clear. */
  readonly tls?: ClientTls | undefined;
}

export interface ConnectionOptions {
  readonly proxy: ProxyAddress;
  /** With `meeting` and `secret` of an agent that comes back. */
  readonly greeting: JsonGreeting;
  readonly signal: AbortSignal;
  /** Nothing can be reached: what was wrong, and how long the wait is until the next try. */
  readonly onWait?: ((problem: string, delayMs: number) => void) | undefined;
  /** The agent has greeted; `again` where it had lost the connection. */
  readonly onConnected?: ((again: boolean) => void) | undefined;
  /** Each frame the moment it comes, before it is queued. */
  readonly onFrame?: ((frame: ProxyFrame) => void) | undefined;
  /** There will be no more frames. */
  readonly onEnd?: (() => void) | undefined;
}

/** The relay's own limit does not bind it: a turn with results below it may be longer than a frame. */
const maxFrameBytes = 16 * 1024 * 1024;

const firstDelayMs = 250;
const longestDelayMs = 10_000;
/** Between two connections that came to nothing. */
const longestRefusedDelayMs = 1_000;
/** What the proxy says that is worth coming back for. */
const passing: ReadonlySet<string> = new Set(['shutting-down', 'busy']);
/** How often an agent greets again that was never welcomed, and was told nothing. */
const mostEarlyReturns = 5;
/** How long an agent tries to come back to its seat. */
const longestAbsenceMs = 10 * 60_000;

/**
 * The agent's end of the wire. It stays the same while connections come and go: who loses one greets again
 * with the secret of its seat, sends what has not arrived, and takes nothing twice.
 */
export class Connection {
  readonly #options: ConnectionOptions;
  readonly #inbox = new Inbox();
  readonly #outbox = new Outbox();
  /** The seat, once there is one to come back to. */
  #seat: { readonly meeting: string; readonly secret: string } | undefined;
  /** Proves the seat as long as nobody has been welcomed to it. */
  readonly #claim = randomBytes(16).toString('hex');
  #socket: LineSocket | undefined;
  #isWelcome = false;
  /** How long the next wait is: until somebody is welcome, it grows. */
  #delayMs = firstDelayMs;
  #awaySinceMs: number | undefined;
  /** Aborted when the meeting is over, or left. */
  readonly #over = new AbortController();

  constructor(options: ConnectionOptions) {
    this.#options = options;
    const { meeting, secret } = options.greeting;
    if (meeting !== undefined && secret !== undefined) this.#seat = { meeting, secret };
  }

  /**
   * Frames in order, until the meeting is over. Rejects with ColloquyError where nothing can be reached, on
   * what is no frame, and when the connection is lost for good.
   */
  async *frames(): AsyncGenerator<ProxyFrame> {
    void this.#stayConnected().then(
      () => this.#inbox.end(),
      (error: unknown) => this.#inbox.end(error),
    );
    yield* this.#inbox.frames();
  }

  /** What has come and was not taken from `frames` yet. */
  peek(): readonly ProxyFrame[] {
    return this.#inbox.waiting;
  }

  /**
   * A message, or a control word in its place. It arrives once, whatever becomes of the connection; `before` are
   * control frames that belong to it.
   */
  say(line: string, meta: TurnMeta = {}, before: readonly string[] = []): void {
    const { heard } = this.#inbox;
    const lines = this.#outbox.add(line, { ...meta, ...(heard === undefined ? {} : { heard }) }, before);
    if (this.#isWelcome) this.together(() => lines.forEach((each) => this.send(each)));
  }

  /** What is of no use later: lost if nobody is there. */
  send(line: string): void {
    this.#socket?.sendLine(line);
  }

  /** What `send` writes leaves in one piece. */
  together(send: () => void): void {
    if (this.#socket) this.#socket.together(send);
    else send();
  }

  close(): void {
    this.#over.abort();
    this.#socket?.close();
  }

  async #stayConnected(): Promise<void> {
    const { signal, onEnd } = this.#options;
    try {
      await this.#converse(await this.#connect(false), false);
      for (let early = 0; !this.#isOver && (this.#seat || early < mostEarlyReturns);) {
        const hasSeat = this.#seat !== undefined;
        if (!hasSeat) early++;
        await this.#converse(await this.#connect(true), hasSeat);
      }
    } catch (error) {
      if (!this.#isOver) throw error;
    } finally {
      onEnd?.();
    }
    signal.throwIfAborted();
    if (!this.#isOver) {
      throw new ColloquyError('the proxy closed the connection in the middle of the meeting', {
        code: 'proxy-lost',
      });
    }
  }

  get #isOver(): boolean {
    return this.#over.signal.aborted;
  }

  /** Greets and reads until the connection ends. Rejects where it makes no sense to come again. */
  #converse(socket: net.Socket, again: boolean): Promise<void> {
    const { proxy } = this.#options;
    let error: unknown;
    let hasHeard = false;
    socket.once('error', (found) => (error = found));
    return new Promise<void>((resolve, reject) => {
      const line = new LineSocket(
        socket,
        { maxFrameBytes },
        {
          onLine: (text) => {
            hasHeard = true;
            if (this.#take(parseProxyFrame(text)) === 'come-again') line.close();
          },
          onViolation: reject,
          onDefect: reject,
          onEnd: ({ partial = '' }) => {
            // Who has a seat was accepted before: this is the proxy going down, or the network.
            const refused = hasHeard || again ? undefined : whyRefused(proxy, error, partial);
            if (refused) reject(refused);
            else resolve();
          },
        },
      );
      this.#socket = line;
      this.#inbox.reconnect();
      line.sendLine(encodeControl('iam', this.#greeting()));
      this.#options.onConnected?.(again);
    }).finally(() => {
      this.#socket?.close();
      this.#socket = undefined;
      this.#isWelcome = false;
    });
  }

  #greeting(): JsonGreeting {
    const { greeting } = this.#options;
    if (!this.#seat) return { ...greeting, claim: this.#claim };
    return {
      ...greeting,
      ...this.#seat,
      ...(this.#inbox.seen === undefined ? {} : { seen: this.#inbox.seen }),
    };
  }

  #take(frame: ProxyFrame): 'come-again' | undefined {
    if (frame.type === 'error' && passing.has(frame.code) && this.#seat) return 'come-again';
    if (!this.#inbox.isNews(frame)) return undefined;
    if (frame.type === 'welcome') this.#sitDown(frame);
    if (frame.type === 'stop' || frame.type === 'error') this.#over.abort();
    this.#options.onFrame?.(frame);
    this.#inbox.add(frame);
    return undefined;
  }

  #sitDown({ meeting, secret, said = 0 }: Extract<ProxyFrame, { type: 'welcome' }>): void {
    if (secret !== undefined) this.#seat = { meeting, secret };
    this.#isWelcome = true;
    this.#delayMs = firstDelayMs;
    this.#awaySinceMs = undefined;
    for (const line of this.#outbox.after(said)) this.send(line);
  }

  /**
   * Connects, and keeps trying while nothing listens there, with a growing delay; to come back, for as long as
   * a seat is worth it. Rejects with ColloquyError `unreachable` where trying again is pointless (an unknown
   * host), and with the signal's reason.
   */
  async #connect(isReturn: boolean): Promise<net.Socket> {
    const { proxy, onWait } = this.#options;
    const signal = AbortSignal.any([this.#options.signal, this.#over.signal]);
    if (isReturn) this.#awaySinceMs ??= performance.now();
    for (;;) {
      const delayMs = this.#delayMs;
      this.#delayMs = Math.min(delayMs * 2, longestDelayMs);
      // Somebody who was sent away is not wanted back within the same moment.
      if (isReturn) await sleep(delayMs, undefined, { signal });
      try {
        this.#refuseLongAbsence();
        const socket = proxy.tls ? await dialTls(proxy, proxy.tls, signal) : await connect(proxy, signal);
        // Somebody is there: whoever is sent away by them need not wait long.
        this.#delayMs = Math.min(this.#delayMs, longestRefusedDelayMs);
        return socket;
      } catch (error) {
        signal.throwIfAborted();
        const isPassing = error instanceof ColloquyError && error.retryable && isReturn;
        if (error instanceof ColloquyError && !isPassing) throw error;
        if (!isPassing && !isWorthAnotherTry(error)) {
          const message = `no proxy can be reached at ${proxy.host}:${proxy.port}: ${messageOf(error)}`;
          throw new ColloquyError(message, { code: 'unreachable', cause: error });
        }
        onWait?.(`no proxy listens on ${proxy.host}:${proxy.port} yet`, delayMs);
      }
      if (!isReturn) await sleep(delayMs, undefined, { signal });
    }
  }

  #refuseLongAbsence(): void {
    if (this.#awaySinceMs === undefined || performance.now() < this.#awaySinceMs + longestAbsenceMs) return;
    const { host, port } = this.#options.proxy;
    throw new ColloquyError(
      `the proxy at ${host}:${port} has not let this agent come back to its seat for ${longestAbsenceMs / 60_000} minutes`,
      { code: 'unreachable' },
    );
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

/** The connection ended without a word. */
function whyRefused(
  { host, port, tls }: ProxyAddress,
  error: unknown,
  partial: string,
): ColloquyError | undefined {
  if (tls) return refusedAfterHandshake(error, { host, port }, tls.files);
  if (!isTlsAlert(partial)) return undefined;
  return new ColloquyError(`the proxy at ${host}:${port} speaks TLS: say --tls, and --ca FILE`, {
    code: 'tls-failed',
  });
}

function isWorthAnotherTry(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  return ['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'EAI_AGAIN'].includes(
    code,
  );
}
