import { languages, type Block, type BlockKind, type Language } from '../journal/block.ts';
import { type Fence, readPieces } from './fences.ts';
import { beginsLikeMarker, containsMarker, markerWords, readMarker } from './markers.ts';

/** Why a piece of a turn that looks meant to be run is not. */
export interface BlockProblem {
  /** In the turn, from 1. */
  readonly line: number;
  /** One sentence for the author, which begins with the line. */
  readonly message: string;
}

export interface Extracted {
  /** In the order of the turn. */
  readonly blocks: readonly Block[];
  /** In the order of the turn, the first twenty. */
  readonly problems: readonly BlockProblem[];
}

/**
 * Finds what a turn wants to have run.
 *
 * - `marked`: a fenced block right below a line `RUN-CODE` is code, below `TEST-ASSERT` a test. The marker
 *   may also be the first line inside the fence, or stand before or after the backticks.
 * - `fenced`: every `python` block is code; a `python-test` or `pytest` block is a test, and so is a `python`
 *   block below TEST-ASSERT, since speakers are used to that. No other language means anything.
 *
 * A problem does not stop the other blocks. Takes time in proportion to the length of the text.
 */
export function extractBlocks(text: string, mode: 'marked' | 'fenced'): Extracted {
  if (mode === 'marked' ? !containsMarker(text) : !/```|~~~/.test(text)) return { blocks: [], problems: [] };
  const found = mode === 'marked' ? findMarked(text) : findFenced(text);
  const counts = { code: 0, test: 0 };
  const blocks: Block[] = [];
  const problems: BlockProblem[] = [];
  for (const item of found) {
    if ('message' in item) problems.push(item);
    else
      blocks.push({ kind: item.kind, number: ++counts[item.kind], language: item.language, code: item.code });
  }
  return { blocks, problems: fewOf(problems) };
}

type Found = Omit<Block, 'number'> | BlockProblem;

const mostProblems = 20;
function fewOf(problems: readonly BlockProblem[]): readonly BlockProblem[] {
  if (problems.length <= mostProblems) return problems;
  const { line } = problems[mostProblems - 1]!;
  const left = problems.length - mostProblems + 1;
  return [
    ...problems.slice(0, mostProblems - 1),
    problemAt(line, `this and ${left - 1} more after it are wrong too`),
  ];
}

function problemAt(line: number, words: string): BlockProblem {
  return { line, message: `line ${line}: ${words}` };
}

function findMarked(text: string): Found[] {
  const found: Found[] = [];
  let pending: { readonly line: number; readonly kind: BlockKind; readonly isShouted: boolean } | undefined;
  /** A line that begins with a marker and goes on: wrong only if a block follows. */
  let almost: { readonly line: number; readonly kind: BlockKind } | undefined;
  const giveUp = (why: string): void => {
    if (pending?.isShouted)
      found.push(problemAt(pending.line, `${markerWords[pending.kind]} ${why}; ${putBelow}`));
    pending = undefined;
  };

  for (const piece of readPieces(text)) {
    if (piece.type === 'line') {
      if (piece.text.trim() === '') continue;
      const marker = readMarker(piece.text);
      giveUp(marker ? `is followed by another marker on line ${piece.line}` : 'stands alone');
      pending = marker && { line: piece.line, ...marker };
      const kind = marker ? undefined : beginsLikeMarker(piece.text);
      almost = kind && { line: piece.line, kind };
      continue;
    }
    if (pending && piece.lead !== '') giveUp(`is followed by another marker on line ${piece.line}`);
    const fence = readKind(piece, pending?.kind);
    if (fence.kind) found.push(toBlock(piece, fence.kind, fence));
    else if (almost) {
      const word = markerWords[almost.kind];
      found.push(
        problemAt(almost.line, `write ${word} alone on its line, with the fenced block right below it`),
      );
    } else if (!piece.isClosed && piece.lines.some((line) => readMarker(line)?.isShouted)) {
      found.push(unclosed(piece));
    }
    pending = almost = undefined;
  }
  giveUp('stands alone');
  return found;
}

const putBelow = 'put a fenced block (```python … ```) right below it';

interface KindOfFence {
  readonly kind: BlockKind | undefined;
  readonly info: string;
  readonly code: string;
  /** The marker inside contradicts the one outside. */
  readonly isTorn: boolean;
}

/** Which kind a fence is, by what stands above it, beside its backticks, or in its first line. */
function readKind(fence: Fence, above: BlockKind | undefined): KindOfFence {
  const words = fence.info.split(/\s+/);
  const beside = words.map((word) => readMarker(word)).find((marker) => marker?.isShouted)?.kind;
  const info = words.filter((word) => !readMarker(word)?.isShouted).join(' ');
  const outside = above ?? readMarker(fence.lead)?.kind ?? beside;
  const first = fence.lines.findIndex((line) => line.trim() !== '');
  const marker = readMarker(fence.lines[first] ?? '');
  const inside = marker?.isShouted && languageOf(info) ? marker.kind : undefined;
  const code = fence.lines.slice(inside ? first + 1 : 0).join('\n');
  return { kind: outside ?? inside, info, code, isTorn: (inside ?? outside) !== (outside ?? inside) };
}

function findFenced(text: string): Found[] {
  let above: BlockKind | undefined;
  return readPieces(text).flatMap((piece) => {
    if (piece.type === 'line') {
      if (piece.text.trim() !== '') above = readMarker(piece.text)?.kind;
      return [];
    }
    const isTest = testNames.has(nameOf(piece.info)) || above === 'test';
    above = undefined;
    if (piece.info === '' || languageOf(piece.info) !== 'python') return [];
    const code = piece.lines.join('\n');
    return [toBlock(piece, isTest ? 'test' : 'code', { info: piece.info, code, isTorn: false })];
  });
}

function toBlock(
  fence: Fence,
  kind: BlockKind,
  { info, code, isTorn }: Pick<KindOfFence, 'info' | 'code' | 'isTorn'>,
): Found {
  const language = languageOf(info);
  const firstLine = code.trimStart();
  if (!fence.isClosed) return unclosed(fence);
  if (isTorn) return problemAt(fence.line, 'RUN-CODE and TEST-ASSERT both mark this block; keep one of them');
  if (nameOf(info) === 'pycon' || (language === 'python' && firstLine.startsWith('>>> '))) {
    return problemAt(
      fence.line,
      'a console session is not run; write the code alone, without >>> and output',
    );
  }
  if (!language) {
    const known = languages.join(', ');
    return problemAt(
      fence.line,
      `${JSON.stringify(nameOf(info).slice(0, 40))} is not run here; a sandbox has one or more of ${known}`,
    );
  }
  if (firstLine === '') return problemAt(fence.line, 'the block is empty; write code between its fences');
  if (/^(?:```|~~~)/.test(firstLine)) {
    return problemAt(
      fence.line,
      `a fence opens inside the fence; ${markerWords[kind]} and one fenced block are enough`,
    );
  }
  return { kind, language, code };
}

function unclosed({ line, mark, quotes }: Fence): BlockProblem {
  const shown = mark.length > 20 ? `${mark.length} ${mark.startsWith('`') ? 'backticks' : 'tildes'}` : mark;
  return problemAt(
    line,
    quotes > 0
      ? `this fence is not closed within its quote, so it was not run; begin each of its lines with > and end it with > ${shown}`
      : `this fence is never closed, so nothing from here on was run; end the block with a line ${shown}`,
  );
}

/** Undefined: not one that is run. No name at all is Python. */
function languageOf(info: string): Language | undefined {
  const name = nameOf(info);
  return /^(?:i?python|py)[\d.]*$/.test(name) || testNames.has(name) ? 'python' : aliases.get(name);
}

const testNames: ReadonlySet<string> = new Set(['python-test', 'pytest']);
const aliases: ReadonlyMap<string, Language> = new Map([
  ['', 'python'],
  ...['bash', 'sh', 'shell'].map((name) => [name, 'bash'] as const),
  ...['javascript', 'js', 'mjs', 'cjs', 'node', 'nodejs'].map((name) => [name, 'javascript'] as const),
]);

/** The language in what follows a fence: `{.python}`, `Python title="x"`, `python:main.py`. */
function nameOf(info: string): string {
  return (/^[{.\s]*(?:lang(?:uage)?-)?([^\s{},:;=]*)/i.exec(info)?.[1] ?? '').toLowerCase();
}
