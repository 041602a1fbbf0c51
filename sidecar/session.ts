import { createReadStream, readFileSync } from 'node:fs';
import type { Block, BlockResult, WorkspaceFile } from '../journal/block.ts';
import { lostBefore } from './link.ts';
import { messageOf } from '../wire/errors.ts';
import type { Interpreter, RunOutcome } from './interpreter.ts';
import type { InterpreterPool } from './interpreter-pool.ts';
import { isFitName, type KeptFiles } from './kept-files.ts';
import type { Policy } from './policy.ts';

/** What goes back into a new interpreter's workspace, each; larger files stay with the transcript. */
const mostRestoredBytes = 32 * 1024 * 1024;

export interface SessionOptions {
  readonly pool: InterpreterPool;
  readonly policy: Policy;
  /** Where the files of the workspace are kept, whatever becomes of the interpreter. */
  readonly kept: KeptFiles;
}

/** What the blocks of one meeting share: an interpreter, as long as it lives, and a workspace. */
export class Session {
  readonly #options: SessionOptions;
  #interpreter: Interpreter | undefined;
  /** Whether the author knows that the last interpreter is gone. */
  #wasToldLost = false;
  /** Kept, but not to come back. */
  readonly #deleted = new Set<string>();
  #closed = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get kept(): KeptFiles {
    return this.#options.kept;
  }

  /**
   * Runs a block after those before it. Never rejects; what went wrong is the outcome. `turn`: its turn's number.
   * `signal` ends the interpreter it runs in, and keeps one that has not begun from being run.
   */
  run(block: Block, turn: number, signal?: AbortSignal): Promise<BlockResult> {
    const result = this.#last.then(() => this.#run(block, turn, signal));
    this.#last = result;
    return result;
  }

  /** Takes a file into the workspace of the next interpreter, before the next block. */
  keep(path: string, pieces: readonly Buffer[], onError: (error: unknown) => void): void {
    this.#last = this.#last.then(() => this.#options.kept.write(path, pieces)).catch(onError);
  }

  /** Ends the interpreter and all that it started. The files stay. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#interpreter?.close();
  }

  async #run(block: Block, turn: number, signal?: AbortSignal): Promise<BlockResult> {
    const { pool, policy } = this.#options;
    const refusal = policy.check(block);
    if (refusal) return withoutOutput('refused', refusal.message);
    if (!pool.tier.languages.includes(block.language)) {
      const known = pool.tier.languages.join(', ');
      return withoutOutput(
        'refused',
        `this sandbox (${pool.tier.name}) runs ${known}, and no ${block.language}`,
      );
    }
    const cancelled = withoutOutput('unavailable', 'it was cancelled before it began');
    return pool.share(async () => {
      if (signal?.aborted) return cancelled;
      let awake: { interpreter: Interpreter; remark: string };
      try {
        awake = await this.#wake();
      } catch (error) {
        return withoutOutput('unavailable', messageOf(error));
      }
      const name = `${block.kind} block ${block.number} of turn ${turn}`;
      const { interpreter, remark } = awake;
      if (signal?.aborted) {
        // The next one is told the same.
        if (remark !== '') await interpreter.close();
        return cancelled;
      }
      const end = (): void => void interpreter.close();
      signal?.addEventListener('abort', end, { once: true });
      try {
        const outcome = await interpreter.run({ ...block, name });
        // Who cancels does not read what came of it.
        this.#wasToldLost = outcome.outcome === 'lost' && !signal?.aborted;
        const told = { ...outcome, output: remark + outcome.output };
        return await this.#keepFiles(interpreter, told, `turn-${turn}-${block.kind}-${block.number}.txt`);
      } finally {
        signal?.removeEventListener('abort', end);
      }
    });
  }

  /**
   * The interpreter of the session, or a new one with the files of the old; and what the author has to
   * know of that, ahead of the output.
   */
  async #wake(): Promise<{ interpreter: Interpreter; remark: string }> {
    if (this.#closed) throw new Error('the session is closed');
    if (this.#interpreter?.isAlive) return { interpreter: this.#interpreter, remark: '' };
    const isNews = this.#interpreter !== undefined && !this.#wasToldLost;
    await this.#interpreter?.close();
    const interpreter = await this.#options.pool.take();
    this.#interpreter = interpreter;
    this.#wasToldLost = false;
    // It may have been closed meanwhile, and then nobody else will end this one.
    if (this.#closed as boolean) await interpreter.close();
    const left = await this.#restore(interpreter);
    const unrestored = `[${countFiles(left)} of the old workspace did not fit into the new one]\n`;
    return { interpreter, remark: (isNews ? lostBefore : '') + (left === 0 ? '' : unrestored) };
  }

  /** Resolves with how many files could not be put back. */
  async #restore(interpreter: Interpreter): Promise<number> {
    const { kept, pool } = this.#options;
    // A full workspace would be of no use.
    let roomBytes = (pool.limits.diskMiB * 1024 * 1024) / 2;
    let left = 0;
    for (const { path, bytes } of kept.list()) {
      if (isOutput(path) || this.#deleted.has(path)) continue;
      try {
        if (bytes > mostRestoredBytes || bytes > roomBytes || !isFitName(path))
          throw new Error('does not fit');
        await interpreter.put(path, readFileSync(kept.locate(path)));
        roomBytes -= bytes;
      } catch {
        left++;
      }
    }
    return left;
  }

  /** Brings what the block made out of the sandbox. */
  async #keepFiles(interpreter: Interpreter, outcome: RunOutcome, outputName: string): Promise<BlockResult> {
    const { kept } = this.#options;
    const { spool, deleted, ...result } = outcome;
    for (const path of deleted) this.#deleted.add(path);
    const files: WorkspaceFile[] = [];
    let unkept = 0;
    const keep = async (file: WorkspaceFile, pieces: Parameters<KeptFiles['write']>[1]): Promise<void> => {
      try {
        if (file.bytes > this.#roomBytes(file.path)) throw new Error('does not fit');
        await kept.write(file.path, pieces);
        this.#deleted.delete(file.path);
        files.push(file);
      } catch {
        unkept++;
      }
    };
    const deadline = setTimeout(() => void interpreter.close(), longestKeepingMs);
    for (const file of outcome.files) {
      if (isFitName(file.path)) await keep(file, interpreter.get(file.path, file.bytes));
      else unkept++;
    }
    clearTimeout(deadline);
    if (spool) {
      await keep({ path: `${outputFolder}/${outputName}`, bytes: spool.bytes }, createReadStream(spool.file));
      spool.remove();
    }
    const remark = unkept === 0 ? '' : `\n[${countFiles(unkept)} could not be kept]`;
    return { ...result, output: result.output + remark, files };
  }

  /** What is left of the disk for a file of that name: twice what the session itself may use. */
  #roomBytes(path: string): number {
    const { kept, pool } = this.#options;
    const others = kept.list().filter((file) => file.path !== path);
    return 2 * pool.limits.diskMiB * 1024 * 1024 - others.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}

/** For all files of a block; a full workspace took 4 s. Code that shares the driver's process could take for ever. */
const longestKeepingMs = 30_000;

/** Long outputs, whole. */
const outputFolder = 'output';

function isOutput(path: string): boolean {
  return path.startsWith(`${outputFolder}/turn-`);
}

function withoutOutput(outcome: BlockResult['outcome'], detail: string): BlockResult {
  return { outcome, output: '', outputBytes: 0, detail, files: [], ms: 0 };
}

function countFiles(count: number): string {
  return `${count} ${count === 1 ? 'file' : 'files'}`;
}
