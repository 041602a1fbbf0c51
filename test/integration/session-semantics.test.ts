import { describe, expect, it } from 'vitest';
import type { BlockKind, Language } from '../../journal/block.ts';
import { findTiers, startInterpreter } from '../support/tiers.ts';

const { present, absent } = await findTiers(['bubblewrap', 'deno']);
for (const { name, why } of absent) it.skip(`${name} is not tried: ${why}`);

describe.each(present.map((tier) => ({ tier, name: tier.name })))('on $name', ({ tier }) => {
  const start = async (): Promise<
    (
      code: string,
      kind?: BlockKind,
      language?: Language,
    ) => Promise<{ outcome: string; detail?: string; output: string }>
  > => {
    const interpreter = await startInterpreter(tier);
    return (code, kind = 'code', language = 'python') =>
      interpreter.run({ code, kind, language, name: 'block' });
  };

  it.each([
    [
      'a pytest class that fails',
      'EXPECTED = 1\nclass TestIt:\n    def test_it(self): assert 0 == EXPECTED',
      /0 == EXPECTED/,
    ],
    [
      'a test that waits for a fixture',
      'N = 1\ndef test_it(expected): assert False',
      /test_it needs arguments \(expected\)/,
    ],
    ['a check that nobody calls', 'N = 1\ndef check(): assert False', /only defines things/],
    [
      'a decorated test that fails',
      'def d(f):\n    return lambda: f()\n@d\ndef test_it(): assert 1 == 2',
      /1 == 2/,
    ],
    ['a generator that fails at its end', 'def test_it():\n    yield 1\n    assert False', /assert False/],
    ['a coroutine as the last value', 'async def check(): assert 1 == 2\ncheck()', /1 == 2/],
    [
      'unittest.main and a failing case',
      'import unittest\nclass T(unittest.TestCase):\n    def test_it(self): self.assertEqual(1, 2)\nif __name__ == "__main__":\n    unittest.main()',
      /1 of 1 unittest tests failed/,
    ],
    [
      'nothing but skipped tests',
      'import unittest\nclass T(unittest.TestCase):\n    @unittest.skip("later")\n    def test_it(self): pass',
      /no unittest test was run/,
    ],
    [
      'doctest results that tell of failures',
      'import doctest\nclass R: failed = 2\nR()',
      /2 of the tests failed/,
    ],
  ])('a test does not pass with %s', async (_title, code, detail) => {
    const run = await start();
    const result = await run(code, 'test');
    expect(result.outcome).toBe('failed');
    expect(result.detail).toMatch(detail);
  });

  it.each([
    ['a pytest class', 'class TestIt:\n    def test_it(self): assert 1'],
    [
      'unittest.main at its end',
      'import unittest\nclass T(unittest.TestCase):\n    def test_it(self): self.assertEqual(1, 1)\nif __name__ == "__main__":\n    unittest.main()',
    ],
    [
      'a table of cases for a function with arguments',
      'def test_sum(a, b, c): assert a + b == c\nfor case in [(1, 2, 3), (2, 2, 4)]: test_sum(*case)',
    ],
  ])('a test passes with %s', async (_title, code) => {
    const run = await start();
    expect(await run(code, 'test')).toMatchObject({ outcome: 'ok' });
  });

  it('what asserts compare does not stay behind', async () => {
    const run = await start();
    await run('assert 1 == 2', 'test');
    expect((await run('sorted(name for name in globals() if not name.startswith("_"))')).output).toBe('[]\n');
  });

  it('a closed stdout is opened again for the next block', async () => {
    const run = await start();
    await run('import sys\nsys.stdout.close()');
    expect(await run('print("here")')).toMatchObject({ outcome: 'ok', output: 'here\n' });
  });

  it('files beyond two hundred come with the next block, and those that are gone are told', async () => {
    const interpreter = await startInterpreter(tier);
    const run = (code: string) => interpreter.run({ kind: 'code', language: 'python', code, name: 'block' });
    expect((await run('for n in range(250): open(f"{n}.txt", "w").close()')).files).toHaveLength(200);
    expect((await run('pass')).files).toHaveLength(50);
    const { files, deleted } = await run('import os\nos.remove("7.txt")');
    expect({ files, deleted }).toEqual({ files: [], deleted: ['7.txt'] });
  });
});

const native = present.filter(({ name }) => name === 'bubblewrap');
describe.each(native.map((tier) => ({ tier, name: tier.name })))('on $name, Bash', ({ tier }) => {
  it.each([
    ['a pipe that breaks early', 'false | true', /left with status 1/],
    ['a return before the end', 'return 0', /must run to its end/],
    ['exit 0', 'exit 0', /must run to its end/],
    ['a command that fails', 'false\ntrue', /left with status 1/],
  ])('a test does not pass with %s', async (_title, code, detail) => {
    const interpreter = await startInterpreter(tier);
    const result = await interpreter.run({ kind: 'test', language: 'bash', code, name: 'block' });
    expect(result.outcome).toBe('failed');
    expect(result.detail).toMatch(detail);
  });

  it('keeps variables, functions and the folder, whatever traps the code sets', async () => {
    const interpreter = await startInterpreter(tier);
    const run = (code: string) => interpreter.run({ kind: 'code', language: 'bash', code, name: 'block' });
    await run('x=1\ngreet() { echo "hello $1"; }\nmkdir -p sub; cd sub');
    await run('trap "echo bye" EXIT\nx=2');
    expect((await run('greet $x; basename "$PWD"')).output).toBe('hello 2\nsub\n');
  });

  it('processor time is told as such', async () => {
    const interpreter = await startInterpreter(tier, { cpuSeconds: 1 });
    const result = await interpreter.run({
      kind: 'code',
      language: 'python',
      code: 'while True: pass',
      name: 'block',
    });
    expect(result).toMatchObject({ outcome: 'timeout' });
    expect(result.detail).toMatch(/used more than 1 s of processor time/);
  });
});
