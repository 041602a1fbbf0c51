import { spawnSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A disk of its own in memory, which can be full and have room again. */
export class SmallDisk {
  readonly folder: string;
  readonly #ballast: string;

  /** Throws where this machine, or this user, cannot mount. */
  constructor(folder: string, megabytes: number) {
    this.folder = folder;
    this.#ballast = path.join(folder, 'ballast');
    mkdirSync(folder);
    const args = ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'colloquy-test', folder];
    const { status, stderr } = spawnSync('mount', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`no disk can be mounted: ${stderr}`);
  }

  fill(): void {
    const descriptor = openSync(this.#ballast, 'w');
    try {
      for (let size = 1 << 20; size >= 1; size >>= 1) writeUntilFull(descriptor, Buffer.alloc(size));
    } finally {
      closeSync(descriptor);
    }
  }

  makeRoom(): void {
    rmSync(this.#ballast, { force: true });
  }

  unmount(): void {
    spawnSync('umount', ['-l', this.folder]);
  }
}

function writeUntilFull(descriptor: number, bytes: Buffer): void {
  try {
    for (;;) writeSync(descriptor, bytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  }
}

/** Why there is none; undefined where there can be one. */
export function whyNoSmallDisk(): string | undefined {
  const folder = mkdtempSync(path.join(tmpdir(), 'colloquy-disk-'));
  try {
    new SmallDisk(path.join(folder, 'disk'), 1).unmount();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.trim() : String(error);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
