import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Block } from '../../journal/block.ts';
import { SidecarClient } from '../../sidecar/client.ts';
import { InterpreterPool } from '../../sidecar/interpreter-pool.ts';
import { KeptFiles } from '../../sidecar/kept-files.ts';
import { SidecarServer } from '../../sidecar/server.ts';
import { Session } from '../../sidecar/session.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { findTiers, smallLimits } from '../support/tiers.ts';

const { present, absent } = await findTiers(['bubblewrap']);
for (const { name, why } of absent) it.skip(`${name} is not tried: ${why}`);
const policy = { check: () => undefined };
const log = { info: () => {}, warn: () => {} };

function python(code: string): Block {
  return { kind: 'code', number: 1, language: 'python', code };
}

describe.each(present.map((tier) => ({ tier, name: tier.name })))('on $name', ({ tier }) => {
  async function startServer(token = ''): Promise<number> {
    const server = new SidecarServer({ pool: new InterpreterPool(tier, smallLimits), policy, token, log });
    onTestFinished(() => server.close());
    return server.listen('127.0.0.1', 0);
  }

  async function connect(port: number, token = ''): Promise<SidecarClient> {
    const client = await SidecarClient.connect({ host: '127.0.0.1', port, token });
    onTestFinished(() => client.close());
    return client;
  }

  async function createSession(folder: string, diskMiB = 64): Promise<Session> {
    const pool = new InterpreterPool({ ...tier, keepsSpare: false }, { ...smallLimits, diskMiB });
    const session = new Session({ pool, policy, kept: new KeptFiles(folder) });
    onTestFinished(() => session.close());
    return Promise.resolve(session);
  }

  it('files of several sessions that come at once are not mixed up', async () => {
    const client = await connect(await startServer());
    const put = async (name: string): Promise<void> => {
      const kept = new KeptFiles(await temporaryFolder());
      await kept.write(`${name}.txt`, [Buffer.alloc(2_000_000, name)]);
      await client.putFiles(name, kept);
    };
    await Promise.all([put('a'), put('b')]);
    for (const name of ['a', 'b']) {
      const { output } = await client.run(
        name,
        1,
        python(
          `from pathlib import Path\n{p.name: (p.stat().st_size, set(p.read_text())) for p in Path().iterdir()}`,
        ),
      );
      expect(output).toBe(`{'${name}.txt': (2000000, {'${name}'})}\n`);
    }
  });

  it.each([
    ['a wrong token', 'wrong', /asks for a token/],
    ['no token', '', /asks for a token/],
  ])('nobody is served with %s', async (_title, token, message) => {
    await expect(connect(await startServer('right'), token)).rejects.toThrow(message);
  });

  it.each([
    ['no JSON', 'hello\n'],
    [
      'a run before the hello',
      '{"type":"run","id":1,"session":"s","turn":1,"block":{"kind":"code","number":1,"language":"python","code":"1"}}\n',
    ],
    ['a message of no known type', '{"type":"hello","version":1}\n{"type":"dance"}\n'],
    ['a version to come', '{"type":"hello","version":2}\n'],
  ])('whoever sends %s is told so and let go', async (_title, bytes) => {
    const socket = net.connect(await startServer(), '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    socket.write(bytes);
    let heard = '';
    for await (const chunk of socket.setEncoding('utf8')) heard += chunk as string;
    expect(heard).toContain('"type":"error"');
  });

  it('a session that was lost between two blocks says so with the next', async () => {
    const session = await createSession(await temporaryFolder());
    await session.run(
      python(
        'x = 1\nopen("kept.txt", "w").write("here")\nimport os, threading\nthreading.Timer(0.1, lambda: os._exit(1)).start()',
      ),
      1,
    );
    await new Promise((resolve) => setTimeout(resolve, 600));
    const { output } = await session.run(python('"x" in globals(), open("kept.txt").read()'), 2);
    expect(output).toBe(
      "[the session was lost since the last block: its variables are gone, its files are here]\n(False, 'here')\n",
    );
  });

  it('a new interpreter has the files of the old, those aside that do not fit or were deleted', async () => {
    const folder = await temporaryFolder();
    writeFileSync(path.join(folder, 'big.bin'), Buffer.alloc(3 * 1024 * 1024));
    writeFileSync(path.join(folder, 'a\\b.txt'), 'unfit');
    const session = await createSession(folder, 4);
    const first = await session.run(
      python('open("one.txt", "w").write("1")\nopen("two.txt", "w").write("2");'),
      1,
    );
    expect(first.output).toMatch(/^\[2 files of the old workspace did not fit/);
    await session.run(python('import os\nos.remove("two.txt")'), 2);
    expect(await session.run(python('os._exit(0)'), 3)).toMatchObject({ outcome: 'lost' });
    const { output } = await session.run(python('import os\nsorted(os.listdir())'), 4);
    expect(output).toContain("['one.txt']");
    expect(new KeptFiles(folder).list()).toContainEqual({ path: 'big.bin', bytes: 3 * 1024 * 1024 });
  });

  it('no session fills the disk of the host: what is too much is said, and not kept', async () => {
    const folder = await temporaryFolder();
    const session = await createSession(folder, 8);
    let refused = 0;
    for (let turn = 1; turn <= 5; turn++) {
      const code = `import os\nfor name in os.listdir(): os.remove(name)\nopen("${turn}.bin", "wb").write(bytes(6_000_000));`;
      const { output } = await session.run(python(code), turn);
      if (output.includes('could not be kept')) refused++;
    }
    const kept = new KeptFiles(folder).list().reduce((sum, { bytes }) => sum + bytes, 0);
    expect(kept).toBeLessThanOrEqual(16 * 1024 * 1024);
    expect(refused).toBe(3);
  });

  it('a temporary folder that is gone costs the long output, and nothing else', async () => {
    const session = await createSession(await temporaryFolder());
    const gone = path.join(await temporaryFolder(), 'gone');
    mkdirSync(gone);
    vi.stubEnv('TMPDIR', gone);
    onTestFinished(() => void vi.unstubAllEnvs());
    rmSync(gone, { recursive: true });
    const result = await session.run(python('print("x" * 200_000)'), 1);
    expect(result).toMatchObject({ outcome: 'ok', outputBytes: 200_001, files: [] });
  });
});
