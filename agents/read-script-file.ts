import { readFileSync } from 'node:fs';
import { ColloquyError, messageOf } from '../wire/errors.ts';

/** The text of a script file. Throws ColloquyError `bad-script` when it cannot be read. */
export function readScriptFile(file: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (cause) {
    const isMissing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT';
    const problem = isMissing ? 'there is no such file' : `cannot be read as text (${messageOf(cause)})`;
    throw new ColloquyError(`${file}:1:1 ${problem}`, { code: 'bad-script', cause });
  }
}
