import { constants } from 'node:fs';
import { lstat, open, realpath, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { figureFolder, workspaceFolder, type WorkspaceFile } from '../block.ts';
import type { Entry } from '../conversation.ts';
import { isFigureName, partsOf, shownFiles } from './results.ts';

/** What a renderer may know of the files that a result names, by their path; those that are gone are not in it. */
export type KeptFiles = ReadonlyMap<string, KeptFile>;

export interface KeptFile {
  /** The code wrote it again since: what lies there now is not what the result speaks of. */
  readonly isChanged: boolean;
  /** Where it lies in the meeting's folder, if not in the workspace. */
  readonly folder?: string;
  readonly figure?: Figure;
}

/** A PNG that a page can bear. */
export interface Figure {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** All of it as a `data:` address; absent where the page has enough of them. */
  readonly uri?: string;
}

export const noFiles: KeptFiles = new Map();

/** How much of pictures one page carries: it is to be mailed, and opened on a telephone. */
const mostFigureBytes = 2 * 1024 * 1024;
const mostFiguresPerResult = 8;
const mostPageBytes = 16 * 1024 * 1024;
/** A few kilobytes of PNG can hold a picture that takes gigabytes to draw. */
const mostFigurePixels = 25_000_000;
const mostPagePixels = 250_000_000;

/**
 * Looks at the files in the workspace of one meeting, for one rendering of it. The names come from code
 * that strangers wrote: no link is followed, nothing outside of the folder is opened, and whatever is
 * not as the result says is only named.
 */
export class WorkspaceReader {
  readonly #folder: string;
  #bytesLeft = mostPageBytes;
  #pixelsLeft = mostPagePixels;

  /** `folder` is the meeting's, with its journal. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /** To be asked in the order of the journal. Never rejects. */
  async filesOf(entry: Entry): Promise<KeptFiles> {
    if (entry.type !== 'result' || entry.files.length === 0) return noFiles;
    const found = new Map<string, KeptFile>();
    let figures = 0;
    for (const file of shownFiles(entry)) {
      const mayHold = figures < mostFiguresPerResult;
      const folder = figureFolder(entry);
      const figure = isFigureName(file) ? await this.#look(folder, file, mayHold) : undefined;
      const kept = figure ? { ...figure, folder } : await this.#look(workspaceFolder, file, mayHold);
      if (kept) found.set(file.path, kept);
      if (kept?.figure?.uri !== undefined) figures++;
    }
    return found;
  }

  async #look(base: string, file: WorkspaceFile, maySee: boolean): Promise<KeptFile | undefined> {
    let handle: FileHandle | undefined;
    try {
      handle = await openInside(this.#folder, base, file.path);
      const size = (await handle?.stat())?.size;
      if (!handle || size === undefined) return undefined;
      if (size !== file.bytes) return { isChanged: true };
      const figure =
        isFigureName(file) && size <= mostFigureBytes
          ? await this.#readFigure(handle, size, maySee)
          : undefined;
      return { isChanged: false, ...(figure === undefined ? {} : { figure }) };
    } catch {
      return undefined;
    } finally {
      await handle?.close();
    }
  }

  async #readFigure(handle: FileHandle, size: number, maySee: boolean): Promise<Figure | undefined> {
    const bytes = await readExactly(handle, size);
    const measures = bytes && measurePng(bytes);
    if (!measures) return undefined;
    const pixels = measures.width * measures.height;
    if (pixels > mostFigurePixels) return undefined;
    if (!maySee || size > this.#bytesLeft || pixels > this.#pixelsLeft) return measures;
    this.#bytesLeft -= size;
    this.#pixelsLeft -= pixels;
    return { ...measures, uri: `data:image/png;base64,${bytes.toString('base64')}` };
  }
}

/** A regular file, reached without a link on the way. Rejects, or resolves with nothing, for all others. */
async function openInside(folder: string, base: string, name: string): Promise<FileHandle | undefined> {
  const parts = partsOf(name);
  if (!parts) return undefined;
  const file = path.join(await realpath(folder), base, ...parts);
  // Not to wait for the other end of a pipe that somebody put there.
  const handle = await open(
    file,
    constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0),
  );
  try {
    const [opened, there] = [await handle.stat(), await lstat(file)];
    const isIt = opened.isFile() && opened.ino === there.ino && opened.dev === there.dev;
    if (isIt && (await realpath(file)) === file) return handle;
  } catch {
    // It went away meanwhile.
  }
  await handle.close();
  return undefined;
}

async function readExactly(handle: FileHandle, size: number): Promise<Buffer | undefined> {
  const bytes = Buffer.alloc(size);
  for (let read = 0; read < size;) {
    const { bytesRead } = await handle.read(bytes, read, size - read, read);
    if (bytesRead === 0) return undefined;
    read += bytesRead;
  }
  return bytes;
}

/** Signature, then the header chunk. Source: PNG specification, third edition, sections 5.2 and 11.2.1. */
const pngStart = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

function measurePng(bytes: Buffer): { width: number; height: number } | undefined {
  if (bytes.length < 33 || !bytes.subarray(0, pngStart.length).equals(pngStart)) return undefined;
  const [width, height] = [bytes.readUInt32BE(16), bytes.readUInt32BE(20)];
  return width > 0 && height > 0 ? { width, height } : undefined;
}
