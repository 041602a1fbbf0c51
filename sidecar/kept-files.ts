import { createWriteStream, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import path from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** Names as code may choose them, kept to what every system can hold. */
const mostNameBytes = 200;
const mostDepth = 20;

/**
 * The files that the code of one session has made, outside of what it can reach. Only regular files are
 * ever made here, by this process alone, so no link can lead out.
 */
export class KeptFiles {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Replaces a file whole or not at all. Rejects where the name is unfit or the disk refuses. */
  async write(name: string, pieces: AsyncIterable<Buffer> | Iterable<Buffer>): Promise<void> {
    const target = this.locate(name);
    mkdirSync(path.dirname(target), { recursive: true, mode: 0o700 });
    const own = path.join(this.folder, `${unfinished}${process.pid}-${++counter}`);
    try {
      await pipeline(Readable.from(pieces), createWriteStream(own, { flags: 'wx', mode: 0o600 }));
      renameSync(own, target);
    } catch (error) {
      rmSync(own, { force: true });
      throw error;
    }
  }

  /** Where a file of that name is, or would be. Throws where the name is unfit. */
  locate(name: string): string {
    if (!isFitName(name)) throw new Error(`a file cannot be called ${JSON.stringify(name.slice(0, 100))}`);
    return path.join(this.folder, ...name.split('/'));
  }

  /** Name and size of every file, by name. */
  list(): { readonly path: string; readonly bytes: number }[] {
    return listFolder(this.folder, '').sort((one, other) => (one.path < other.path ? -1 : 1));
  }
}

let counter = 0;
/** Begins the names of what is being written, or was when its process died. */
const unfinished = '.unfinished-';

/** Relative, within the folder, and nothing that a terminal, a page or another system would trip over. */
export function isFitName(name: string): boolean {
  const parts = name.split('/');
  if (parts.length > mostDepth || /[\\\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/.test(name))
    return false;
  if (name.startsWith(unfinished)) return false;
  return parts.every(
    (part) => part !== '' && part !== '.' && part !== '..' && Buffer.byteLength(part) <= mostNameBytes,
  );
}

function listFolder(folder: string, prefix: string): { path: string; bytes: number }[] {
  let entries;
  try {
    entries = readdirSync(folder, { withFileTypes: true });
  } catch {
    return [];
  }
  return entries.flatMap((entry) => {
    if (prefix === '' && entry.name.startsWith(unfinished)) return [];
    const full = path.join(folder, entry.name);
    if (entry.isDirectory()) return listFolder(full, `${prefix}${entry.name}/`);
    return entry.isFile() ? [{ path: prefix + entry.name, bytes: statSync(full).size }] : [];
  });
}
