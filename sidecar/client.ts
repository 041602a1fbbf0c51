import net from 'node:net';
import type { Block, BlockResult, Language } from '../journal/block.ts';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import { FrameSplitter } from '../wire/frame.ts';
import { readPieces } from './file-pieces.ts';
import type { KeptFiles } from './kept-files.ts';
import {
  decodeMessage,
  encodeMessage,
  mostMessageBytes,
  sidecarMessage,
  type ClientMessage,
  type SidecarMessage,
  type Welcome,
} from './messages.ts';
import type { TierName } from './tiers/tier.ts';

export interface SidecarAddress {
  readonly host: string;
  readonly port: number;
  /** Empty: none. */
  readonly token: string;
}

interface Job {
  readonly kept: KeptFiles | undefined;
  /** Pieces of the file that is coming. */
  pieces: Buffer[];
  /** The files that have come are being written. */
  written: Promise<void>;
  unkept: string[];
  readonly resolve: (result: BlockResult) => void;
  readonly reject: (error: Error) => void;
}

/** A connection to a sidecar. Once it is lost it stays so; whoever needs it connects anew. */
export class SidecarClient {
  readonly #socket: net.Socket;
  readonly #splitter = new FrameSplitter(mostMessageBytes);
  readonly #jobs = new Map<number, Job>();
  #counter = 0;
  #welcome: Welcome | undefined;
  #loss: string | undefined;
  #heardAtMs = performance.now();
  readonly #greeted: Promise<void>;
  #markGreeted: () => void = () => {};
  #failGreeting: (error: Error) => void = () => {};

  /** Rejects with ColloquyError `sidecar-unreachable`. */
  static async connect({ host, port, token }: SidecarAddress): Promise<SidecarClient> {
    const client = new SidecarClient(net.connect({ host, port }), token);
    try {
      await client.#greeted;
      return client;
    } catch (error) {
      throw new ColloquyError(`the sidecar at ${host}:${port} ${messageOf(error)}`, {
        code: 'sidecar-unreachable',
        retryable: true,
        cause: error,
      });
    }
  }

  private constructor(socket: net.Socket, token: string) {
    this.#socket = socket;
    this.#greeted = new Promise((resolve, reject) => {
      this.#markGreeted = resolve;
      this.#failGreeting = reject;
    });
    socket.setNoDelay(true);
    socket.setTimeout(connectMs, () => this.#lose('does not answer'));
    socket.on('data', (chunk: Buffer) => {
      this.#heardAtMs = performance.now();
      try {
        for (const line of this.#splitter.push(chunk)) this.#receive(decodeMessage(sidecarMessage, line));
      } catch (error) {
        this.#lose(`sent what cannot be understood: ${messageOf(error).slice(0, 200)}`);
      }
    });
    socket.on('error', (error: NodeJS.ErrnoException) =>
      this.#lose(
        error.code === 'ECONNREFUSED'
          ? 'is not there: nothing listens on that port; colloquy sidecar --listen HOST:PORT starts one'
          : `was lost: ${error.message}`,
      ),
    );
    socket.on('close', () => this.#lose('closed the connection'));
    this.#send({ type: 'hello', version: 1, ...(token === '' ? {} : { token }) });
  }

  get isConnected(): boolean {
    return this.#loss === undefined;
  }

  get tier(): TierName {
    return this.#welcomed.tier;
  }

  get languages(): readonly Language[] {
    return this.#welcomed.languages;
  }

  /** Wall time of a block. */
  get seconds(): number {
    return this.#welcomed.seconds;
  }

  /**
   * Runs a block in the session of that name; the files that it makes are written to `kept`, or dropped.
   * Rejects with ColloquyError `sidecar-lost`.
   */
  run(session: string, turn: number, block: Block, kept?: KeptFiles): Promise<BlockResult> {
    return new Promise((resolve, reject) => {
      if (this.#loss !== undefined) return reject(lost(this.#loss));
      if (block.code.length > mostCodeCharacters) {
        const detail = `a block may have ${mostCodeCharacters} characters at most`;
        return resolve({ outcome: 'refused', output: '', outputBytes: 0, detail, files: [], ms: 0 });
      }
      const id = ++this.#counter;
      this.#jobs.set(id, { kept, pieces: [], written: Promise.resolve(), unkept: [], resolve, reject });
      this.#send({ type: 'run', id, session, turn, block });
    });
  }

  /** Gives a session the files of an earlier one, before its first block. */
  async putFiles(session: string, kept: KeptFiles): Promise<void> {
    for (const { path } of kept.list()) {
      for await (const { base64, last } of readPieces(kept.locate(path))) {
        this.#send({ type: 'put', session, path, base64, last });
        if (this.#socket.writableNeedDrain) await this.#drained();
      }
    }
  }

  closeSession(session: string): void {
    this.#send({ type: 'close', session });
  }

  close(): void {
    this.#lose('was let go');
  }

  get #welcomed(): Welcome {
    if (!this.#welcome) throw new Error('not connected yet');
    return this.#welcome;
  }

  #receive(message: SidecarMessage): void {
    switch (message.type) {
      case 'welcome':
        this.#welcome = message;
        this.#socket.setTimeout(0);
        this.#watchOver();
        return this.#markGreeted();
      case 'pong':
        return;
      case 'error':
        return this.#lose(`refused: ${message.message}`);
      case 'file':
        return this.#keep(message);
      case 'result':
        void this.#finish(message.id, message.result);
    }
  }

  #keep({ id, path, base64, last }: Extract<SidecarMessage, { type: 'file' }>): void {
    const job = this.#jobs.get(id);
    if (!job?.kept) return;
    job.pieces.push(Buffer.from(base64, 'base64'));
    if (!last) return;
    const { kept, pieces } = job;
    job.pieces = [];
    job.written = job.written
      .then(() => kept.write(path, pieces))
      .catch((error: unknown) => void job.unkept.push(`${path}: ${messageOf(error)}`));
  }

  async #finish(id: number, result: BlockResult): Promise<void> {
    const job = this.#jobs.get(id);
    if (!job) return;
    this.#jobs.delete(id);
    await job.written;
    const remark = job.unkept.map((problem) => `\n[could not be kept: ${problem}]`).join('');
    job.resolve({ ...result, output: result.output + remark });
  }

  /** A block may take its time, but a sidecar that is there answers at once. */
  #watchOver(): void {
    const timer = setInterval(() => {
      const silentMs = performance.now() - this.#heardAtMs;
      if (silentMs > mostSilentMs)
        return this.#lose(`has not answered for ${Math.round(silentMs / 1_000)} s`);
      this.#send({ type: 'ping' });
    }, pingMs);
    timer.unref();
    this.#socket.once('close', () => clearInterval(timer));
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.once('drain', resolve);
      this.#socket.once('close', () => resolve());
    });
  }

  #lose(reason: string): void {
    if (this.#loss !== undefined) return;
    this.#loss = reason;
    this.#socket.destroy();
    this.#failGreeting(new Error(reason));
    for (const job of this.#jobs.values()) job.reject(lost(reason));
    this.#jobs.clear();
  }

  #send(message: ClientMessage): void {
    if (this.#loss === undefined) this.#socket.write(encodeMessage(message));
  }
}

const connectMs = 10_000;
/** In JSON a character takes six bytes at most. */
const mostCodeCharacters = Math.floor(mostMessageBytes / 6) - 1_000;
const pingMs = 5_000;
const mostSilentMs = 20_000;

function lost(reason: string): ColloquyError {
  return new ColloquyError(`the sidecar ${reason}`, { code: 'sidecar-lost', retryable: true });
}
