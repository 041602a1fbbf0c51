import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../config/paths.ts';
import { ColloquyError, messageOf } from '../../wire/errors.ts';
import { readListScript } from './list-script.ts';
import type { ElizaScript } from './script.ts';
import { readYamlScript } from './yaml-script.ts';

/** The doctor that comes with the program. */
export const doctorPath = path.join(packageRoot, 'agents', 'eliza', 'scripts', 'doctor.yml');

/**
 * Reads a script: YAML where the name ends in `.yml` or `.yaml`, the list notation of 1966 otherwise.
 * Throws ColloquyError `bad-script`.
 */
export function loadElizaScript(file: string): ElizaScript {
  const source = readScriptFile(file);
  return /\.ya?ml$/i.test(file) ? readYamlScript(source, file) : readListScript(source, file);
}

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
