import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Project } from '../../sidecar/project/project.ts';
import { findTiers } from '../support/tiers.ts';
import { folderWith, openTestProject, runFile, testProject } from '../support/project.ts';

const { present, absent } = await findTiers(['bubblewrap', 'deno']);
for (const { name, why } of absent) describe.skip(`the sandbox ${name} (left out: ${why})`, () => {});

// Each opens a sandbox after its self-test, and a machine may be busy.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const signal = new AbortController().signal;

for (const { name: tier } of present) {
  describe(`a program in the sandbox ${tier}`, () => {
    let project: Project;
    beforeAll(async () => (project = await openTestProject({ tier })));
    afterAll(() => project.close());

    it('has its files, arguments and exit code, and what it makes stays there', async () => {
      const folder = await folderWith({
        'main.py': `import sys, helper\nopen("made.txt", "w").write("made")\nprint(helper.greet(), sys.argv[1:], __name__)\nsys.exit(3)\n`,
        'helper.py': 'def greet():\n    return open("data/words.txt").read()\n',
        'data/words.txt': 'good day',
      });
      const heard: string[] = [];
      const ran = await project.run({
        ...{ folder, entry: 'main.py', args: ['-v', 'ä'], seconds: 20, signal },
        onOutput: (text) => heard.push(text),
      });
      expect(ran).toMatchObject({ type: 'exited', code: 3, output: "good day ['-v', 'ä'] __main__\n" });
      expect(ran).toMatchObject({ files: ['made.txt'], outputBytes: 31 });
      expect(heard.join('')).toBe("good day ['-v', 'ä'] __main__\n");
      expect(existsSync(path.join(folder, 'made.txt'))).toBe(false);
      await project.run({ folder, entry: 'main.py', seconds: 20, signal, keepFiles: folder });
      expect(readFileSync(path.join(folder, 'made.txt'), 'utf8')).toBe('made');
    });

    it('is ended when it goes on for too long, with what it has printed', async () => {
      const ran = await runFile(project, 'print("begun")\nwhile True: pass\n', 1);
      expect(ran).toMatchObject({ type: 'timeout', detail: 'it took longer than 1 s and was ended' });
      expect(ran).toMatchObject({ output: expect.stringMatching(/^begun\n/) as string });
    });

    it('finds nothing to read, at once', async () => {
      const ran = await runFile(project, 'print(input("name? "))\n');
      expect(ran).toMatchObject({ type: 'exited', code: 1 });
      expect(ran).toMatchObject({ output: expect.stringMatching(/name\? .*EOFError/s) as string });
    });

    it('is told what went wrong, with its own lines and no others', async () => {
      const ran = await runFile(project, 'def fail():\n    return 1 / 0\nfail()\n');
      expect(ran).toMatchObject({ type: 'exited', code: 1 });
      const { output } = ran as { output: string };
      expect(output.match(/File ".*main\.py", line \d/g)).toHaveLength(2);
      expect(output).toMatch(/^Traceback .*\nZeroDivisionError: division by zero\n$/s);
      expect(output.match(/File /g)).toHaveLength(2);
    });

    it('may print ten megabytes, of which head and tail are shown', async () => {
      const ran = await runFile(project, 'print("first")\nprint("x" * 10_000_000)\nprint("last")\n');
      expect(ran).toMatchObject({ type: 'exited', code: 0, outputBytes: 10_000_012 });
      const { output } = ran as { output: string };
      expect(output.length).toBeLessThan(66_000);
      expect(output).toMatch(/^first\nx.*bytes left out.*x\nlast\n$/s);
    });

    it('does not begin where it is not there, or the folder is too large', async () => {
      const folder = await folderWith({ 'other.py': '' });
      for (const entry of ['main.py', '../other.py', '-c', '/etc/passwd', '']) {
        const ran = await project.run({ folder, entry, seconds: 5, signal });
        expect(ran).toMatchObject({
          type: 'unavailable',
          why: expect.stringMatching(/^there is no file/) as string,
        });
      }
      writeFileSync(path.join(folder, 'large'), Buffer.alloc(33 * 1024 * 1024));
      expect(await project.run({ folder, entry: 'other.py', seconds: 5, signal })).toMatchObject({
        type: 'unavailable',
        why: expect.stringMatching(
          /large cannot be taken into the sandbox: it is larger than 32 MB/,
        ) as string,
      });
    });

    it('is ended when nobody wants it any more', async () => {
      const controller = new AbortController();
      const folder = await folderWith({ 'main.py': 'import time\nprint("begun")\ntime.sleep(60)\n' });
      const running = project.run({
        ...{ folder, entry: 'main.py', seconds: 60, signal: controller.signal },
        onOutput: () => controller.abort(new Error('enough')),
      });
      await expect(running).rejects.toThrow('enough');
    });
  });
}

describe.skipIf(!present.some(({ name }) => name === 'bubblewrap'))('a program behind bubblewrap', () => {
  it('that dies of a signal is said to have', async () => {
    const project = await testProject();
    const segfault = await runFile(project, 'import ctypes\nprint("before")\nctypes.string_at(0)\n');
    expect(segfault).toMatchObject({
      type: 'killed',
      detail: 'it was killed by SIGSEGV: it read or wrote where no memory is',
    });
    expect((segfault as { output: string }).output).toMatch(/^before\n.*main\.py", line 3/s);
    const killsAll = await runFile(
      project,
      'import os\nos.kill(os.getppid(), 9)\nimport time\ntime.sleep(9)\n',
    );
    expect(killsAll).toMatchObject({
      type: 'killed',
      detail: expect.stringMatching(/^its sandbox ended/) as string,
    });
  });

  it('sees nothing behind links, and what it makes goes through none', async () => {
    const project = await testProject();
    const outside = await folderWith({ 'secret.txt': 'secret' });
    const folder = await folderWith({
      'main.py': `import os
os.makedirs("way", exist_ok=True)
for name in ("way/out.txt", "file.txt", "fine/out.txt"):
    os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
    open(name, "w").write("made")
os.symlink("/etc/passwd", "made-link")
print(sorted(os.listdir()), os.path.exists(${JSON.stringify(outside)}))
`,
    });
    symlinkSync(outside, path.join(folder, 'way'));
    symlinkSync(path.join(outside, 'secret.txt'), path.join(folder, 'file.txt'));
    const ran = await project.run({ folder, entry: 'main.py', seconds: 20, signal, keepFiles: folder });
    expect(ran).toMatchObject({ type: 'exited', code: 0, files: ['file.txt', 'fine/out.txt'] });
    expect((ran as { output: string }).output).toBe(
      "['file.txt', 'fine', 'made-link', 'main.py', 'way'] False\n",
    );
    expect(existsSync(path.join(outside, 'out.txt'))).toBe(false);
    expect(readFileSync(path.join(outside, 'secret.txt'), 'utf8')).toBe('secret');
    expect(existsSync(path.join(folder, 'made-link'))).toBe(false);
  });

  it('leaves nothing behind that goes on', async () => {
    const project = await testProject();
    const ran = await runFile(
      project,
      'import subprocess\nsubprocess.Popen(["sh", "-c", "sleep 60; echo late"], start_new_session=True)\nprint("done")\n',
    );
    expect(ran).toMatchObject({ type: 'exited', code: 0, output: 'done\n' });
    expect((ran as { ms: number }).ms).toBeLessThan(20_000);
  });
});

describe('blocks beside a project', () => {
  it('import and open what is in its folder, also after they have lost their interpreter', async () => {
    const project = await testProject({ tier: present[0]?.name ?? 'auto', policy: false });
    const folder = await folderWith({ 'fib.py': 'def fib(n): return n if n < 2 else fib(n-1) + fib(n-2)\n' });
    const session = await project.openSession({ folder });
    const block = (code: string) => ({ kind: 'test', number: 1, language: 'python', code }) as const;
    expect(await session.run(block('from fib import fib\nassert fib(10) == 55'))).toMatchObject({
      outcome: 'ok',
    });
    const wrong = await session.run(block('assert fib(10) == 54'));
    expect(wrong).toMatchObject({ outcome: 'failed', detail: expect.stringContaining('55 == 54') as string });
    const dies = { ...block('import os\nos._exit(1)'), kind: 'code' } as const;
    expect(await session.run(dies)).toMatchObject({ outcome: 'lost' });
    expect(await session.run(block('import fib\nassert fib.fib(5) == 5'))).toMatchObject({ outcome: 'ok' });
    await session.close();
  });
});
