import { execFileSync } from 'node:child_process';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { download, folderBelow, listFiles, readInside } from '../../../web/server/archive-files.ts';
import { temporaryFolder } from '../../support/temporary.ts';

async function folderWithFiles(): Promise<string> {
  const base = await temporaryFolder();
  const folder = path.join(base, 'run');
  await mkdir(path.join(folder, 'deep'), { recursive: true });
  await writeFile(path.join(base, 'secret'), 'not for you');
  await writeFile(path.join(folder, 'report.html'), '<script>alert(1)</script>');
  await writeFile(path.join(folder, 'deep', 'ein "Bild" ✓.png'), 'png');
  await writeFile(path.join(folder, '.lock'), 'x');
  await symlink(path.join(base, 'secret'), path.join(folder, 'link'));
  await symlink(base, path.join(folder, 'up'));
  execFileSync('mkfifo', [path.join(folder, 'pipe')]);
  return folder;
}

describe('download', () => {
  it('gives what no browser opens as a page', async () => {
    const response = await download(await folderWithFiles(), 'report.html');
    expect(await response?.text()).toContain('alert(1)');
    expect(Object.fromEntries(response?.headers ?? [])).toMatchObject({
      'content-type': 'application/octet-stream',
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'content-disposition': `attachment; filename="report.html"; filename*=UTF-8''report.html`,
    });
  });

  it('names a file in a header that nothing in the name can break', async () => {
    const response = await download(await folderWithFiles(), 'deep/ein "Bild" ✓.png');
    expect(response?.headers.get('content-disposition')).toBe(
      `attachment; filename="ein _Bild_ _.png"; filename*=UTF-8''ein%20%22Bild%22%20%E2%9C%93.png`,
    );
    expect(response?.headers.get('content-type')).toBe('image/png');
    await response?.body?.cancel();
  });

  it.each([
    ...[
      '../secret',
      'deep/../../secret',
      '/etc/passwd',
      '',
      '.',
      '..',
      'deep',
      'deep//x',
      'link',
      'up/secret',
    ],
    ...['.lock', 'pipe', 'report.html\0', '..\\secret', 'no-such-file'],
  ])('gives nothing for %j', async (name) => {
    expect(await download(await folderWithFiles(), name)).toBeUndefined();
  });
});

it('a list of files has no links, no pipes, and nothing that is hidden', async () => {
  const { files, hasMore } = await listFiles(await folderWithFiles(), 10);
  expect(files.map((file) => file.path)).toEqual(['deep/ein "Bild" ✓.png', 'report.html']);
  expect(hasMore).toBe(false);
  expect((await listFiles(await folderWithFiles(), 1)).hasMore).toBe(true);
});

it('a folder is found by a plain name, and only a real one', async () => {
  const base = path.dirname(await folderWithFiles());
  await symlink(path.join(base, 'run'), path.join(base, 'alias'));
  expect(await folderBelow(base, 'run')).toBe(path.join(base, 'run'));
  for (const name of ['alias', 'run/deep', '..', '.', '', 'secret', 'none']) {
    expect(await folderBelow(base, name)).toBeUndefined();
  }
});

it('a file that is too long is not read', async () => {
  const folder = await folderWithFiles();
  expect(await readInside(folder, 'report.html', 5)).toBeUndefined();
  expect(await readInside(folder, 'report.html', 1_000)).toContain('script');
});
