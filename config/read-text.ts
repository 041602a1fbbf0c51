import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { ConfigError } from './errors.ts';

/** A file of the user's, which must be UTF-8. Throws ConfigError that calls it `name`. */
export function readTextFile(file: string, name: string): string {
  const bytes = readBytes(file, name);
  if (!isUtf8(bytes)) throw new ConfigError([{ where: name, message: 'is not UTF-8; save it as UTF-8' }]);
  return bytes.toString('utf8');
}

function readBytes(file: string, name: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError([
      { where: name, message: code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})` },
    ]);
  }
}
