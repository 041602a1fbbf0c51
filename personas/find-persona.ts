import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { distance } from 'fastest-levenshtein';
import { ConfigError } from '../config/errors.ts';
import { packageRoot } from '../config/paths.ts';

/**
 * A file; else `NAME`, `NAME.md` or `personas/NAME.md` in the working folder or in the package. Throws
 * ConfigError with the nearest name that there is.
 */
export function findPersona(nameOrFile: string, cwd: string): string {
  const asFile = path.resolve(cwd, nameOrFile);
  if (isFile(asFile)) return asFile;
  const folders = [cwd, packageRoot].map((root) => path.join(root, 'personas'));
  const name = path.basename(nameOrFile, '.md');
  // The package's files answer to personas/NAME.md from any folder, as messages and pages call them.
  const isName = ['.', 'personas'].includes(path.dirname(nameOrFile));
  const found = isName ? folders.map((folder) => path.join(folder, `${name}.md`)).find(isFile) : undefined;
  if (found !== undefined) return found;
  throw new ConfigError([{ where: nameOrFile, message: `not found${nearest(name, folders)}` }]);
}

function nearest(name: string, folders: readonly string[]): string {
  const near = folders
    .flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []))
    .filter((file) => file.endsWith('.md') && !file.startsWith('_') && file !== 'README.md')
    .map((file) => ({ file, away: distance(path.parse(file).name, name) }))
    .sort((one, other) => one.away - other.away)[0];
  // Two letters may be wrong in a short name, every third in a long one.
  return near && near.away <= Math.max(2, name.length / 3) ? `; did you mean personas/${near.file}?` : '';
}

function isFile(file: string): boolean {
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}
