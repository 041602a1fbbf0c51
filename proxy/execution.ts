import { createReadStream } from 'node:fs';
import path from 'node:path';
import type { ExecutionSettings } from '../journal/event.ts';
import {
  figureFolder,
  hasPassed,
  problemsHeading,
  resultsHeading,
  wasRun,
  workspaceFolder,
  type Block,
  type BlockResult,
} from '../journal/block.ts';
import { extractBlocks, type BlockProblem } from '../sidecar/blocks.ts';
import { KeptFiles } from '../sidecar/kept-files.ts';
import { lostBefore, type Runner } from '../sidecar/link.ts';
import type { Policy } from '../sidecar/policy.ts';
import { reportProblems, reportResults, type Executed } from '../sidecar/report.ts';
import { messageOf } from '../wire/errors.ts';
import type { Seat } from '../wire/types.ts';
import type { Memory } from './memory.ts';

/** Somebody who is asked before a block runs: as it is, not at all, or in other words. */
export type Approve = (request: ApprovalRequest, signal: AbortSignal) => Promise<Approval>;
export interface ApprovalRequest {
  readonly meeting: string;
  readonly seat: Seat;
  readonly name: string;
  readonly block: Block;
}
export type Approval =
  | { readonly type: 'yes' }
  | { readonly type: 'no'; readonly why?: string }
  | { readonly type: 'edit'; readonly code: string };

export interface ExecutionOptions {
  readonly settings: ExecutionSettings;
  readonly runner: Runner;
  /** Asked, with `policy` applied before, so that nobody is asked about what would be refused anyway. */
  readonly approval?: {
    readonly approve: Approve;
    readonly policy: Policy;
    /** Only moderators are asked, where there can be any; `approve` is for where there can be none. */
    readonly byModerators?: boolean;
  };
}

/** What a turn holds that concerns execution. */
export interface Work {
  readonly blocks: readonly Block[];
  readonly problems: readonly BlockProblem[];
}

/** What was made of it: what both are told, and what only the author is. */
export interface Report {
  readonly results: string;
  /** What could not be taken for a block. */
  readonly problems: string;
  readonly note: string;
}

export interface ExecutionObserver {
  onBlock(block: Block): void;
  onResult(block: Block, result: BlockResult, tier: string | undefined): void;
}

/** No turn of a person or a model has more; each has its own ten seconds. */
const mostBlocks = 16;

/** More than models read; the journal has all of it. */
const mostOutputCharacters = 128 * 1024;
/** UTF-8, of the characters that JavaScript counts. */
const mostFrameBytesPerCharacter = 3;

/** What a page shows of a figure. */
const mostFigureBytes = 2 * 1024 * 1024;

/** Runs the code of one meeting, and counts its tests. */
export class Execution {
  readonly #options: ExecutionOptions;
  readonly #meeting: string;
  readonly #kept: KeptFiles | undefined;
  readonly #mostOutputCharacters: number;
  #passed = 0;
  /** An earlier process had them, and nobody was told yet that they are gone. */
  #lacksVariables = false;
  /** Aborted when the meeting is over. */
  readonly #over = new AbortController();

  /** `folder` is the meeting's own; without one, files are not kept. */
  constructor(
    options: ExecutionOptions,
    {
      meeting,
      folder,
      maxFrameBytes,
    }: { meeting: string; folder: string | undefined; maxFrameBytes: number },
  ) {
    this.#options = options;
    this.#meeting = meeting;
    this.#mostOutputCharacters = Math.min(
      mostOutputCharacters,
      Math.floor(maxFrameBytes / mostFrameBytesPerCharacter / 2),
    );
    this.#kept = folder === undefined ? undefined : new KeptFiles(path.join(folder, workspaceFolder));
  }

  /** Undefined where there is nothing to run and nothing to say about it. */
  examine(text: string): Work | undefined {
    const { blocks: mode } = this.#options.settings;
    const { blocks, problems } = extractBlocks(text, mode);
    const surplus = blocks.length - mostBlocks;
    const tooMany: BlockProblem[] =
      surplus > 0
        ? [
            {
              line: 1,
              message: `only the first ${mostBlocks} blocks of a message are run; send the other ${surplus} again`,
            },
          ]
        : [];
    const work = { blocks: blocks.slice(0, mostBlocks), problems: [...problems, ...tooMany] };
    return work.blocks.length + work.problems.length === 0 ? undefined : work;
  }

  /** Runs the blocks in order. Never rejects. */
  async run(work: Work, seat: Seat, turn: number, observer: ExecutionObserver): Promise<Report> {
    const executed: Executed[] = [];
    for (const written of work.blocks) {
      if (this.#over.signal.aborted) break;
      const { block, refusal } = await this.#permit(written, seat, turn);
      // A person may have thought about it until the meeting was over.
      if (this.#over.signal.aborted) break;
      observer.onBlock(block);
      const result = refusal ?? (await this.#runOne(block, turn));
      if (hasPassed(block, result)) this.#passed++;
      await this.#keepFigures(block, turn, result);
      observer.onResult(block, result, wasRun(result) ? this.#options.runner.tier : undefined);
      executed.push({ block, result, isEdited: block.code !== written.code });
    }
    return this.report(executed, work.problems);
  }

  /** What both are told of code that was run, or was meant to be. */
  report(executed: readonly Executed[], found: readonly BlockProblem[]): Report {
    const results = reportResults(executed, this.#mostOutputCharacters);
    const problems = reportProblems(found);
    const parts = [
      results && `${resultsHeading}\n\n${results}`,
      problems && `${problemsHeading}\n${problems}`,
    ];
    return { results, problems, note: parts.filter((part) => part !== '').join('\n\n') };
  }

  /** Goes on where a meeting was interrupted. */
  restore({ passedTests, hasRunCode }: Pick<Memory, 'passedTests' | 'hasRunCode'>): void {
    this.#passed = passedTests;
    this.#lacksVariables = hasRunCode;
  }

  /** How many tests had to pass, once that many have. */
  get enoughPassed(): number | undefined {
    const { passes } = this.#options.settings;
    return passes > 0 && this.#passed >= passes ? passes : undefined;
  }

  /** What `seat` is told before the first word, so that it knows what it can do; undefined where it may not. */
  introduce(seat: Seat): string | undefined {
    const { seats, blocks, passes, limits } = this.#options.settings;
    if (seats !== 'both' && seats !== seat) return undefined;
    const how =
      blocks === 'marked'
        ? 'Write the line RUN-CODE right above a fenced ```python block to have it run, and the line TEST-ASSERT right above one that tests it with assert.'
        : 'Every fenced ```python block is run, and every ```python-test block is a test, written with assert.';
    return [
      `Code that you write in this meeting is run, and you and your partner are told what came out. ${how}`,
      'Variables, functions and imports live on from block to block, files in the working folder too; the last expression is shown.',
      `A block has ${limits.seconds} s and no network.`,
      passes > 0 ? `The meeting ends when ${passes} ${passes === 1 ? 'test has' : 'tests have'} passed.` : '',
    ]
      .filter((sentence) => sentence !== '')
      .join(' ');
  }

  /** Stops what runs. */
  close(): void {
    this.#over.abort();
    this.#options.runner.closeSession(this.#meeting);
  }

  async #runOne(block: Block, turn: number): Promise<BlockResult> {
    const result = await this.#options.runner.run(this.#meeting, turn, block, this.#kept);
    if (!this.#lacksVariables || !wasRun(result)) return result;
    this.#lacksVariables = false;
    return { ...result, output: lostBefore + result.output };
  }

  /** A file of the same name that comes later is another figure. */
  async #keepFigures({ kind, number }: Block, turn: number, { files }: BlockResult): Promise<void> {
    const kept = this.#kept;
    if (!kept) return;
    const figures = new KeptFiles(path.join(kept.folder, '..', figureFolder({ turn, kind, number })));
    for (const { path: name, bytes } of files) {
      if (!/\.png$/i.test(name) || bytes > mostFigureBytes) continue;
      // Then the page names it; its file is kept all the same.
      await figures.write(name, createReadStream(kept.locate(name))).catch(() => undefined);
    }
  }

  async #permit(block: Block, seat: Seat, turn: number): Promise<{ block: Block; refusal?: BlockResult }> {
    const { settings, approval } = this.#options;
    if (settings.seats !== 'both' && settings.seats !== seat) {
      return { block, refusal: refuse(`only seat ${settings.seats} may have code run in this meeting`) };
    }
    if (!approval) return { block };
    const refusal = approval.policy.check(block);
    if (refusal) return { block, refusal: refuse(refusal.message) };
    try {
      const name = `${block.kind} block ${block.number} of turn ${turn}`;
      const answer = await approval.approve({ meeting: this.#meeting, seat, name, block }, this.#over.signal);
      if (answer.type === 'no')
        return { block, refusal: refuse(answer.why ?? 'the person who watches said no') };
      return answer.type === 'edit' ? { block: { ...block, code: answer.code } } : { block };
    } catch (error) {
      return { block, refusal: refuse(messageOf(error)) };
    }
  }
}

function refuse(detail: string): BlockResult {
  return { outcome: 'refused', output: '', outputBytes: 0, detail, files: [], ms: 0 };
}
