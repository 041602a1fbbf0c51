import type { Block, BlockResult, Outcome } from '../journal/block.ts';
import { formatBytes } from '../journal/render/sentences.ts';
import type { BlockProblem } from './blocks.ts';

export interface Executed {
  readonly block: Block;
  readonly result: BlockResult;
  /** A person changed it before it was run. */
  readonly isEdited?: boolean;
}

/**
 * The results of a turn's blocks, as both speakers are told them. Empty where nothing was run. So many
 * characters of all outputs together; the journal has the rest.
 */
export function reportResults(executed: readonly Executed[], mostOutputCharacters: number): string {
  const share = Math.floor(mostOutputCharacters / Math.max(1, executed.length));
  return executed
    .map(
      ({ block, result, isEdited }) =>
        reportEdit(block, isEdited ?? false) + reportResult(block, result, share),
    )
    .join('\n\n');
}

/** What the author has to know of blocks that could not be taken for any. */
export function reportProblems(problems: readonly BlockProblem[]): string {
  return problems.map(({ message }) => message).join('\n');
}

const mostFiles = 20;

function reportEdit(block: Block, isEdited: boolean): string {
  if (!isEdited) return '';
  return `The person who watches changed ${block.kind} block ${block.number} before it was run, to:\n${fence(block.code, block.language)}\n`;
}

function reportResult(block: Block, result: BlockResult, mostCharacters: number): string {
  const title = `${block.kind === 'test' ? 'Test' : 'Code'} block ${block.number}`;
  const output = shorten(result.output.trimEnd(), mostCharacters);
  const files = [
    ...result.files.slice(0, mostFiles).map(({ path, bytes }) => `${path} (${formatBytes(bytes)})`),
    ...(result.files.length > mostFiles ? [`and ${result.files.length - mostFiles} more`] : []),
  ].join(', ');
  const why = result.detail === undefined ? '' : `: ${result.detail}`;
  const lines: string[] = [];
  if (result.outcome === 'ok' && block.kind === 'code') {
    lines.push(output === '' ? `${title} output: none` : `${title} output:\n${fence(output)}`);
  } else {
    lines.push(`${title}: ${verdict(block, result.outcome)}${why}`);
    if (output !== '') lines.push(fence(output));
  }
  if (files !== '') lines.push(`Files written: ${files}`);
  return lines.join('\n');
}

function verdict({ kind }: Block, outcome: Outcome): string {
  if (outcome === 'ok') return 'passed';
  if (outcome === 'lost' || outcome === 'timeout') return kind === 'test' ? 'failed' : 'stopped';
  if (outcome === 'unavailable') return 'not run';
  return outcome;
}

/** A fence that nothing within can close. */
export function fence(text: string, language = 'text'): string {
  const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map(([run]) => run.length));
  const marks = '`'.repeat(longest + 1);
  return `${marks}${language}\n${text}\n${marks}`;
}

export function shorten(text: string, mostCharacters: number): string {
  if (text.length <= mostCharacters) return text;
  const half = Math.floor(mostCharacters / 2);
  return `${text.slice(0, half)}\n[…]\n${text.slice(-half)}`;
}
