import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { KeptFiles } from '../sidecar/kept-files.ts';

/** The person's folder, or one that is to be removed afterwards. */
export function openKeptFiles(folder: string | undefined): KeptFiles {
  return new KeptFiles(
    folder === undefined ? mkdtempSync(path.join(tmpdir(), 'colloquy-run-')) : path.resolve(folder),
  );
}
