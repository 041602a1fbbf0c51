import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import path from 'node:path';
import { makeTemporaryFolder } from './temporary-folder.ts';

/** Where all of a long output is kept until somebody takes it. */
export interface Spool {
  readonly file: string;
  /** Fewer than were printed where even the disk's share was not enough. */
  readonly bytes: number;
  remove(): void;
}

/**
 * What one block prints: its head and its tail in memory, and all of it in a file as soon as it is
 * longer than both, up to `mostBytes`.
 */
export class Output {
  readonly #headBytes: number;
  readonly #tailBytes: number;
  readonly #mostBytes: number;
  #head: Buffer[] = [];
  #headTaken = 0;
  #tail: Buffer[] = [];
  #tailTaken = 0;
  #bytes = 0;
  #spool: { readonly folder: string; readonly file: string; readonly descriptor: number } | undefined;
  #spooled = 0;
  /** The disk is full, or its folder gone: what is shown is all there is. */
  #spoolFailed = false;

  constructor(shownBytes: number, mostBytes: number) {
    this.#headBytes = Math.ceil(shownBytes / 2);
    this.#tailBytes = shownBytes - this.#headBytes;
    this.#mostBytes = mostBytes;
  }

  /** All that was printed. */
  get bytes(): number {
    return this.#bytes;
  }

  get isLong(): boolean {
    return this.#bytes > this.#headBytes + this.#tailBytes;
  }

  push(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.isLong && !this.#spoolFailed) this.#keep(chunk);
    const room = this.#headBytes - this.#headTaken;
    const head = chunk.subarray(0, room);
    if (head.length > 0) {
      this.#head.push(head);
      this.#headTaken += head.length;
    }
    const tail = chunk.subarray(head.length);
    if (tail.length === 0) return;
    this.#tail.push(tail);
    this.#tailTaken += tail.length;
    while (this.#tailTaken - (this.#tail[0] as Buffer).length >= this.#tailBytes) {
      this.#tailTaken -= (this.#tail.shift() as Buffer).length;
    }
  }

  /** Head and tail, and between them how much is missing. Bytes that are no UTF-8 become U+FFFD. */
  toString(): string {
    const head = Buffer.concat(this.#head);
    const tail = Buffer.concat(this.#tail);
    if (!this.isLong) return Buffer.concat([head, tail]).toString('utf8');
    const end = withoutTornStart(tail.subarray(Math.max(0, tail.length - this.#tailBytes)));
    const begin = withoutTornEnd(head);
    const missing = this.#bytes - begin.length - end.length;
    return `${begin.toString('utf8')}\n[… ${missing.toLocaleString('en-US')} bytes left out …]\n${end.toString('utf8')}`;
  }

  /** The file with all of it, if it was long. Whoever takes it removes it. */
  takeSpool(): Spool | undefined {
    const spool = this.#spool;
    if (!spool) return undefined;
    this.#spool = undefined;
    closeSync(spool.descriptor);
    const remove = (): void => rmSync(spool.folder, { recursive: true, force: true });
    return { file: spool.file, bytes: this.#spooled, remove };
  }

  #keep(chunk: Buffer): void {
    try {
      if (!this.#spool) {
        const folder = makeTemporaryFolder('output');
        const file = path.join(folder, 'output.txt');
        this.#spool = { folder, file, descriptor: openSync(file, 'wx', 0o600) };
        for (const earlier of [...this.#head, ...this.#tail]) this.#write(earlier);
      }
      this.#write(chunk);
    } catch {
      this.#spoolFailed = true;
    }
  }

  #write(chunk: Buffer): void {
    const part = chunk.subarray(0, this.#mostBytes - this.#spooled);
    if (part.length === 0 || !this.#spool) return;
    writeSync(this.#spool.descriptor, part);
    this.#spooled += part.length;
  }
}

/** A character cut in two is left out: it would be shown as damage that is not there. */
function withoutTornStart(bytes: Buffer): Buffer {
  let start = 0;
  while (start < 3 && start < bytes.length && ((bytes[start] as number) & 0xc0) === 0x80) start++;
  return bytes.subarray(start);
}

function withoutTornEnd(bytes: Buffer): Buffer {
  for (let back = 1; back <= 4 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] as number;
    if ((byte & 0xc0) === 0x80) continue;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
    return length > back ? bytes.subarray(0, bytes.length - back) : bytes;
  }
  return bytes;
}
