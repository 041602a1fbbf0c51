import path from 'node:path';
import { packageRoot } from '../../config/paths.ts';
import { readScriptFile } from '../read-script-file.ts';
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
