/** What can be run. Not every tier has every one of them. */
export const languages = ['python', 'bash', 'javascript'] as const;
export type Language = (typeof languages)[number];

/** `code` is run for what it does; a `test` is asked whether it holds. */
export const blockKinds = ['code', 'test'] as const;
export type BlockKind = (typeof blockKinds)[number];

/** A piece of code in a turn. */
export interface Block {
  readonly kind: BlockKind;
  /** From 1 among the blocks of its kind in its turn. */
  readonly number: number;
  readonly language: Language;
  readonly code: string;
}

/**
 * How a block went.
 * - `ok`: it ran to its end; a test that did so has passed.
 * - `failed`: it raised an exception, left early (`sys.exit(0)` too), or was an empty test.
 * - `timeout`: it took too long and was stopped; the session's variables are kept.
 * - `lost`: its interpreter died or had to be killed; the variables are gone, and the next block gets a new one.
 * - `refused`: it was not run: a rule of the policy, the person who approves, or the seat's permission.
 * - `unavailable`: nothing is there that could run it.
 */
export const outcomes = ['ok', 'failed', 'timeout', 'lost', 'refused', 'unavailable'] as const;
export type Outcome = (typeof outcomes)[number];

/** A file in the workspace that a block made or changed. */
export interface WorkspaceFile {
  /** Relative to the workspace, with slashes. */
  readonly path: string;
  readonly bytes: number;
}

/** What became of a block. */
export interface BlockResult {
  readonly outcome: Outcome;
  /** What it printed, stdout and stderr in order, its last value included; head and tail where it was long. */
  readonly output: string;
  /** All it printed, in bytes. */
  readonly outputBytes: number;
  /** One sentence, where the outcome is not `ok`: `ZeroDivisionError: division by zero`. */
  readonly detail?: string;
  readonly files: readonly WorkspaceFile[];
  readonly ms: number;
}

export function hasPassed({ kind }: Pick<Block, 'kind'>, { outcome }: Pick<BlockResult, 'outcome'>): boolean {
  return kind === 'test' && outcome === 'ok';
}

/** Neither refused, nor written where no code could be run. */
export function wasRun({ outcome }: Pick<BlockResult, 'outcome'>): boolean {
  return outcome !== 'refused' && outcome !== 'unavailable';
}

/** How a note to the author of code begins; whoever shows the results themselves leaves it out. */
export const resultsHeading = 'Results of your code:';
export const problemsHeading = 'Not run:';

/** Beside the journal: the files that code has made. */
export const workspaceFolder = 'workspace';
/** Beside the journal: what transcripts show of pictures that code has made. */
export const figuresFolder = 'figures';

/** Where a figure lies as it was after one block, whatever later blocks make of its file; beside the journal. */
export function figureFolder({
  turn,
  kind,
  number,
}: Pick<Block, 'kind' | 'number'> & { readonly turn: number }): string {
  return `${figuresFolder}/turn-${turn}-${kind}-${number}`;
}
