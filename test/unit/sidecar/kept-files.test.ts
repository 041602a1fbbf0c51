import { mkdirSync, readFileSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { isFitName, KeptFiles } from '../../../sidecar/kept-files.ts';
import { temporaryFolder } from '../../support/temporary.ts';

describe('kept files', () => {
  it('are written, replaced and listed', async () => {
    const kept = new KeptFiles(path.join(await temporaryFolder(), 'workspace'));
    expect(kept.list()).toEqual([]);
    await kept.write('b/c.txt', [Buffer.from('one'), Buffer.from('two')]);
    await kept.write('a.txt', []);
    await kept.write('b/c.txt', [Buffer.from('three')]);
    expect(kept.list()).toEqual([
      { path: 'a.txt', bytes: 0 },
      { path: 'b/c.txt', bytes: 5 },
    ]);
    expect(readFileSync(kept.locate('b/c.txt'), 'utf8')).toBe('three');
  });

  it('are not what was being written when a process died', async () => {
    const kept = new KeptFiles(path.join(await temporaryFolder(), 'workspace'));
    await kept.write('a.txt', [Buffer.from('one')]);
    writeFileSync(path.join(kept.folder, '.unfinished-1-1'), 'tw');
    expect(kept.list()).toEqual([{ path: 'a.txt', bytes: 3 }]);
  });

  it.each([
    ['leads up', '../x'],
    ['leads up in the middle', 'a/../../x'],
    ['is absolute', '/etc/passwd'],
    ['is empty', ''],
    ['is a folder', 'a/'],
    ['has a backslash', 'a\\..\\x'],
    ['has an escape sequence', 'a\u001b[2J'],
    ['has a line break', 'a\nb'],
    ['turns the writing direction', 'a\u202etxt.exe'],
    ['is too long', 'x'.repeat(201)],
    ['is too deep', 'a/'.repeat(20) + 'x'],
    ['has a NUL', 'a\0'],
  ])('have no name that %s', async (_title, name) => {
    const folder = await temporaryFolder();
    const kept = new KeptFiles(path.join(folder, 'workspace'));
    expect(isFitName(name)).toBe(false);
    await expect(kept.write(name, [Buffer.from('x')])).rejects.toThrow(/cannot be called/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('that fail half-way leave what was there', async () => {
    const kept = new KeptFiles(await temporaryFolder());
    await kept.write('a.txt', [Buffer.from('old')]);
    const torn = (function* () {
      yield Buffer.from('ne');
      throw new Error('lost');
    })();
    await expect(kept.write('a.txt', torn)).rejects.toThrow('lost');
    expect(kept.list()).toEqual([{ path: 'a.txt', bytes: 3 }]);
  });

  it('count no links', async () => {
    const folder = await temporaryFolder();
    mkdirSync(path.join(folder, 'workspace'));
    writeFileSync(path.join(folder, 'secret'), 'x');
    symlinkSync(path.join(folder, 'secret'), path.join(folder, 'workspace', 'link'));
    expect(new KeptFiles(path.join(folder, 'workspace')).list()).toEqual([]);
  });
});
