import { ColloquyError } from '../../wire/errors.ts';

/** A place in a file, from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A script that cannot be used: `path:line:column what is wrong`. */
export function badScript(path: string, { line, column }: Place, problem: string): ColloquyError {
  return new ColloquyError(`${path}:${line}:${column} ${problem}`, { code: 'bad-script' });
}
