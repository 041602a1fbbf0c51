import { mkdtempSync, rmSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import { FrameSplitter } from '../wire/frame.ts';
import { isSameSecret } from '../wire/secret.ts';
import { readPieces } from './file-pieces.ts';
import type { InterpreterPool } from './interpreter-pool.ts';
import { KeptFiles } from './kept-files.ts';
import {
  clientMessage,
  decodeMessage,
  encodeMessage,
  mostMessageBytes,
  type ClientMessage,
  type SidecarMessage,
} from './messages.ts';
import type { Policy } from './policy.ts';
import { Session } from './session.ts';
import { makeTemporaryFolder, sweepTemporaryFolders } from './temporary-folder.ts';

export interface SidecarOptions {
  readonly pool: InterpreterPool;
  readonly policy: Policy;
  /** What a client must know; empty: nothing. */
  readonly token: string;
  readonly log: { info(data: object, message: string): void; warn(data: object, message: string): void };
}

/** Runs the blocks of its clients, each meeting's in a session of its own. */
export class SidecarServer {
  readonly #options: SidecarOptions;
  readonly #server: net.Server;
  readonly #clients = new Set<Client>();
  /** Files of the sessions, until the client has them. */
  readonly #folder = makeTemporaryFolder('sidecar');

  constructor(options: SidecarOptions) {
    this.#options = options;
    sweepTemporaryFolders();
    this.#server = net.createServer((socket) => {
      try {
        const client = new Client(socket, options, mkdtempSync(path.join(this.#folder, 'client-')));
        this.#clients.add(client);
        socket.once('close', () => this.#clients.delete(client));
      } catch (error) {
        options.log.warn({ error }, `nobody can be served: ${messageOf(error)}`);
        socket.destroy();
      }
    });
  }

  /** Resolves with the port. Rejects with ColloquyError `port-taken` or `cannot-listen`. */
  listen(host: string, port: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error: NodeJS.ErrnoException) => {
        const taken = error.code === 'EADDRINUSE';
        const why = taken ? 'is taken' : `cannot be used (${error.code})`;
        const message = `port ${port} on ${host} ${why}; choose another with --listen HOST:PORT`;
        reject(new ColloquyError(message, { code: taken ? 'port-taken' : 'cannot-listen', cause: error }));
      });
      this.#server.listen({ host, port }, () => {
        this.#options.pool.warm();
        resolve((this.#server.address() as net.AddressInfo).port);
      });
    });
  }

  /** Ends every session. */
  async close(): Promise<void> {
    this.#server.close();
    await Promise.all([...this.#clients].map((client) => client.close()));
    await this.#options.pool.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** How long a client may take to say hello. */
const helloMs = 10_000;

class Client {
  readonly #socket: net.Socket;
  readonly #options: SidecarOptions;
  readonly #folder: string;
  readonly #sessions = new Map<string, Session>();
  readonly #splitter = new FrameSplitter(mostMessageBytes);
  #isWelcome = false;
  /** Pieces of files, by session and path: those of several meetings come in turns. */
  readonly #coming = new Map<string, Buffer[]>();
  #counter = 0;

  constructor(socket: net.Socket, options: SidecarOptions, folder: string) {
    this.#socket = socket;
    this.#options = options;
    this.#folder = folder;
    socket.setNoDelay(true);
    // A proxy whose machine is gone never says so.
    socket.setKeepAlive(true, 30_000);
    const timer = setTimeout(() => this.#refuse('nobody said hello'), helloMs);
    socket.on('data', (chunk: Buffer) => {
      try {
        for (const line of this.#splitter.push(chunk)) {
          this.#receive(decodeMessage(clientMessage, line));
          if (this.#isWelcome) clearTimeout(timer);
        }
      } catch (error) {
        this.#refuse(`not understood: ${messageOf(error).slice(0, 200)}`);
      }
    });
    socket.on('error', () => {});
    socket.once('close', () => {
      clearTimeout(timer);
      void this.close();
    });
  }

  async close(): Promise<void> {
    this.#socket.destroy();
    await Promise.all([...this.#sessions.values()].map((session) => session.close()));
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #receive(message: ClientMessage): void {
    if (this.#socket.destroyed) return;
    if (message.type === 'hello') return this.#greet(message.token ?? '');
    if (!this.#isWelcome) return this.#refuse('say hello first');
    if (message.type === 'close') {
      void this.#sessions.get(message.session)?.close();
      this.#sessions.delete(message.session);
      return;
    }
    if (message.type === 'ping') return this.#send({ type: 'pong' });
    if (message.type === 'put') return this.#put(message);
    void this.#run(message);
  }

  /** Files come before the first block of a session, and a block waits for those that come. */
  #put({ session: name, path, base64, last }: Extract<ClientMessage, { type: 'put' }>): void {
    const key = JSON.stringify([name, path]);
    const pieces = this.#coming.get(key) ?? [];
    pieces.push(Buffer.from(base64, 'base64'));
    this.#coming.set(key, pieces);
    if (!last) return;
    this.#coming.delete(key);
    const { log } = this.#options;
    this.#session(name).keep(path, pieces, (error) => log.warn({ error }, `${path}: ${messageOf(error)}`));
  }

  #greet(token: string): void {
    const { pool, token: expected } = this.#options;
    if (!isSameSecret(token, expected))
      return this.#refuse(
        'it asks for a token, and that is not it; give execution.sidecar_token, or COLLOQUY_SIDECAR_TOKEN, the one that it was started with',
      );
    this.#isWelcome = true;
    const { name: tier, languages } = pool.tier;
    this.#send({ type: 'welcome', tier, languages: [...languages], seconds: pool.limits.seconds });
  }

  async #run({ id, session: name, turn, block }: Extract<ClientMessage, { type: 'run' }>): Promise<void> {
    const { log } = this.#options;
    try {
      const session = this.#session(name);
      const result = await session.run(block, turn);
      for (const file of result.files) await this.#sendFile(id, session.kept, file.path);
      this.#send({ type: 'result', id, result: { ...result, files: [...result.files] } });
      log.info(
        { session: name, turn, outcome: result.outcome, ms: result.ms },
        `${name}: ${block.kind} block ${block.number} of turn ${turn}: ${result.outcome}`,
      );
    } catch (error) {
      log.warn({ error }, messageOf(error));
      const result = {
        outcome: 'unavailable',
        output: '',
        outputBytes: 0,
        detail: messageOf(error),
        files: [],
        ms: 0,
      } as const;
      this.#send({ type: 'result', id, result: { ...result, files: [] } });
    }
  }

  #session(name: string): Session {
    const { pool, policy } = this.#options;
    const known = this.#sessions.get(name);
    if (known) return known;
    const kept = new KeptFiles(path.join(this.#folder, String(++this.#counter)));
    const session = new Session({ pool, policy, kept });
    this.#sessions.set(name, session);
    return session;
  }

  async #sendFile(id: number, kept: KeptFiles, name: string): Promise<void> {
    for await (const { base64, last } of readPieces(kept.locate(name))) {
      this.#send({ type: 'file', id, path: name, base64, last });
      if (this.#socket.writableNeedDrain) await this.#drained();
    }
  }

  #drained(): Promise<void> {
    return new Promise((resolve) => {
      this.#socket.once('drain', resolve);
      this.#socket.once('close', () => resolve());
    });
  }

  #send(message: SidecarMessage): void {
    if (this.#socket.writable) this.#socket.write(encodeMessage(message));
  }

  #refuse(message: string): void {
    this.#send({ type: 'error', message });
    this.#socket.destroySoon();
  }
}
