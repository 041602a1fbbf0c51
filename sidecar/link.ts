import type { Block, BlockResult } from '../journal/block.ts';
import { messageOf } from '../wire/errors.ts';
import type { SidecarClient } from './client.ts';
import type { KeptFiles } from './kept-files.ts';

/** Runs blocks, as whoever has blocks sees it. */
export interface Runner {
  /** The tier that the code runs on, as soon as it is known. */
  readonly tier: string | undefined;
  /** Never rejects: what went wrong is the outcome. Files are written to `kept`, or dropped. */
  run(session: string, turn: number, block: Block, kept?: KeptFiles): Promise<BlockResult>;
  closeSession(session: string): void;
}

/** The way to a sidecar that may die and be started again: the next block then finds a new session. */
export class SidecarLink implements Runner {
  readonly #connect: () => Promise<SidecarClient>;
  #client: Promise<SidecarClient> | undefined;
  #connected: SidecarClient | undefined;
  #tier: string | undefined;
  #closed = false;
  #introduced: { client?: SidecarClient; sessions: Set<string> } = { sessions: new Set() };

  constructor(connect: () => Promise<SidecarClient>) {
    this.#connect = connect;
  }

  get tier(): string | undefined {
    return this.#tier;
  }

  /** Rejects with ColloquyError when there is no sidecar to be had. */
  async connect(): Promise<SidecarClient> {
    if (this.#closed) throw new Error('execution has ended');
    if (this.#connected && !this.#connected.isConnected) this.#client = undefined;
    this.#client ??= this.#open();
    return this.#client;
  }

  async run(session: string, turn: number, block: Block, kept?: KeptFiles): Promise<BlockResult> {
    const startedAtMs = performance.now();
    const withoutOutput = (outcome: BlockResult['outcome'], detail: string): BlockResult => {
      const ms = Math.round(performance.now() - startedAtMs);
      return { outcome, output: '', outputBytes: 0, detail, files: [], ms };
    };
    let client: SidecarClient;
    try {
      client = await this.connect();
    } catch (error) {
      return withoutOutput('unavailable', messageOf(error));
    }
    try {
      await this.#introduce(client, session, kept);
      return await client.run(session, turn, block, kept);
    } catch (error) {
      return withoutOutput('lost', `session lost, variables gone: ${messageOf(error)}`);
    }
  }

  closeSession(session: string): void {
    this.#introduced.sessions.delete(session);
    this.#connected?.closeSession(session);
  }

  close(): void {
    this.#closed = true;
    this.#connected?.close();
  }

  /** A sidecar that has not seen the session yet may be a new one: it gets the files of the old. */
  async #introduce(client: SidecarClient, session: string, kept: KeptFiles | undefined): Promise<void> {
    if (this.#introduced.client !== client) this.#introduced = { client, sessions: new Set() };
    const { sessions } = this.#introduced;
    if (sessions.has(session)) return;
    sessions.add(session);
    if (kept) await client.putFiles(session, kept);
  }

  async #open(): Promise<SidecarClient> {
    try {
      const client = await this.#connect();
      this.#connected = client;
      this.#tier = client.tier;
      if (this.#closed) client.close();
      return client;
    } catch (error) {
      this.#client = undefined;
      throw error;
    }
  }
}
