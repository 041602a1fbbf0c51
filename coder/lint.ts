import type { Finding } from './events.ts';

/** What a linter says of a program, and its score from 0 to 10. */
export interface Linted {
  readonly score: number;
  /** Errors first, then by line; the first hundred. */
  readonly findings: readonly Finding[];
  readonly parses: boolean;
}

export type Linter = (source: string) => Promise<Linted>;

/**
 * The rules are pinned, so that a score means the same after an update: what Pyflakes finds, what cannot
 * run, what is likely to be a mistake. Style of layout is left to whoever formats.
 * Source: docs.astral.sh/ruff/rules
 */
const rules = ['E4', 'E7', 'E9', 'F', 'B', 'PLE', 'PLW', 'W605'];

/** A program with one of these does not run, or fails where it comes by. */
const errorRules = /^(?:invalid-syntax|E9|F50|F63|F7|F82|PLE)/;

const mostFindings = 100;

/** Lints with ruff compiled to WebAssembly, which takes about half a second to load; no Python is needed. */
export async function createLinter(): Promise<Linter> {
  const { Workspace, PositionEncoding } = await import('@astral-sh/ruff-wasm-nodejs');
  const settings = { 'target-version': 'py311', lint: { select: rules } };
  const workspace = new Workspace(settings, PositionEncoding.Utf16);
  return async (source) => {
    const found = workspace.check(withoutExcuses(source)) as readonly Diagnostic[];
    const findings = found
      .map(toFinding)
      .sort((one, other) => Number(other.isError) - Number(one.isError) || one.line - other.line);
    const parses = !findings.some(({ code }) => code === 'invalid-syntax');
    return {
      score: parses ? scoreOf(source, findings) : 0,
      findings: findings.slice(0, mostFindings),
      parses,
    };
  };
}

/**
 * 10 less what errors and warnings weigh against the length of the program: an error five times as much as a
 * warning, as pylint has it. Lines of code stand for its statements.
 * Source: pylint.readthedocs.io, option --evaluation
 */
export function scoreOf(source: string, findings: readonly Pick<Finding, 'isError'>[]): number {
  const lines = source.split(/\r\n|\n|\r/).filter((line) => /^\s*[^\s#]/.test(line)).length;
  const weight = findings.reduce((sum, { isError }) => sum + (isError ? 5 : 1), 0);
  if (lines === 0) return 0;
  return Math.max(0, Math.round((10 - (10 * weight) / lines) * 100) / 100);
}

/** What is used here of what ruff answers; its own types leave it open. */
interface Diagnostic {
  readonly code: string | null;
  readonly message: string;
  readonly start_location: { readonly row: number; readonly column: number };
}

function toFinding({ code, message, start_location: { row, column } }: Diagnostic): Finding {
  const name = code ?? 'invalid-syntax';
  return { code: name, message, line: row, column, isError: errorRules.test(name) };
}

/** A program that is scored does not get to say which rules do not count. Keeps every column where it is. */
export function withoutExcuses(source: string): string {
  const excuse = /\b(?:noqa|isort|ruff|flake8|pylint)\b/gi;
  return source.replace(/#.*/g, (comment) => comment.replace(excuse, (word) => '_'.repeat(word.length)));
}

/** One line for each finding, for models and reports. */
export function describeFindings(findings: readonly Finding[], most = 15): string {
  const lines = findings
    .slice(0, most)
    .map(({ line, column, code, message }) => `line ${line}:${column} ${code} ${message}`);
  const left = findings.length - lines.length;
  return [...lines, ...(left > 0 ? [`and ${left} more`] : [])].join('\n');
}
