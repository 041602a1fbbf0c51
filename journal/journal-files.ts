import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

/** What a journal asks of the system: a parameter, so that a test can count, and let it fail. */
export interface JournalFiles {
  openSync(file: string, flags: string | number): number;
  /** All of it, or `length` bytes of it. Returns how many were written, which may be fewer. */
  writeSync(descriptor: number, data: string | Uint8Array, from?: number, length?: number): number;
  sizeSync(descriptor: number): number;
  ftruncateSync(descriptor: number, bytes: number): void;
  fdatasyncSync(descriptor: number): void;
  fdatasync(descriptor: number): Promise<void>;
  fsyncSync(descriptor: number): void;
  fsync(descriptor: number): Promise<void>;
  closeSync(descriptor: number): void;
}

export const systemFiles: JournalFiles = {
  openSync: fs.openSync,
  writeSync: (descriptor, data, from, length) =>
    typeof data === 'string' ? fs.writeSync(descriptor, data) : fs.writeSync(descriptor, data, from, length),
  sizeSync: (descriptor) => fs.fstatSync(descriptor).size,
  ftruncateSync: fs.ftruncateSync,
  fdatasyncSync: fs.fdatasyncSync,
  fdatasync: promisify(fs.fdatasync),
  fsyncSync: fs.fsyncSync,
  fsync: promisify(fs.fsync),
  closeSync: fs.closeSync,
};

/** A file survives a power cut only if its folder does, and so on; those above were there before. */
export function foldersOf(folder: string): string[] {
  return [folder, path.dirname(path.resolve(folder))];
}

export function syncFolder(folder: string, files: JournalFiles): void {
  const descriptor = files.openSync(folder, 'r');
  try {
    files.fsyncSync(descriptor);
  } catch (error) {
    if (!isUnsupported(error)) throw error;
  } finally {
    files.closeSync(descriptor);
  }
}

export async function syncFolderLater(folder: string, files: JournalFiles): Promise<void> {
  const descriptor = files.openSync(folder, 'r');
  try {
    await files.fsync(descriptor);
  } catch (error) {
    if (!isUnsupported(error)) throw error;
  } finally {
    files.closeSync(descriptor);
  }
}

/** Some file systems have no way to sync a folder, and need none or cannot be helped. */
function isUnsupported(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EINVAL';
}
