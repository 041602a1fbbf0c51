import { rmSync } from 'node:fs';
import type { ExecutionConfig } from '../config/schema.ts';
import type { Block, BlockResult } from '../journal/block.ts';
import { chooseTier, toLimits } from '../sidecar/choose-tier.ts';
import { InterpreterPool } from '../sidecar/interpreter-pool.ts';
import { KeptFiles } from '../sidecar/kept-files.ts';
import type { Runner } from '../sidecar/link.ts';
import { createPolicy, type Policy } from '../sidecar/policy.ts';
import { Session } from '../sidecar/session.ts';
import { makeTemporaryFolder } from '../sidecar/temporary-folder.ts';
import { messageOf } from '../wire/errors.ts';

interface OpenSession {
  readonly session: Session;
  /** Where nobody keeps its files. */
  readonly temporary: string | undefined;
}

/** Runs blocks in sandboxes that this process starts: no sidecar is needed. */
export class BlockRunner implements Runner {
  readonly #config: ExecutionConfig;
  readonly #policy: Policy;
  readonly #sessions = new Map<string, OpenSession>();
  readonly #closing = new Set<Promise<void>>();
  #pool: Promise<InterpreterPool> | undefined;
  #tier: string | undefined;

  constructor(config: ExecutionConfig) {
    this.#config = config;
    this.#policy = createPolicy(config);
  }

  get tier(): string | undefined {
    return this.#tier;
  }

  /** Rejects with ColloquyError `no-tier` where no code can be run safely; asked again, it looks again. */
  async open(): Promise<InterpreterPool> {
    this.#pool ??= this.#openPool();
    try {
      return await this.#pool;
    } catch (error) {
      this.#pool = undefined;
      throw error;
    }
  }

  /** As `Runner` has it; and `signal` stops the block, see `Session`. */
  async run(
    name: string,
    turn: number,
    block: Block,
    kept?: KeptFiles,
    signal?: AbortSignal,
  ): Promise<BlockResult> {
    try {
      const pool = await this.open();
      return await this.#sessionOf(name, pool, kept).run(block, turn, signal);
    } catch (error) {
      const detail = messageOf(error);
      return { outcome: 'unavailable', output: '', outputBytes: 0, detail, files: [], ms: 0 };
    }
  }

  closeSession(name: string): void {
    const open = this.#sessions.get(name);
    if (!open) return;
    this.#sessions.delete(name);
    const closing = open.session.close().finally(() => {
      this.#closing.delete(closing);
      if (open.temporary !== undefined) rmSync(open.temporary, { recursive: true, force: true });
    });
    this.#closing.add(closing);
  }

  /** Ends all that runs. */
  async close(): Promise<void> {
    for (const name of [...this.#sessions.keys()]) this.closeSession(name);
    await Promise.all(this.#closing);
    await (await this.#pool?.catch(() => undefined))?.close();
  }

  async #openPool(): Promise<InterpreterPool> {
    const limits = toLimits(this.#config);
    const tier = await chooseTier(this.#config, limits);
    this.#tier = tier.name;
    return new InterpreterPool({ ...tier, keepsSpare: false }, limits);
  }

  #sessionOf(name: string, pool: InterpreterPool, kept: KeptFiles | undefined): Session {
    const known = this.#sessions.get(name);
    if (known) return known.session;
    const temporary = kept ? undefined : makeTemporaryFolder('run');
    const files = kept ?? new KeptFiles(temporary as string);
    const session = new Session({ pool, policy: this.#policy, kept: files });
    this.#sessions.set(name, { session, temporary });
    return session;
  }
}
