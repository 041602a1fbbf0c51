import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import path from 'node:path';
import { isAlive } from '../wire/is-alive.ts';

/** Containers may share the place, and not their processes. Short, since sockets stand there, whose paths may have 107 bytes. */
const host = createHash('sha256').update(hostname()).digest('hex').slice(0, 6);

/** A folder of this process in the system's place for such; only this user can look into it. */
export function makeTemporaryFolder(purpose: string): string {
  return mkdtempSync(path.join(tmpdir(), `colloquy-${purpose}-${host}-${process.pid}-`));
}

/** Removes folders of processes of this machine that were killed and could not do it themselves. Never throws. */
export function sweepTemporaryFolders(): void {
  for (const name of listTemporary()) {
    const [, machine, owner] =
      /^colloquy-(?:sidecar|output|run|index|worker)-([0-9a-f]{6})-(\d+)-/.exec(name) ?? [];
    if (machine === host && !isAlive(Number(owner))) tryToRemove(path.join(tmpdir(), name));
  }
}

function listTemporary(): string[] {
  try {
    return readdirSync(tmpdir());
  } catch {
    // A place where names cannot be listed: then nothing is swept.
    return [];
  }
}

/** It may be another user's. */
function tryToRemove(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true });
  } catch {
    return;
  }
}
