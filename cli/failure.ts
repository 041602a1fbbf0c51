import { ConfigError } from '../config/errors.ts';
import { visibleControls } from '../journal/render/visible-controls.ts';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import { wasInterrupted } from './interrupt.ts';
import { report } from './supervised.ts';

/** The user's mistake in how the program was called. */
export class UsageError extends ColloquyError {
  constructor(message: string) {
    super(message, { code: 'usage' });
  }
}

/** Codes of failures that the person at the keyboard can mend before anything was tried. */
const mistakes: ReadonlySet<string> = new Set([
  'no-key',
  'bad-script',
  'bad-persona',
  'bad-command',
  'unknown-meeting',
  'bad-pattern',
  'cannot-fork',
  'cannot-replay',
  'ambiguous-meeting',
  'port-taken',
  'bad-certificate',
  'tls-failed',
  'no-speech',
  'no-file',
  'refused',
  'run-taken',
  'no-run',
  'bad-module',
  'not-controlled',
]);

/** 1 failed, 2 the user's mistake, 130 interrupted. */
export function exitCodeFor(error: unknown): number {
  if (wasInterrupted()) return Number(process.exitCode);
  if (error instanceof UsageError || error instanceof ConfigError) return 2;
  return error instanceof ColloquyError && mistakes.has(error.code) ? 2 : 1;
}

/** One sentence for the person; the whole story only where it is a defect of the program. */
export function reportFailure(error: unknown): void {
  if (wasInterrupted() && (error as Error).name === 'AbortError') return;
  const message = error instanceof ColloquyError ? error.message : `unexpected: ${stackOf(error)}`;
  if (report({ type: 'failed', message, exitCode: exitCodeFor(error) })) return;
  // What a proxy or a service says may be part of it.
  process.stderr.write(`colloquy: ${visibleControls(message)}\n`);
}

function stackOf(error: unknown): string {
  return error instanceof Error && error.stack ? error.stack : messageOf(error);
}
