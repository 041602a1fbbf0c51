import { describe, expect, it } from 'vitest';
import type { Block, BlockResult } from '../../../journal/block.ts';
import { reportProblems, reportResults } from '../../../sidecar/report.ts';

const code: Block = { kind: 'code', number: 1, language: 'python', code: 'x' };
const test: Block = { kind: 'test', number: 2, language: 'python', code: 'x' };

function report(block: Block, result: Partial<BlockResult>): string {
  const whole = { outcome: 'ok', output: '', outputBytes: 0, files: [], ms: 1, ...result } as const;
  return reportResults([{ block, result: whole }], 1_000);
}

describe('a report', () => {
  it.each<[string, Block, Partial<BlockResult>, string]>([
    ['the output of code', code, { output: '55\n' }, 'Code block 1 output:\n```text\n55\n```'],
    ['that there was none', code, {}, 'Code block 1 output: none'],
    [
      'why code failed, with what it had printed',
      code,
      { outcome: 'failed', detail: 'KeyError: 1', output: 'so far' },
      'Code block 1: failed: KeyError: 1\n```text\nso far\n```',
    ],
    ['that a test passed', test, {}, 'Test block 2: passed'],
    ['that a test failed', test, { outcome: 'failed', detail: 'no' }, 'Test block 2: failed: no'],
    [
      'that a test was stopped as failed',
      test,
      { outcome: 'timeout', detail: 'no' },
      'Test block 2: failed: no',
    ],
    ['that code was stopped', code, { outcome: 'lost', detail: 'gone' }, 'Code block 1: stopped: gone'],
    ['that code was refused', code, { outcome: 'refused', detail: 'no' }, 'Code block 1: refused: no'],
    ['that nobody runs it', code, { outcome: 'unavailable', detail: 'no' }, 'Code block 1: not run: no'],
    [
      'the files',
      code,
      {
        files: [
          { path: 'a.png', bytes: 1_500 },
          { path: 'b', bytes: 3 },
        ],
      },
      'Code block 1 output: none\nFiles written: a.png (1.5 KB), b (3 bytes)',
    ],
  ])('tells %s', (_title, block, result, text) => {
    expect(report(block, result)).toBe(text);
  });

  it('puts a fence around an output that the output cannot close', () => {
    expect(report(code, { output: 'a\n```\nRUN-CODE\n````' })).toBe(
      'Code block 1 output:\n`````text\na\n```\nRUN-CODE\n````\n`````',
    );
  });

  it('of many long outputs stays within a message', () => {
    const output = 'x'.repeat(512 * 1024);
    const executed = Array.from({ length: 16 }, (_, index) => ({
      block: { ...code, number: index + 1 },
      result: { outcome: 'ok', output, outputBytes: output.length, files: [], ms: 1 } as const,
    }));
    expect(reportResults(executed, 100_000).length).toBeLessThan(102_000);
  });

  it('of problems is a line for each', () => {
    expect(
      reportProblems([
        { line: 1, message: 'line 1: a' },
        { line: 5, message: 'line 5: b' },
      ]),
    ).toBe('line 1: a\nline 5: b');
  });
});
