import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { makeTemporaryFolder, sweepTemporaryFolders } from '../../../sidecar/temporary-folder.ts';

it('of a process that was killed goes, and none of one that lives or of another machine', () => {
  const own = makeTemporaryFolder('worker');
  const { pid: dead } = spawnSync('true');
  const ofDead = own.replace(`-${process.pid}-`, `-${dead}-`);
  const elsewhere = ofDead.replace(/colloquy-worker-[0-9a-f]+-/, 'colloquy-worker-123abc-');
  const folders = [own, ofDead, elsewhere];
  onTestFinished(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });
  for (const folder of [ofDead, elsewhere]) mkdirSync(path.join(folder, 'meetings'), { recursive: true });
  sweepTemporaryFolders();
  expect(new Set(folders).size).toBe(3);
  expect(folders.map(existsSync)).toEqual([true, false, true]);
});
