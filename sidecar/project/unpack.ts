import { chmodSync, closeSync, mkdirSync, openSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { isFitName } from '../kept-files.ts';

/** NumPy has 1,500 files, the largest packages some ten thousand. */
const mostFiles = 50_000;
const longestHeaderBytes = 16_384;

/**
 * Writes the files of a pack (sidecar/project/install.py) below a new folder, readable by all and writable by nobody else.
 * Whoever packed it is not trusted: only regular files are made, under names of their own below the folder, and no more bytes
 * than came. Rejects where it is no pack; what was written until then stays.
 */
export async function unpack(pieces: AsyncIterable<Buffer>, folder: string): Promise<void> {
  const reader = new PieceReader(pieces);
  for (let count = 0; ; count++) {
    const length = await reader.take(4, { orEnd: true });
    if (length === undefined) return;
    if (count >= mostFiles) throw new Error(`more than ${mostFiles} files were installed`);
    const headerBytes = length.readUInt32BE();
    if (headerBytes > longestHeaderBytes) throw broken();
    const header = parseHeader(await reader.take(headerBytes));
    const file = path.join(folder, ...header.path.split('/'));
    makeFolders(folder, path.dirname(header.path));
    const descriptor = openSync(file, 'wx', header.executable ? 0o755 : 0o644);
    try {
      await reader.each(header.bytes, (piece) => writeFileSync(descriptor, piece));
    } finally {
      closeSync(descriptor);
    }
    // What this process leaves out for new files is not meant for these.
    chmodSync(file, header.executable ? 0o755 : 0o644);
  }
}

interface Header {
  readonly path: string;
  readonly bytes: number;
  readonly executable: boolean;
}

function parseHeader(text: Buffer | undefined): Header {
  const { path: name, bytes, executable } = JSON.parse(text?.toString('utf8') ?? '') as Partial<Header>;
  if (typeof name !== 'string' || !isFitName(name)) throw broken();
  if (!Number.isSafeInteger(bytes) || (bytes as number) < 0) throw broken();
  return { path: name, bytes: bytes as number, executable: executable === true };
}

function makeFolders(root: string, relative: string): void {
  let folder = root;
  for (const part of relative.split('/').filter((each) => each !== '.')) {
    folder = path.join(folder, part);
    if (mkdirSync(folder, { recursive: true }) !== undefined) chmodSync(folder, 0o755);
  }
}

function broken(): Error {
  return new Error('what was installed did not come out of its sandbox as it should');
}

/** Bytes by their number, whatever pieces they come in. */
class PieceReader {
  readonly #pieces: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(pieces: AsyncIterable<Buffer>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  async take(bytes: number, { orEnd = false } = {}): Promise<Buffer | undefined> {
    const taken: Buffer[] = [];
    if (orEnd && this.#rest.length === 0 && !(await this.#more())) return undefined;
    await this.each(bytes, (piece) => taken.push(piece));
    return Buffer.concat(taken);
  }

  async each(bytes: number, use: (piece: Buffer) => void): Promise<void> {
    for (let left = bytes; left > 0;) {
      if (this.#rest.length === 0 && !(await this.#more())) throw broken();
      const piece = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(piece.length);
      left -= piece.length;
      use(piece);
    }
  }

  async #more(): Promise<boolean> {
    const next = await this.#pieces.next();
    if (next.done === true) return false;
    this.#rest = next.value;
    return true;
  }
}
