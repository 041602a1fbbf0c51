import { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { expect, test } from 'vitest';
import { createPipelineTable } from '../../../cli/pipeline-table.ts';
import type { Exchange } from '../../../pipelines/module.ts';

function screen(columns: number, rows: number): { stream: NodeJS.WriteStream; last: () => string[] } {
  let text = '';
  const writable = new Writable({
    write(chunk: Buffer, _encoding, done) {
      text += chunk.toString();
      done();
    },
  });
  const stream = Object.assign(writable, { columns, rows, isTTY: true }) as unknown as NodeJS.WriteStream;
  const last = (): string[] => {
    const frames = text.split('\u001b[0J').filter((frame) => frame.includes('\n'));
    return stripVTControlCharacters(frames.at(-1) ?? '')
      .split('\n')
      .slice(0, -1);
  };
  return { stream, last };
}

const exchange = { usage: { input: 1_000, output: 204, cached: 0 } } as Exchange;

test('each step has a line: its state, how long, how much, and what it does', () => {
  const { stream, last } = screen(80, 24);
  let nowMs = 0;
  const table = createPipelineTable(stream, ['plan', 'objections', 'document'], () => nowMs);
  table.see({ type: 'started', step: 'plan' });
  table.see({ type: 'exchange', step: 'plan', exchange });
  table.see({ type: 'done', step: 'plan', ms: 2_100, fromCache: false });
  table.see({ type: 'started', step: 'objections' });
  table.see({ type: 'text', step: 'objections', text: 'It is\u001b[2J 漢字漢字 all wrong, '.repeat(8) });
  nowMs = 900;
  table.suspend();
  table.resume();
  const [plan, objections, document] = last();
  expect(plan).toMatch(/^✓ plan {9}2\.1 s {7}1,204 tokens$/);
  expect(objections).toMatch(/^. objections {3}0\.9 s {5}\d+ characters {2}….*all wrong,$/u);
  expect(objections).not.toContain('\u001b[2J');
  expect(document).toBe('○ document');
  table.see({ type: 'failed', step: 'objections', error: 'no more\nwords' });
  table.see({ type: 'blocked', step: 'document' });
  table.end();
  expect(last().slice(1)).toEqual([
    expect.stringMatching(/^✗ objections .* no more words$/),
    expect.stringMatching(/^○ document .* what it needs is missing$/),
  ]);
});

test('on a low terminal those that are at work are shown', () => {
  const { stream, last } = screen(60, 5);
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  const table = createPipelineTable(stream, names, () => 0);
  for (const step of ['a', 'b', 'c']) table.see({ type: 'kept', step });
  for (const step of ['e', 'f']) table.see({ type: 'started', step });
  table.suspend();
  table.resume();
  expect(last().map((line) => line.slice(2, 3))).toEqual(['d', 'e', 'f']);
  // At the end nothing is left out.
  table.end();
  expect(last().map((line) => line.slice(0, 3))).toEqual(['✓ a', '✓ b', '✓ c', '○ d', '‖ e', '‖ f']);
});
