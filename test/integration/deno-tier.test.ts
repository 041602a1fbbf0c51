import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { Interpreter, type RunOutcome } from '../../sidecar/interpreter.ts';
import { createDenoTier } from '../../sidecar/tiers/deno.ts';
import { findDenoFiles } from '../../sidecar/tiers/deno-files.ts';
import { denoCommand, denoEnvironment, placesOutside } from '../../sidecar/tiers/deno-wall.ts';
import { treeMemoryKiB } from '../../sidecar/tiers/process-tree.ts';
import type { Limits } from '../../sidecar/tiers/tier.ts';

const limits: Limits = {
  seconds: 2,
  cpuSeconds: 10,
  memoryMiB: 512,
  outputKiB: 64,
  processes: 64,
  openFiles: 256,
  diskMiB: 64,
};
const tier = createDenoTier();
const bare = createDenoTier({ inBubblewrap: false, useSnapshot: false });
const problem = (await tier.prepare()) ?? (await bare.prepare());

let shared: Interpreter;

describe.skipIf(problem !== undefined)(
  `the embedded tier${problem === undefined ? '' : ` (${problem})`}`,
  () => {
    beforeAll(async () => {
      shared = await Interpreter.start(tier, limits);
    });
    afterAll(() => shared?.close());

    describe('runs Python', () => {
      test('and keeps variables, functions and imports from block to block', async () => {
        await python('import math\nx = 20\ndef double(n):\n    return 2 * n');
        expect(await python('double(x) + math.floor(2.5)')).toMatchObject({ outcome: 'ok', output: '42\n' });
        expect(await python('__name__')).toMatchObject({ output: "'__main__'\n" });
      });

      test('and shows the last value, but not None, and nothing before a semicolon', async () => {
        expect((await python('None')).output).toBe('');
        expect((await python('5;')).output).toBe('');
        expect((await python('[1, "a"]')).output).toBe("[1, 'a']\n");
      });

      test('and awaits at top level, in tasks and through asyncio.run', async () => {
        const code = 'import asyncio\nasync def f():\n    await asyncio.sleep(0.01)\n    return 7\n';
        expect((await python(`${code}await f()`)).output).toBe('7\n');
        expect((await python('asyncio.run(f()) + 1')).output).toBe('8\n');
        expect((await python('sum(await asyncio.gather(f(), f()))')).output).toBe('14\n');
      });

      test('and shows an exception with the lines of the block and no frames of the driver', async () => {
        const { outcome, detail, output } = await python('def f():\n    return 1 / 0\nf()');
        expect({ outcome, detail }).toEqual({
          outcome: 'failed',
          detail: 'ZeroDivisionError: division by zero',
        });
        expect(output).toContain('File "<code block 1 of turn 3>", line 2, in f\n    return 1 / 0');
        expect(output).not.toMatch(/_colloquy|pyodide|blob:/);
      });

      test('and prints stdout and stderr in order', async () => {
        const code = 'import sys\nfor i in range(3):\n    print(i)\n    print("e", i, file=sys.stderr)';
        expect((await python(code)).output).toBe('0\ne 0\n1\ne 1\n2\ne 2\n');
      });

      test('and says that leaving early is no pass', async () => {
        const detail = 'SystemExit: the code called sys.exit(0); a test must run to its end';
        expect(await python('import sys\nsys.exit(0)', 'test')).toMatchObject({ outcome: 'failed', detail });
        const inTask = 'import asyncio, sys\nasync def f():\n    sys.exit(0)\nasyncio.run(f())';
        expect(await python(inTask, 'test')).toMatchObject({ outcome: 'failed', detail });
        expect(await python('1')).toMatchObject({ outcome: 'ok' });
      });

      test('and does not break on a value that cannot be shown', async () => {
        const code = 'class Bad:\n    def __repr__(self):\n        raise ValueError("no")\nBad()';
        expect(await python(code)).toMatchObject({ outcome: 'failed', detail: 'ValueError: no' });
      });

      test('and recurses as deep as Python allows', async () => {
        expect((await python('def f(n):\n    return n and 1 + f(n - 1)\nf(900)')).output).toBe('900\n');
        expect((await python('def f(n):\n    return f(n + 1)\nf(0)')).detail).toMatch(/^RecursionError/);
      });

      test('and refuses a block that is no text at all without breaking', async () => {
        expect(await python('assert "\ud800\0"', 'test')).toMatchObject({ outcome: 'failed' });
        expect(await python('1')).toMatchObject({ outcome: 'ok' });
      });
    });

    describe('runs tests', () => {
      test.each([
        ['an assertion that holds', 'assert 1 + 1 == 2', 'ok'],
        ['an assertion that does not', 'assert 1 + 1 == 3', 'failed'],
        ['a function that looks like a test', 'def test_it():\n    assert False', 'failed'],
        ['a coroutine that looks like a test', 'async def test_it():\n    assert False', 'failed'],
        [
          'a TestCase',
          'import unittest\nclass T(unittest.TestCase):\n    def test_it(self):\n        self.assertEqual(1, 2)',
          'failed',
        ],
      ] as const)('of %s', async (_, code, outcome) => {
        expect(await python(code, 'test')).toMatchObject({ outcome });
      });

      test('and fails an empty one, and one that ends with False', async () => {
        expect(await python('# later\npass', 'test')).toMatchObject({
          outcome: 'failed',
          detail: 'there is nothing in this test',
        });
        expect((await python('1 == 2', 'test')).detail).toMatch(/^the last line is False/);
      });
    });

    describe('stops', () => {
      test.each([
        ['a loop', 'while True:\n    pass'],
        ['a regular expression', 'import re\nre.match("(a+)+$", "a" * 40 + "b")'],
        ['a sleep', 'import time\ntime.sleep(60)'],
        ['an await', 'import asyncio\nawait asyncio.sleep(60)'],
        ['asyncio.run', 'import asyncio\nasyncio.run(asyncio.sleep(60))'],
        ['a loop in a coroutine', 'async def f():\n    while True:\n        pass\nawait f()'],
      ])('%s that takes too long, and keeps the variables', async (_, code) => {
        await python('kept = 17');
        const { outcome, detail, output } = await python(code);
        expect({ outcome, detail }).toEqual({
          outcome: 'timeout',
          detail: "took longer than 2 s and was stopped; the session's variables are kept",
        });
        expect(output).toContain('File "<code block 1 of turn 3>"');
        expect(output).not.toMatch(/_colloquy|blob:|CancelledError/);
        expect((await python('kept')).output).toBe('17\n');
      });

      test('code that does not want to be stopped by ending its interpreter', async () => {
        const interpreter = await start();
        const code = 'while True:\n    try:\n        while True: pass\n    except BaseException: pass';
        expect(await python(code, 'test', interpreter)).toMatchObject({ outcome: 'lost' });
      });
    });

    describe('keeps files', () => {
      test('in the workspace, tells which are new or changed, and hands them over in pieces', async () => {
        const interpreter = await start();
        const write =
          'import os\nos.makedirs("a", exist_ok=True)\nopen("a/b.bin", "wb").write(b"xy" * 400_000);';
        expect(await python(write, 'code', interpreter)).toMatchObject({
          files: [{ path: 'a/b.bin', bytes: 800_000 }],
        });
        expect(await python('os.getcwd()', 'code', interpreter)).toMatchObject({
          files: [],
          output: "'/workspace'\n",
        });
        const pieces: Buffer[] = [];
        for await (const piece of interpreter.get('a/b.bin', 1_000_000)) pieces.push(piece);
        expect(Buffer.concat(pieces).equals(Buffer.from('xy'.repeat(400_000)))).toBe(true);
      });

      test('that the host puts there, and lets them be imported', async () => {
        const interpreter = await start();
        await interpreter.put('helper.py', Buffer.from('answer = 42\n'));
        const { output, files } = await python('import helper\nhelper.answer', 'code', interpreter);
        expect({ output, files }).toEqual({ output: '42\n', files: [] });
      });

      test('inside the workspace only', async () => {
        await expect(shared.put('../etc/x', Buffer.from('x'))).rejects.toThrow('not in the workspace');
        await python('import os\nos.symlink("/lib", "out")');
        await expect(shared.put('out/x', Buffer.from('x'))).rejects.toThrow('not in the workspace');
        await expect(shared.get('/etc/passwd', 10).next()).rejects.toThrow('not in the workspace');
      });

      test('up to the limit, counting what is gone no more', async () => {
        const interpreter = await start({ seconds: 10 });
        const grow =
          'with open("big", "wb") as file:\n    for _ in range(200):\n        file.write(b"x" * 1_000_000)';
        expect((await python(grow, 'code', interpreter)).detail).toMatch(/^OSError: .*No space left/);
        const again =
          'import os\nfor _ in range(5):\n    os.remove("big")\n    with open("big", "wb") as file:\n        file.write(b"x" * 50_000_000)';
        expect(await python(again, 'code', interpreter)).toMatchObject({ outcome: 'ok' });
      });
    });

    describe('runs JavaScript', () => {
      test('and keeps what blocks declare, which may be declared anew', async () => {
        await javascript(
          'let a = 1; const b = [1, 2]; function f() { return a + 1 }\nclass C { g() { return b } }',
        );
        expect((await javascript('const a = 5\nf() + new C().g().length')).output).toBe('8\n');
      });

      test('and awaits at top level, keeping what is declared beside it', async () => {
        await javascript(
          'const { p, q: [r] } = await Promise.resolve({ p: 1, q: [2] })\nconst inc = () => p + r',
        );
        expect((await javascript('p = 10\ninc()')).output).toBe('12\n');
      });

      test('and prints values and what the console is given', async () => {
        const { output } = await javascript(
          'console.log("hi", { a: 1 }); console.error("oh");\n[1, 2].map(String)',
        );
        expect(output).toBe('hi { a: 1 }\noh\n[ "1", "2" ]\n');
      });

      test('and shows an exception without frames of the driver', async () => {
        const { outcome, detail, output } = await javascript('const nothing = null;\nnothing.x');
        expect({ outcome, detail }).toEqual({
          outcome: 'failed',
          detail: "TypeError: Cannot read properties of null (reading 'x')",
        });
        expect(output).toContain('code block 1 of turn 3:2');
        expect(output).not.toMatch(/blob:|ext:/);
      });

      test.each([
        ['an assertion that holds', 'import assert from "node:assert";\nassert.equal(1, 1)', 'ok'],
        ['an assertion that does not', 'assert.equal(1, 2)', 'failed'],
        ["a console's assertion", 'console.assert(1 === 2)', 'failed'],
        ['a function that looks like a test', 'const testIt = async () => assert(false)', 'failed'],
        ['a rejection nobody catches', 'void Promise.reject(new Error("x"))', 'failed'],
        ['nothing', '// later', 'failed'],
        ['False', '1 === 2', 'failed'],
        ['Deno.exit(0)', 'Deno.exit(0)', 'failed'],
        ['process.exit(0)', 'process.exit(0)', 'failed'],
      ] as const)('as a test of %s', async (_, code, outcome) => {
        expect(await javascript(code, 'test')).toMatchObject({ outcome });
      });

      test('and ends the JavaScript session that takes too long, not the Python one', async () => {
        await python('kept = 3');
        await javascript('let gone = 1');
        expect(await javascript('for (;;) {}')).toMatchObject({
          outcome: 'failed',
          detail: 'took longer than 2 s; the JavaScript session was ended, its variables are gone',
        });
        expect((await javascript('typeof gone')).output).toBe('"undefined"\n');
        expect((await python('kept')).output).toBe('3\n');
      });

      test.each([
        'await import("node:fs")',
        'import fs from "node:fs"',
        'require("node:child_process")',
        'new Worker("data:text/javascript,1")',
        'fetch("http://127.0.0.1:9")',
        'new WebSocket("ws://127.0.0.1:9")',
        'Deno.readTextFileSync("/etc/passwd")',
        'process.getBuiltinModule("fs")',
        'eval("1")',
        '(() => {}).constructor("return this")()',
        'postMessage("x")',
        'localStorage.setItem("a", "b")',
        'new BroadcastChannel("x")',
      ])('and has nothing to reach out with: %s', async (code) => {
        expect(await javascript(code)).toMatchObject({ outcome: 'failed' });
      });
    });

    describe('keeps Python from reaching out', () => {
      let patient: Interpreter;
      // Some of it imports half of the standard library first.
      beforeAll(async () => {
        patient = await Interpreter.start(tier, { ...limits, seconds: 10 });
      });
      afterAll(() => patient?.close());

      test.each([
        'js.process.env',
        'js.Deno.env',
        'js.Deno.Command',
        'js.Deno.dlopen',
        'js.Deno.openKv()',
        'js.Deno.kill',
        'js.fetch("http://127.0.0.1:9")',
        'js.WebSocket.new("ws://127.0.0.1:9")',
        'js.Worker.new("data:text/javascript,1")',
        'js.localStorage.setItem("a", "b")',
        'js.caches.open("x")',
        'js.BroadcastChannel.new("x")',
        'js.postMessage("x")',
        'js.eval("1")',
        'js.Function("return Deno")()',
        'js.Object.constructor.new("return Deno")()',
        '__import__("pyodide.code").code.run_js("import(\'node:fs\')")',
        '__import__("pyodide_js").mountNodeFS("/mnt", "/etc")',
        '__import__("pyodide_js").FS.mount(__import__("pyodide_js").FS.filesystems.NODEFS, {}, "/mnt")',
        'await __import__("pyodide_js").loadPackage("numpy")\nimport numpy',
        'await __import__("pyodide.http").http.pyfetch("http://127.0.0.1:9")',
        '__import__("urllib.request").request.urlopen("http://127.0.0.1:9")',
        '__import__("socket").create_connection(("127.0.0.1", 9), 1)',
        '__import__("subprocess").run(["true"])',
        '__import__("os").system("true") and 1 / 0',
        'open("/etc/passwd")',
        'open("/proc/self/environ")',
      ])('by %s', async (code) => {
        expect(await python(`import js\n${code}`, 'code', patient)).toMatchObject({ outcome: 'failed' });
      });

      test('when it leaves by os._exit(0), and does not count that as a pass', async () => {
        const interpreter = await start();
        expect(await python('import os\nos._exit(0)', 'test', interpreter)).toMatchObject({
          outcome: 'lost',
        });
      });
    });

    test('two sessions draw different random numbers', async () => {
      const code = 'import random, uuid\n(random.random(), uuid.uuid4().hex, random.Random().random())';
      const [one, two] = await Promise.all([
        python(code, 'code', await start()),
        python(code, 'code', await start()),
      ]);
      expect(one.outcome).toBe('ok');
      expect(one.output).not.toBe(two.output);
    });

    test.each([
      ['Python objects', 'kept = []\nfor _ in range(50):\n    kept.append(bytearray(b"x") * 50_000_000)'],
      ['one object', 'kept = bytearray(2_500_000_000)'],
      [
        'a file',
        'with open("big", "wb") as file:\n    for _ in range(1_500):\n        file.write(b"x" * 1_000_000)',
      ],
      ['a file that is stretched', 'with open("big", "wb") as file:\n    file.truncate(1_500_000_000)'],
      [
        "JavaScript's memory",
        'import js\nkept = []\nfor _ in range(25):\n    part = js.Uint8Array.new(100_000_000)\n    part.fill(1)\n    kept.append(part)',
      ],
    ])('%s cannot take the memory of the machine', async (_, code) => {
      const interpreter = await start({ seconds: 10 });
      let peakKiB = 0;
      const timer = setInterval(() => (peakKiB = Math.max(peakKiB, treeMemoryKiB(interpreter.pid))), 20);
      const { outcome } = await python(code, 'code', interpreter);
      clearInterval(timer);
      expect(['failed', 'lost']).toContain(outcome);
      expect(peakKiB).toBeLessThan(1_400 * 1024);
    });

    test('without bubblewrap and snapshot it works as well', async () => {
      const interpreter = await start({ seconds: 20 }, bare);
      expect(await python('1 + 1', 'test', interpreter)).toMatchObject({ outcome: 'ok', output: '2\n' });
      expect(await python('open("/etc/passwd")', 'code', interpreter)).toMatchObject({ outcome: 'failed' });
      expect((await javascript('6 * 7', 'code', interpreter)).output).toBe('42\n');
    });

    test.runIf(process.getuid?.() === 0 && process.platform === 'linux')(
      'it does not stay root',
      async () => {
        const interpreter = await start({ seconds: 20 }, bare);
        const status = readFileSync(`/proc/${interpreter.pid}/status`, 'utf8');
        expect(/^Uid:\s+(\d+)\s+(\d+)\s+(\d+)\s+(\d+)/m.exec(status)?.slice(1)).not.toContain('0');
      },
    );

    test('Deno itself refuses what a worker that ran any JavaScript at all would try', async () => {
      const { refusals, visits, written } = await attackDeno();
      expect(refusals.length).toBeGreaterThan(20);
      expect(refusals.filter((line) => !line.endsWith(' refused'))).toEqual([]);
      expect({ visits, written }).toEqual({ visits: 0, written: [] });
    });
  },
);

function python(code: string, kind: 'code' | 'test' = 'code', interpreter = shared): Promise<RunOutcome> {
  return interpreter.run({ kind, language: 'python', code, name: 'code block 1 of turn 3' });
}

function javascript(code: string, kind: 'code' | 'test' = 'code', interpreter = shared): Promise<RunOutcome> {
  return interpreter.run({ kind, language: 'javascript', code, name: 'code block 1 of turn 3' });
}

async function start(changes: Partial<Limits> = {}, from = tier): Promise<Interpreter> {
  const interpreter = await Interpreter.start(from, { ...limits, ...changes });
  onTestFinished(() => interpreter.close());
  return interpreter;
}

/** Runs a hostile worker with nothing scrubbed away, behind the flags and the environment of the tier. */
async function attackDeno(): Promise<{ refusals: string[]; visits: number; written: string[] }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'colloquy-deno-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  let visits = 0;
  const server = net.createServer((socket) => {
    visits++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const { port } = server.address() as net.AddressInfo;
  writeFileSync(path.join(folder, 'worker.js'), hostileWorker(port, folder));
  writeFileSync(path.join(folder, 'driver.js'), hostileDriver);
  const files = findDenoFiles();
  const places = { ...placesOutside(files, undefined, limits), driver: path.join(folder, 'driver.js') };
  const [deno = '', ...args] = denoCommand({ ...places, readable: [folder] }, 256).map((argument) =>
    // The hostile code is a string to nobody here, and it may import whatever there is.
    argument.replace('--disallow-code-generation-from-strings,', ''),
  );
  const before = readdirSync(folder);
  const { stdout } = await promisify(execFile)(deno, args, {
    env: denoEnvironment,
    cwd: '/',
    timeout: 60_000,
  });
  await new Promise((resolve) => setTimeout(resolve, 50));
  const written = readdirSync(folder).filter((name) => !before.includes(name));
  if (existsSync('/tmp/colloquy-escape')) written.push('/tmp/colloquy-escape');
  return { refusals: stdout.trim().split('\n'), visits, written };
}

const hostileDriver = `
const worker = new Worker(new URL('worker.js', import.meta.url), { type: 'module', deno: { permissions: 'none' } });
worker.onmessage = ({ data }) => {
  if (data === 'ready') {
    Deno.permissions.revokeSync({ name: 'read' });
    return worker.postMessage('go');
  }
  console.log(data);
  Deno.exit(0);
};
`;

function hostileWorker(port: number, folder: string): string {
  const address = `127.0.0.1:${port}`;
  const attacks: Record<string, string> = {
    'read a file': `Deno.readTextFileSync('/etc/passwd')`,
    'read its own folder': `Deno.readTextFileSync('${folder}/driver.js')`,
    'read by node:fs': `(await import('node:fs')).readFileSync('/etc/passwd')`,
    'write a file': `Deno.writeTextFileSync('/tmp/colloquy-escape', 'x')`,
    'write by node:fs': `(await import('node:fs')).writeFileSync('/tmp/colloquy-escape', 'x')`,
    'open stdout anew': `Deno.openSync('/dev/stdout', { write: true })`,
    'import a file': `await import('file:///etc/passwd')`,
    'import from the network': `await import('http://${address}/x.js')`,
    'import from npm': `await import('npm:left-pad')`,
    'import from jsr': `await import('jsr:@std/assert')`,
    fetch: `await fetch('http://${address}/')`,
    'fetch a file': `await fetch('file:///etc/passwd')`,
    WebSocket: `new WebSocket('ws://${address}/')`,
    'Deno.connect': `await Deno.connect({ hostname: '127.0.0.1', port: ${port} })`,
    'node:net': `await new Promise((resolve, reject) => { const socket = net.connect(${port}, '127.0.0.1', resolve); socket.on('error', reject); })`,
    'a socket in the file system': `await Deno.connect({ transport: 'unix', path: '/run/x' })`,
    listen: `Deno.listen({ port: 0 })`,
    dns: `await Deno.resolveDns('localhost', 'A')`,
    environment: `Deno.env.toObject()`,
    'environment by Node': `JSON.stringify({ ...process.env })`,
    'a command': `new Deno.Command('/bin/true').outputSync()`,
    'a command by Node': `(await import('node:child_process')).execFileSync('/bin/true')`,
    dlopen: `Deno.dlopen('libc.so.6', {})`,
    'dlopen by Node': `process.dlopen({ exports: {} }, 'libc.so.6')`,
    kill: `Deno.kill(1, 'SIGCONT')`,
    'kill by Node': `process.kill(1, 0)`,
    openKv: `await Deno.openKv()`,
    localStorage: `localStorage.setItem('a', 'b')`,
    caches: `await caches.open('x')`,
    'a database': `new (await import('node:sqlite')).DatabaseSync('/tmp/colloquy-escape')`,
    'the name of the machine': `Deno.hostname()`,
    inspector: `(await import('node:inspector')).open(0, '127.0.0.1')`,
    'a worker with more permissions': `new Worker('data:text/javascript,', { type: 'module', deno: { permissions: { read: true } } })`,
    'asking for a permission': `if ((await Deno.permissions.request({ name: 'read' })).state !== 'granted') throw 1`,
  };
  const lines = Object.entries(attacks).map(
    ([name, code]) =>
      `try { ${code}; lines.push(${JSON.stringify(`${name} worked`)}); } catch { lines.push(${JSON.stringify(`${name} refused`)}); }`,
  );
  return `
import net from 'node:net';
import process from 'node:process';
onmessage = async () => {
  const lines = [];
  ${lines.join('\n  ')}
  postMessage(lines.join('\\n'));
};
postMessage('ready');
`;
}
