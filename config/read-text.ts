import { readFileSync } from 'node:fs';
import { ConfigError } from './errors.ts';

/** A file of the user's, as UTF-8. Throws ConfigError that calls it `name`. */
export function readTextFile(file: string, name: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError([
      { where: name, message: code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})` },
    ]);
  }
}
