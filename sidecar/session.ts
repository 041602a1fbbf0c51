import { createReadStream, readFileSync } from 'node:fs';
import type { Block, BlockResult, WorkspaceFile } from '../journal/block.ts';
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
  #closed = false;
  #last: Promise<unknown> = Promise.resolve();

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  get kept(): KeptFiles {
    return this.#options.kept;
  }

  /** Runs a block after those before it. Never rejects; what went wrong is the outcome. `turn`: its turn's number. */
  run(block: Block, turn: number): Promise<BlockResult> {
    const result = this.#last.then(() => this.#run(block, turn));
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

  async #run(block: Block, turn: number): Promise<BlockResult> {
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
    return pool.share(async () => {
      let interpreter: Interpreter;
      try {
        interpreter = await this.#wake();
      } catch (error) {
        return withoutOutput('unavailable', messageOf(error));
      }
      const name = `${block.kind} block ${block.number} of turn ${turn}`;
      const outcome = await interpreter.run({ ...block, name });
      return this.#keepFiles(interpreter, outcome, `turn-${turn}-${block.kind}-${block.number}.txt`);
    });
  }

  /** The interpreter of the session, or a new one with the files of the old. */
  async #wake(): Promise<Interpreter> {
    if (this.#closed) throw new Error('the session is closed');
    if (this.#interpreter?.isAlive) return this.#interpreter;
    const interpreter = await this.#options.pool.take();
    this.#interpreter = interpreter;
    // It may have been closed meanwhile, and then nobody else will end this one.
    if (this.#closed as boolean) await interpreter.close();
    const { kept } = this.#options;
    for (const { path, bytes } of kept.list()) {
      if (bytes > mostRestoredBytes || isOutput(path)) continue;
      await interpreter.put(path, readFileSync(kept.locate(path)));
    }
    return interpreter;
  }

  /** Brings what the block made out of the sandbox. */
  async #keepFiles(interpreter: Interpreter, outcome: RunOutcome, outputName: string): Promise<BlockResult> {
    const { kept, pool } = this.#options;
    const { spool, ...result } = outcome;
    const files: WorkspaceFile[] = [];
    let unkept = 0;
    let roomBytes = pool.limits.diskMiB * 1024 * 1024;
    for (const file of outcome.files) {
      try {
        if (!isFitName(file.path) || file.bytes > roomBytes) throw new Error('unfit');
        await kept.write(file.path, interpreter.get(file.path, roomBytes));
        roomBytes -= file.bytes;
        files.push(file);
      } catch {
        unkept++;
      }
    }
    if (spool) {
      const path = `${outputFolder}/${outputName}`;
      try {
        await kept.write(path, createReadStream(spool.file));
        files.push({ path, bytes: spool.bytes });
      } catch {
        unkept++;
      } finally {
        spool.remove();
      }
    }
    const remark = unkept === 0 ? '' : `\n[${unkept} ${unkept === 1 ? 'file' : 'files'} could not be kept]`;
    return { ...result, output: result.output + remark, files };
  }
}

/** Long outputs, whole. */
const outputFolder = 'output';

function isOutput(path: string): boolean {
  return path.startsWith(`${outputFolder}/turn-`);
}

function withoutOutput(outcome: BlockResult['outcome'], detail: string): BlockResult {
  return { outcome, output: '', outputBytes: 0, detail, files: [], ms: 0 };
}
