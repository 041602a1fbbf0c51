import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { unpack } from '../../../../sidecar/project/unpack.ts';
import { temporaryFolder } from '../../../support/temporary.ts';

const entry = (header: unknown, content = ''): Buffer => {
  const text = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  return Buffer.concat([length, text, Buffer.from(content)]);
};
async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer, void, void> {
  for (let at = 0; at < bytes.length; at += size) yield await Promise.resolve(bytes.subarray(at, at + size));
}

describe('what comes out of an installation', () => {
  it('is written as it was, whatever pieces it comes in', async () => {
    const pack = Buffer.concat([
      entry({ path: 'a/b/one.py', bytes: 5 }, 'print'),
      entry({ path: 'a/empty', bytes: 0 }),
      entry({ path: 'bin/run', bytes: 2, executable: true }, '#!'),
    ]);
    for (const size of [1, 7, 10_000]) {
      const folder = await temporaryFolder();
      await unpack(inPieces(pack, size), folder);
      expect(readFileSync(path.join(folder, 'a/b/one.py'), 'utf8')).toBe('print');
      expect(readFileSync(path.join(folder, 'a/empty'), 'utf8')).toBe('');
      const modes = ['a', 'a/b', 'a/b/one.py', 'bin/run'].map(
        (name) => statSync(path.join(folder, name)).mode,
      );
      expect(modes.map((mode) => mode & 0o777)).toEqual([0o755, 0o755, 0o644, 0o755]);
    }
  });

  it('is refused where a name leads out, comes twice or lies', async () => {
    const fine = entry({ path: 'fine', bytes: 0 });
    const packs = [
      entry({ path: '../out', bytes: 1 }, 'x'),
      entry({ path: '/etc/out', bytes: 1 }, 'x'),
      entry({ path: 'a/../../out', bytes: 1 }, 'x'),
      entry({ path: '', bytes: 1 }, 'x'),
      entry({ path: 'a\u0000b', bytes: 1 }, 'x'),
      entry({ path: 'short', bytes: 10 }, 'x'),
      entry({ path: 'a', bytes: -1 }),
      entry({ path: 'a', bytes: 1e300 }),
      entry('[]'),
      entry('no json'),
      entry({ path: 'a'.repeat(20_000), bytes: 0 }),
      Buffer.concat([fine, fine]),
      Buffer.concat([fine, entry({ path: 'fine/below', bytes: 0 })]),
      Buffer.from([255, 255, 255, 255]),
      Buffer.from([0, 0]),
    ];
    for (const pack of packs) {
      const above = await temporaryFolder();
      const folder = path.join(above, 'inner', 'site');
      (await import('node:fs')).mkdirSync(folder, { recursive: true });
      await expect(unpack(inPieces(pack, 64), folder)).rejects.toThrow();
      expect(readdirSync(above)).toEqual(['inner']);
      expect(readdirSync(path.join(above, 'inner'))).toEqual(['site']);
    }
  });
});
