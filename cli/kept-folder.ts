import { rmSync } from 'node:fs';
import path from 'node:path';
import { KeptFiles } from '../sidecar/kept-files.ts';
import { makeTemporaryFolder } from '../sidecar/temporary-folder.ts';

/** The person's folder; or one that is gone when this process is, however it leaves. */
export function openKeptFiles(folder: string | undefined): KeptFiles {
  if (folder !== undefined) return new KeptFiles(path.resolve(folder));
  const temporary = makeTemporaryFolder('run');
  process.once('exit', () => rmSync(temporary, { recursive: true, force: true }));
  return new KeptFiles(temporary);
}
