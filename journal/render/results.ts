import {
  wasRun,
  workspaceFolder,
  type Block,
  type BlockResult,
  type Outcome,
  type WorkspaceFile,
} from '../block.ts';
import { formatBytes, formatSeconds } from './sentences.ts';
import { visibleControls, visibleLine } from './visible-controls.ts';

/** What there is to say of a block that was run, wherever it comes from: the journal, or a viewer's event. */
export type Result = Pick<Block, 'kind' | 'number'> &
  BlockResult & { readonly turn: number; readonly tier?: string };

/** How a result is to look; `done` is code that ran, which nobody asked whether it is right. */
export type Look = 'passed' | 'done' | 'failed' | 'refused';

export interface Verdict {
  readonly look: Look;
  /** Empty where there is nothing to judge. */
  readonly symbol: string;
  /** "Test block 1: passed", "Code block 2". */
  readonly words: string;
}

export function verdictOf(result: Pick<Result, 'kind' | 'number' | 'outcome'>): Verdict {
  const look = lookOf(result);
  const said = look === 'passed' ? 'passed' : outcomeWords[result.outcome];
  const block = capitalize(describeBlock(result));
  return { look, symbol: symbols[look], words: said === undefined ? block : `${block}: ${said}` };
}

/** "code block 1". */
export function describeBlock({ kind, number }: Pick<Block, 'kind' | 'number'>): string {
  return `${kind} block ${number}`;
}

export function editedTitle(block: Pick<Block, 'kind' | 'number'>): string {
  return `${capitalize(describeBlock(block))} was changed before it was run`;
}

/**
 * "12 ms", "bubblewrap", "3.1 MB of output": the small print. "turn 3" goes ahead where another turn came
 * between. Each fits on a line of anything that escapes.
 */
export function describeRun(result: Result, lastTurn = result.turn): string[] {
  const { kind, turn, outcome, output, outputBytes, ms, tier } = result;
  const facts = turn === lastTurn ? [] : [`turn ${turn}`];
  if (kind === 'code' && outcome === 'ok' && outputBytes === 0) facts.push('no output');
  if (wasRun(result)) facts.push(formatTook(ms));
  if (tier !== undefined && tier !== '') facts.push(visibleLine(tier));
  if (outputBytes > new TextEncoder().encode(output).length)
    facts.push(`${formatBytes(outputBytes)} of output`);
  return facts;
}

/** The output with control characters made visible, without the blank around it that says nothing. */
export function visibleOutput({ output }: Pick<Result, 'output'>): string {
  return visibleControls(output)
    .replace(/^(?:[ \t]*\n)+/, '')
    .trimEnd();
}

/** Those that are worth a reader's time, figures first. */
export function shownFiles({ files }: Pick<Result, 'files'>): readonly WorkspaceFile[] {
  const [figures, others] = [files.filter(isFigureName), files.filter((file) => !isFigureName(file))];
  return [...figures, ...others].slice(0, mostShownFiles);
}

/** "fib.png (12 KB)". */
function describeFile({ path, bytes }: WorkspaceFile): string {
  return `${visibleLine(path)} (${formatBytes(bytes)})`;
}

/** Where a page in the meeting's folder finds a file that code made; undefined where a link could do harm. */
export function addressOf(
  { path }: Pick<WorkspaceFile, 'path'>,
  folder: string = workspaceFolder,
): string | undefined {
  const parts = partsOf(path);
  if (!parts || !inertEndings.test(path)) return undefined;
  try {
    return [...folder.split('/'), ...parts].map(encodePart).join('/');
  } catch {
    // Half a character: no address can say it.
    return undefined;
  }
}

/** The folders and the name of a path that stays below where it begins, undefined for all others. */
export function partsOf(path: string): string[] | undefined {
  const parts = path.split('/');
  const isFit = parts.every((part) => !['', '.', '..'].includes(part) && !/[\\\0]/.test(part));
  return isFit ? parts : undefined;
}

export function isFigureName({ path }: Pick<WorkspaceFile, 'path'>): boolean {
  return /\.png$/i.test(path);
}

/** A result for those who watch it pass: the verdict, then the first lines of the output, then the files. */
export function compactResult(result: Result, widestCharacters: number): { title: string; lines: string[] } {
  const { symbol, words } = verdictOf(result);
  const facts = describeRun(result).join(', ');
  const output = visibleOutput(result);
  const all = output === '' ? [] : output.split('\n');
  const files = shownFiles(result);
  const lines = [
    ...(result.detail === undefined ? [] : [visibleLine(result.detail)]),
    ...all.slice(0, mostCompactLines),
    ...(all.length > mostCompactLines ? [`… ${countMore(all.length - mostCompactLines, 'line')}`] : []),
    ...(files.length === 0 ? [] : [describeFiles(result)]),
  ];
  return {
    title: `${symbol === '' ? '' : `${symbol} `}${words}${facts === '' ? '' : ` (${facts})`}`,
    lines: lines.map((line) => cut(line.replaceAll('\t', '    '), widestCharacters)),
  };
}

/** "Files: fib.png (12 KB), fib.csv (310 bytes)", empty when there are none. */
export function describeFiles(result: Pick<Result, 'files'>): string {
  const shown = shownFiles(result);
  const more = result.files.length - shown.length;
  const named = [...shown.map(describeFile), ...(more > 0 ? [countMore(more, 'file')] : [])].join(', ');
  return named === '' ? '' : `${result.files.length === 1 ? 'File' : 'Files'}: ${named}`;
}

/** "1 more file". */
export function countMore(count: number, what: string): string {
  return `${count} more ${what}${count === 1 ? '' : 's'}`;
}

const mostShownFiles = 30;
const mostCompactLines = 8;

const symbols: { readonly [look in Look]: string } = { passed: '✓', done: '', failed: '✗', refused: '⊘' };

/** Code that ran to its end is a fact, no verdict. */
const outcomeWords: { readonly [outcome in Outcome]: string | undefined } = {
  ok: undefined,
  failed: 'failed',
  timeout: 'timeout',
  lost: 'session lost',
  refused: 'refused',
  unavailable: 'not run',
};

function lookOf({ kind, outcome }: Pick<Result, 'kind' | 'outcome'>): Look {
  switch (outcome) {
    case 'ok':
      return kind === 'test' ? 'passed' : 'done';
    case 'failed':
    case 'timeout':
    case 'lost':
      return 'failed';
    case 'refused':
    case 'unavailable':
      return 'refused';
  }
}

/**
 * What a browser shows as it is, or saves: nothing in it can run. A page, a drawing (SVG) or a script
 * that a stranger wrote is not to be one careless click away.
 */
const inertEndings = /\.(?:png|jpe?g|gif|webp|bmp|txt|log|csv|tsv|json|jsonl|md)$/i;

/** Some characters that addresses may contain mean something in Markdown. */
function encodePart(part: string): string {
  return encodeURIComponent(part).replace(
    /[!'()*~_]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function formatTook(ms: number): string {
  return ms < 1_000 ? `${Math.max(1, Math.round(ms))} ms` : formatSeconds(ms);
}

/** Never between the halves of a character. */
function cut(line: string, characters: number): string {
  return line.length <= characters
    ? line
    : `${line.slice(0, characters - 1).replace(/[\ud800-\udbff]$/, '')}…`;
}

function capitalize(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
