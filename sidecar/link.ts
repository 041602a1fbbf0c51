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
  /** For good: a meeting's name is not used twice. */
  closeSession(session: string): void;
}

/** Where a session lives. */
interface Home {
  readonly client: SidecarClient;
  /** Resolves when the files of an earlier home are there. */
  readonly moved: Promise<void>;
  /** Whoever had a block running when it went knows that the session is lost. */
  wasToldLost: boolean;
}

/** What the author of a block is told whose variables are not there any more. */
export const lostBefore =
  '[the session was lost since the last block: its variables are gone, its files are here]\n';

/** The way to a sidecar that may die and be started again: the next block then finds a new session. */
export class SidecarLink implements Runner {
  readonly #connect: () => Promise<SidecarClient>;
  #client: Promise<SidecarClient> | undefined;
  #connected: SidecarClient | undefined;
  #tier: string | undefined;
  #closed = false;
  readonly #homes = new Map<string, Home>();
  readonly #ended = new Set<string>();

  constructor(connect: () => Promise<SidecarClient>) {
    this.#connect = connect;
  }

  get tier(): string | undefined {
    return this.#tier;
  }

  /** One for all who ask. Rejects with ColloquyError when there is no sidecar to be had. */
  async connect(): Promise<SidecarClient> {
    if (this.#closed) throw new Error('execution has ended');
    if (this.#connected && !this.#connected.isConnected) {
      this.#connected = undefined;
      this.#client = undefined;
    }
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
      const wasLost = await this.#settle(client, session, kept);
      const result = await client.run(session, turn, block, kept);
      return wasLost ? { ...result, output: lostBefore + result.output } : result;
    } catch (error) {
      const home = this.#homes.get(session);
      if (home?.client === client) home.wasToldLost = true;
      return withoutOutput('lost', `session lost, variables gone: ${messageOf(error)}`);
    } finally {
      // The meeting ended while this was under way: nobody else would close what it has opened.
      if (this.#ended.has(session)) client.closeSession(session);
    }
  }

  closeSession(session: string): void {
    this.#ended.add(session);
    this.#homes.delete(session);
    this.#connected?.closeSession(session);
  }

  close(): void {
    this.#closed = true;
    this.#connected?.close();
  }

  /**
   * Gives a session its place in that sidecar, with the files that it had in another. Resolves with
   * whether it was lost with that one, and nobody knows yet.
   */
  async #settle(client: SidecarClient, session: string, kept: KeptFiles | undefined): Promise<boolean> {
    const home = this.#homes.get(session);
    if (home?.client === client) {
      await home.moved;
      return false;
    }
    const moved = kept ? client.putFiles(session, kept) : Promise.resolve();
    this.#homes.set(session, { client, moved, wasToldLost: false });
    await moved;
    return home !== undefined && !home.wasToldLost;
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
