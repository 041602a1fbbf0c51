import { execFileSync } from 'node:child_process';
import { mkdir, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Entry } from '../../../../journal/conversation.ts';
import { WorkspaceReader, type KeptFiles } from '../../../../journal/render/workspace.ts';
import { stamp } from '../../../support/journal.ts';
import { pngBytes, resultEvent } from '../../../support/execution.ts';
import { temporaryFolder } from '../../../support/temporary.ts';

type Content = Readonly<Record<string, Buffer | string>>;

async function workspaceOf(content: Content): Promise<string> {
  const folder = await temporaryFolder();
  await mkdir(path.join(folder, 'workspace'));
  for (const [name, bytes] of Object.entries(content)) {
    const file = path.join(folder, 'workspace', name);
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
  return folder;
}

function entryWith(...files: (readonly [name: string, bytes: number])[]): Entry {
  const named = files.map(([name, bytes]) => ({ path: name, bytes }));
  return stamp([resultEvent({ files: named })])[0] as Entry;
}

function look(folder: string, ...files: (readonly [name: string, bytes: number])[]): Promise<KeptFiles> {
  return new WorkspaceReader(folder).filesOf(entryWith(...files));
}

test('a PNG becomes a picture with its size, all else is there or is not', async () => {
  const folder = await workspaceOf({
    'out/fig.png': pngBytes(40, 30),
    'a.txt': 'hi',
    'fake.png': 'GIF89a'.repeat(9),
  });
  const kept = await look(folder, ['out/fig.png', 64], ['a.txt', 2], ['fake.png', 54], ['gone.png', 64]);
  expect(Object.fromEntries(kept)).toEqual({
    'out/fig.png': {
      isChanged: false,
      figure: { width: 40, height: 30, uri: `data:image/png;base64,${pngBytes(40, 30).toString('base64')}` },
    },
    'a.txt': { isChanged: false },
    'fake.png': { isChanged: false },
  });
});

test('a picture that was written again is not shown where another one was', async () => {
  const folder = await workspaceOf({ 'fig.png': pngBytes(4, 3, 100) });
  expect((await look(folder, ['fig.png', 64])).get('fig.png')).toEqual({ isChanged: true });
});

test('a picture is shown as its block left it, though a later one wrote its file again', async () => {
  const folder = await workspaceOf({ 'fig.png': pngBytes(4, 3, 64) });
  const own = path.join(folder, 'figures', 'turn-1-code-1');
  await mkdir(own, { recursive: true });
  await writeFile(path.join(own, 'fig.png'), pngBytes(9, 9, 64));
  expect((await look(folder, ['fig.png', 64])).get('fig.png')).toMatchObject({
    isChanged: false,
    folder: 'figures/turn-1-code-1',
    figure: { width: 9, height: 9 },
  });
});

test('nothing outside of the workspace is opened, whatever the name says or a link leads to', async () => {
  const folder = await workspaceOf({ 'inside.png': pngBytes(), 'deep/x.txt': '' });
  await writeFile(path.join(folder, 'secret.png'), pngBytes());
  const workspace = path.join(folder, 'workspace');
  await symlink(path.join(folder, 'secret.png'), path.join(workspace, 'link.png'));
  await symlink('inside.png', path.join(workspace, 'near.png'));
  await symlink(folder, path.join(workspace, 'up'));
  execFileSync('mkfifo', [path.join(workspace, 'pipe.png')]);
  const names = [
    ...[
      'link.png',
      'near.png',
      'up/secret.png',
      'pipe.png',
      'deep',
      '../secret.png',
      'deep/../../secret.png',
    ],
    ...[
      path.join(folder, 'secret.png'),
      '.',
      '',
      './inside.png',
      'inside.png\0',
      'deep//x.txt',
      'x'.repeat(5_000),
    ],
  ];
  for (const name of names) expect((await look(folder, [name, 64])).size, JSON.stringify(name)).toBe(0);
  expect((await look(folder, ['inside.png', 64])).size).toBe(1);
});

test('a workspace that is itself a link is not followed', async () => {
  const folder = await workspaceOf({});
  const elsewhere = await workspaceOf({ 'fig.png': pngBytes() });
  await rm(path.join(folder, 'workspace'), { recursive: true });
  await symlink(path.join(elsewhere, 'workspace'), path.join(folder, 'workspace'));
  expect((await look(folder, ['fig.png', 64])).size).toBe(0);
});

test('a meeting whose folder is reached through a link has its figures', async () => {
  const folder = await workspaceOf({ 'fig.png': pngBytes() });
  const link = path.join(await temporaryFolder(), 'link');
  await symlink(folder, link);
  expect((await look(link, ['fig.png', 64])).get('fig.png')?.figure?.uri).toBeDefined();
});

test('what is too large in bytes or in pixels is only named', async () => {
  const folder = await workspaceOf({
    'wide.png': pngBytes(100_000, 100_000),
    'flat.png': pngBytes(0, 5),
    'cut.png': pngBytes().subarray(0, 20),
    'big.png': pngBytes(10, 10),
  });
  await truncate(path.join(folder, 'workspace/big.png'), 2 * 1024 * 1024 + 1);
  const kept = await look(
    folder,
    ['wide.png', 64],
    ['flat.png', 64],
    ['cut.png', 20],
    ['big.png', 2 * 1024 * 1024 + 1],
  );
  expect([...kept.values()]).toEqual(Array(4).fill({ isChanged: false }));
});

test('a result shows eight pictures, and a page sixteen megabytes of them', async () => {
  const megabytes = 2 * 1024 * 1024;
  const names = Array.from({ length: 9 }, (_, index) => `${index}.png`);
  const small = await workspaceOf(Object.fromEntries(names.map((name) => [name, pngBytes()])));
  const kept = await look(small, ...names.map((name) => [name, 64] as const));
  expect([...kept.values()].filter(({ figure }) => figure?.uri !== undefined)).toHaveLength(8);
  expect(kept.get('8.png')?.figure).toEqual({ width: 4, height: 3 });
  const large = await workspaceOf({ 'fig.png': pngBytes(9, 9, megabytes) });
  const reader = new WorkspaceReader(large);
  const shown: boolean[] = [];
  for (let count = 0; count < 9; count++) {
    const found = await reader.filesOf(entryWith(['fig.png', megabytes]));
    shown.push(found.get('fig.png')?.figure?.uri !== undefined);
  }
  expect(shown).toEqual([...Array<boolean>(8).fill(true), false]);
});

test('a folder that is not there is no failure', async () => {
  expect((await look('/nowhere/at/all', ['fig.png', 64])).size).toBe(0);
});
