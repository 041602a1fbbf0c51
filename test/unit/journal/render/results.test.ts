import { expect, test } from 'vitest';
import {
  addressOf,
  compactResult,
  describeFiles,
  describeRun,
  shownFiles,
  verdictOf,
} from '../../../../journal/render/results.ts';
import { resultEvent } from '../../../support/execution.ts';

test.each([
  ['test', 'ok', 'passed', '✓', 'Test block 2: passed'],
  ['test', 'failed', 'failed', '✗', 'Test block 2: failed'],
  ['test', 'timeout', 'failed', '✗', 'Test block 2: timeout'],
  ['test', 'lost', 'failed', '✗', 'Test block 2: session lost'],
  ['test', 'refused', 'refused', '⊘', 'Test block 2: refused'],
  ['test', 'unavailable', 'refused', '⊘', 'Test block 2: not run'],
  ['code', 'ok', 'done', '', 'Code block 2'],
  ['code', 'failed', 'failed', '✗', 'Code block 2: failed'],
] as const)('a %s block that is %s', (kind, outcome, look, symbol, words) => {
  expect(verdictOf({ kind, outcome, number: 2 })).toEqual({ look, symbol, words });
});

test('the small print says how long it took, under which tier, and how much there was to read', () => {
  expect(describeRun(resultEvent({ output: 'x', ms: 0.2 }))).toEqual(['1 ms', 'bubblewrap']);
  expect(describeRun(resultEvent())).toEqual(['no output', '12 ms', 'bubblewrap']);
  expect(describeRun(resultEvent({ output: 'x', outputBytes: 3_100_000, ms: 1_234 }))).toEqual([
    '1.2 s',
    'bubblewrap',
    '3.1 MB of output',
  ]);
  expect(describeRun(resultEvent({ outcome: 'refused', tier: 'x\u001b[2J\n' }))).toEqual(['x␛[2J ']);
});

test('a result below a later turn says whose it is', () => {
  expect(describeRun(resultEvent({ output: 'x' }), 1)).not.toContain('turn 1');
  expect(describeRun(resultEvent({ output: 'x' }), 2)[0]).toBe('turn 1');
});

test.each([
  ['fib.png', 'workspace/fib.png'],
  ['out/a b.csv', 'workspace/out/a%20b.csv'],
  ['javascript:alert(1).txt', 'workspace/javascript%3Aalert%281%29.txt'],
  ['a?b#c.txt', 'workspace/a%3Fb%23c.txt'],
  ['*_~!\'"<|`[].md', 'workspace/%2A%5F%7E%21%27%22%3C%7C%60%5B%5D.md'],
  ['%2e%2e/x.txt', 'workspace/%252e%252e/x.txt'],
  ['a\nb.txt', 'workspace/a%0Ab.txt'],
])('%j can be linked to', (path, address) => {
  expect(addressOf({ path })).toBe(address);
  expect(new URL(addressOf({ path }) ?? '', 'file:///m/transcript.html').href).toBe(`file:///m/${address}`);
});

test.each([
  ...['page.html', 'page.HTM', 'drawing.svg', 'x.xhtml', 'run.sh', 'a.png.exe', 'noending', 'x.js', '.png/'],
  ...['../journal.jsonl', 'a/../b.txt', './a.txt', '/etc/passwd.txt', 'a//b.txt', 'a\\b.txt', '\ud800.txt'],
])('%j is only named', (path) => {
  expect(addressOf({ path })).toBeUndefined();
});

test('of many files the figures come first, and the rest is counted', () => {
  const files = Array.from({ length: 40 }, (_, index) => ({ path: `${index}.txt`, bytes: index }));
  const result = { files: [...files, { path: 'fig.PNG', bytes: 12_345 }] };
  expect(shownFiles(result)).toHaveLength(30);
  expect(describeFiles(result)).toMatch(
    /^Files: fig\.PNG \(12 KB\), 0\.txt \(0 bytes\), 1\.txt \(1 byte\), .*, 11 more files$/,
  );
});

test('in brief: the verdict and the first lines, none of them longer than there is room', () => {
  const output = Array.from({ length: 20 }, (_, index) => `${index} ${'😀'.repeat(100)}`).join('\n');
  const { title, lines } = compactResult(
    resultEvent({ kind: 'test', outcome: 'failed', detail: 'AssertionError: \u001b[2J', output }),
    60,
  );
  expect(title).toBe('✗ Test block 1: failed (12 ms, bubblewrap)');
  expect(lines).toHaveLength(10);
  expect(lines[0]).toBe('AssertionError: ␛[2J');
  expect(lines.at(-1)).toBe('… 12 more lines');
  for (const line of lines) {
    expect(line.length).toBeLessThanOrEqual(60);
    expect(line).not.toMatch(/[\ud800-\udbff](?![\udc00-\udfff])/);
  }
});
