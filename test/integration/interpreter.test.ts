import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Interpreter, RunOutcome } from '../../sidecar/interpreter.ts';
import { findTiers, python, startInterpreter } from '../support/tiers.ts';

const { present, absent } = await findTiers();

for (const { name, why } of absent) it.skip(`${name} is not tried: ${why}`);

/** Programs that plain python3 and every tier must agree on, to the byte. */
const programs = {
  numbers: `
import math, fractions, statistics, random
print(2 ** 200, 7 // -2, -7 % 3, 0.1 + 0.2, 1e22, 1 / 3)
print(math.factorial(25), math.isqrt(10 ** 30), math.gcd(84, 36), round(2.5), round(3.5))
print(fractions.Fraction(1, 3) + fractions.Fraction(1, 6), statistics.mean([1, 2, 3, 4]))
random.seed(7)
print([random.randint(0, 99) for _ in range(5)], random.random())
print(complex(1, 2) * complex(0, 1), float('inf') > 10 ** 400, math.nan == math.nan)`,
  text: `
import re, textwrap, json, string
s = 'Grüße, 世界 🙂'
print(s, len(s), s.encode(), s.upper(), s[::-1], repr(s), f'{3.14159:>10.2f}|{42:#x}|{"a":^5}|')
print(re.sub(r'(\\w+)', lambda m: m.group(1).title(), 'one two'), textwrap.wrap('a b c d e f', 5))
print(json.dumps({'b': [1, None, True], 'a': 'ü'}, sort_keys=True), string.ascii_lowercase[:5])
print('%s %05.1f %r' % ('x', 2.25, 'q'), 'a,b,,c'.split(','), '\\t'.expandtabs(4) + '|')`,
  classes: `
import abc, enum, functools, collections
class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...
class Square(Shape):
    def __init__(self, side): self.side = side
    def area(self): return self.side ** 2
    def __repr__(self): return f'Square({self.side})'
    def __eq__(self, other): return self.side == other.side
class Color(enum.Enum):
    RED = 1
    BLUE = 2
print(Square(3), Square(3).area(), Square(2) == Square(2), Color.RED, list(Color))
try:
    Shape()
except TypeError as error:
    print(type(error).__name__)
print(collections.Counter('abracadabra').most_common(2), functools.reduce(lambda a, b: a * b, range(1, 6)))`,
  generators: `
import itertools
def count():
    received = yield 1
    while True:
        received = yield (received or 0) * 2
g = count()
print(next(g), g.send(5), g.send(7))
print(list(itertools.islice((x * x for x in itertools.count() if x % 3), 6)), sum(range(100)))
def chain(*parts):
    for part in parts:
        yield from part
print(list(chain('ab', [1, 2])), list(zip('abc', range(3))))`,
  dataclasses: `
from dataclasses import dataclass, field, asdict, replace
@dataclass(order=True, frozen=True)
class Point:
    x: int
    y: int = 0
    tags: tuple = field(default=(), compare=False)
p = Point(1, 2, ('a',))
print(p, asdict(p), replace(p, x=9), sorted([Point(3), Point(1, 5)]), hash(p) == hash(Point(1, 2)))`,
  asyncio: `
import asyncio
async def work(name, delay):
    await asyncio.sleep(delay)
    return name
async def main():
    print(await asyncio.gather(work('a', 0.02), work('b', 0.01)))
    try:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(1)
    except TimeoutError:
        print('too late')
asyncio.run(main())`,
  decimals: `
from decimal import Decimal, getcontext, ROUND_HALF_UP
getcontext().prec = 40
print(Decimal(2).sqrt(), Decimal('0.1') + Decimal('0.2'), Decimal('2.675').quantize(Decimal('0.01'), ROUND_HALF_UP))`,
  matching: `
def describe(value):
    match value:
        case []: return 'empty'
        case [x]: return f'one {x}'
        case [x, *rest]: return f'{x} and {len(rest)} more'
        case {'kind': kind, **others}: return f'{kind} {sorted(others)}'
        case str() as s if s.isupper(): return 'loud'
        case int(n) | float(n): return f'number {n}'
        case _: return 'something'
print([describe(v) for v in ([], [1], [1, 2, 3], {'kind': 'a', 'b': 1}, 'HEY', 4, 2.5, None)])`,
  recursion: `
import functools, sys
@functools.cache
def fib(n): return n if n < 2 else fib(n - 1) + fib(n - 2)
print(fib(80))
def ackermann(m, n):
    if m == 0: return n + 1
    return ackermann(m - 1, 1 if n == 0 else ackermann(m, n - 1))
print(ackermann(2, 3))
def depth(n): return depth(n + 1)
try:
    depth(0)
except RecursionError as error:
    print(type(error).__name__)
def hanoi(n, a, b, c): return [] if n == 0 else hanoi(n - 1, a, c, b) + [(a, c)] + hanoi(n - 1, b, a, c)
print(len(hanoi(10, 'a', 'b', 'c')))`,
};

function runPlain(code: string): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'colloquy-test-'));
  try {
    writeFileSync(path.join(folder, 'program.py'), code);
    return execFileSync(python, ['program.py'], { cwd: folder, encoding: 'utf8' });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe.each(present.map((tier) => ({ tier, name: tier.name })))('on $name', ({ tier }) => {
  const start = (changes = {}): Promise<Interpreter> => startInterpreter(tier, changes);
  const code = (interpreter: Interpreter, text: string): Promise<RunOutcome> =>
    interpreter.run({ kind: 'code', language: 'python', code: text, name: 'code block 1 of turn 1' });
  const test = (interpreter: Interpreter, text: string): Promise<RunOutcome> =>
    interpreter.run({ kind: 'test', language: 'python', code: text, name: 'test block 1 of turn 1' });

  it('programs print what plain python3 prints', async () => {
    const interpreter = await start();
    for (const [title, program] of Object.entries(programs)) {
      const { outcome, output } = await code(interpreter, program);
      expect({ title, outcome, output }).toEqual({ title, outcome: 'ok', output: runPlain(program) });
    }
  });

  it('variables, functions, classes and imports live on', async () => {
    const interpreter = await start();
    await code(interpreter, 'import math\nx = 20\ndef half(n): return n / 2\nclass A: pass');
    expect(await code(interpreter, 'math.sqrt(half(x) + 6), A.__name__')).toMatchObject({
      outcome: 'ok',
      output: "(4.0, 'A')\n",
    });
  });

  it.each([
    ['shows the last value', '1 + 1', '2\n'],
    ['shows no None', 'None', ''],
    ['shows nothing behind a semicolon', '1 + 1;', ''],
    ['awaits outside of functions', 'import asyncio\nawait asyncio.sleep(0, "done")', "'done'\n"],
    [
      'keeps stdout and stderr in order',
      'import sys\nprint(1)\nprint(2, file=sys.stderr)\nprint(3)',
      '1\n2\n3\n',
    ],
    ['prints what is no valid text', "print('\\ud800')", '\\ud800\n'],
  ])('%s', async (_title, text, output) => {
    expect(await code(await start(), text)).toMatchObject({ outcome: 'ok', output });
  });

  it('an exception is told with its line, and nothing of the driver', async () => {
    const { outcome, output, detail } = await code(await start(), 'def f():\n    return 1 / 0\nf()');
    expect({ outcome, detail }).toEqual({ outcome: 'failed', detail: 'ZeroDivisionError: division by zero' });
    expect(output).toMatch(
      /^Traceback.*\n {2}File "<code block 1 of turn 1>", line 3, in <module>\n {4}f\(\)\n[^]*return 1 \/ 0\n/,
    );
    expect(output).not.toMatch(/driver|session\.py|_colloquy/);
  });

  it.each([
    ['an assertion that fails', 'assert 1 == 2', 'failed', /assert 1 == 2 \(1 == 2\)/],
    ['an exception', 'raise ValueError("no")', 'failed', /ValueError: no/],
    ['a syntax error', 'assert (', 'failed', /SyntaxError/],
    ['sys.exit(0)', 'import sys\nsys.exit(0)', 'failed', /sys\.exit\(0\).*must run to its end/],
    ['raise SystemExit', 'raise SystemExit', 'failed', /SystemExit/],
    ['os._exit(0)', 'import os\nos._exit(0)', 'lost', /session lost, variables gone/],
    ['nothing', '', 'failed', /nothing in this test/],
    ['a comment', '# all is well', 'failed', /nothing in this test/],
    ['pass', 'pass', 'failed', /nothing in this test/],
    ['a docstring', '"""All is well."""', 'failed', /nothing in this test/],
    ['a last line that is False', '1 == 2', 'failed', /the last line is False/],
    ['a function that nobody calls', 'def check(x):\n    assert x', 'failed', /only defines things/],
    ['a test function that fails', 'def test_it():\n    assert 1 > 2', 'failed', /assert 1 > 2/],
    [
      'a test function that waits and fails',
      'async def test_it():\n    assert False',
      'failed',
      /assert False/,
    ],
    [
      'a unittest that fails',
      'import unittest\nclass T(unittest.TestCase):\n    def test_it(self): self.assertTrue(0)',
      'failed',
      /1 of 1 unittest tests failed/,
    ],
  ])('a test does not pass with %s', async (_title, text, outcome, detail) => {
    const result = await test(await start(), text);
    expect(result.outcome).toBe(outcome);
    expect(result.detail).toMatch(detail);
  });

  it.each([
    ['assertions that hold', 'assert 1 == 1\nassert "a" in "abc"'],
    ['a last line that is True', '1 == 1'],
    ['a test function', 'def test_it():\n    assert 1 < 2'],
    ['a unittest', 'import unittest\nclass T(unittest.TestCase):\n    def test_it(self): self.assertTrue(1)'],
    [
      'an exception that is expected',
      'try:\n    1 / 0\n    assert False\nexcept ZeroDivisionError:\n    pass',
    ],
  ])('a test passes with %s', async (_title, text) => {
    expect(await test(await start(), text)).toMatchObject({ outcome: 'ok' });
  });

  it('a block that takes too long is stopped, and its variables are kept', async () => {
    const interpreter = await start({ seconds: 1 });
    await code(interpreter, 'x = 7');
    const stopped = await code(interpreter, 'n = 0\nwhile True: n += 1');
    expect(stopped).toMatchObject({
      outcome: 'timeout',
      detail: expect.stringContaining('variables are kept') as string,
    });
    expect(await test(interpreter, 'while True: pass')).toMatchObject({ outcome: 'timeout' });
    expect(await code(interpreter, 'x, n > 1000')).toMatchObject({ outcome: 'ok', output: '(7, True)\n' });
  });

  it('what was printed before the interpreter died is not lost', async () => {
    const interpreter = await start();
    const died = await code(interpreter, 'import os\nprint("so far")\nos._exit(3)');
    expect(died).toMatchObject({ outcome: 'lost', output: expect.stringMatching(/^so far\n/) as string });
    expect(interpreter.isAlive).toBe(false);
    expect(await code(interpreter, '1')).toMatchObject({ outcome: 'lost' });
  });

  it('a long output is shown by its head and tail, and kept whole', async () => {
    const { output, outputBytes, spool } = await code(
      await start({ outputKiB: 1 }),
      'for n in range(20000): print(n)',
    );
    expect(outputBytes).toBe(108_890);
    expect(output.length).toBeLessThan(1_200);
    expect(output).toMatch(/^0\n1\n2\n[^]*bytes left out[^]*19998\n19999\n$/);
    expect(spool?.bytes).toBe(108_890);
    spool?.remove();
  });

  it('files come out of the workspace as they are, and go back in', async () => {
    const interpreter = await start();
    const { files } = await code(
      interpreter,
      'import os\nos.makedirs("a/b")\nopen("a/b/x.bin", "wb").write(bytes(range(256)) * 4096)\nos.symlink("/etc/passwd", "link");',
    );
    expect(files).toEqual([{ path: 'a/b/x.bin', bytes: 1_048_576 }]);
    const pieces: Buffer[] = [];
    for await (const piece of interpreter.get('a/b/x.bin', 10_000_000)) pieces.push(piece);
    expect(
      Buffer.concat(pieces).equals(Buffer.from(Array.from({ length: 1_048_576 }, (_, i) => i % 256))),
    ).toBe(true);
    await interpreter.put('back/y.txt', Buffer.from('again'));
    expect(await code(interpreter, 'open("back/y.txt").read()')).toMatchObject({
      output: "'again'\n",
      files: [],
    });
    await expect(interpreter.put('../../out.txt', Buffer.from('x'))).rejects.toThrow();
    await expect(interpreter.get('/etc/passwd', 100).next()).rejects.toThrow();
    await expect(interpreter.get('link', 100).next()).rejects.toThrow();
  });

  it('code that replaces what the driver uses does it no harm', async () => {
    const interpreter = await start();
    await code(
      interpreter,
      'import builtins, json, sys, os\nsys.stdout = None\njson.dumps = json.loads = None\nopen = print = len = None\nbuiltins.repr = lambda x: "fooled"\nos.write = None',
    );
    expect((await code(interpreter, '40 + 2')).outcome).toBe('ok');
  });

  it('a value that cannot be shown fails its block and nothing else', async () => {
    const interpreter = await start();
    const { outcome, detail } = await code(
      interpreter,
      'class A:\n    def __repr__(self): raise KeyError("no")\nA()',
    );
    expect({ outcome, detail }).toEqual({ outcome: 'failed', detail: "KeyError: 'no'" });
    expect(await code(interpreter, '1')).toMatchObject({ outcome: 'ok' });
  });
});
