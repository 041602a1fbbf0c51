import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A folder of this process in the system's place for such; only this user can look into it. */
export function makeTemporaryFolder(purpose: string): string {
  return mkdtempSync(path.join(tmpdir(), `colloquy-${purpose}-${process.pid}-`));
}

/** Removes folders of processes that were killed and could not do it themselves. Never throws. */
export function sweepTemporaryFolders(): void {
  try {
    for (const name of readdirSync(tmpdir())) {
      const owner = /^colloquy-(?:sidecar|output|run)-(\d+)-/.exec(name)?.[1];
      if (owner === undefined || isAlive(Number(owner))) continue;
      rmSync(path.join(tmpdir(), name), { recursive: true, force: true });
    }
  } catch {
    // Another user's, or gone already.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
