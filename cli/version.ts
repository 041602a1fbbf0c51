import { readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../config/paths.ts';

/** The version of this program, as package.json has it. */
export function readVersion(): string {
  const text = readFileSync(path.join(packageRoot, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
