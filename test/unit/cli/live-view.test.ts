import { PassThrough } from 'node:stream';
import { expect, onTestFinished, test } from 'vitest';
import { createLiveView } from '../../../cli/live-view.ts';
import type { Viewer, ViewerEvent } from '../../../proxy/viewer.ts';
import { blockEvent, resultEvent } from '../../support/execution.ts';

interface Watched {
  readonly show: (...events: (ViewerEvent | Omit<ViewerEvent, 'meeting'>)[]) => void;
  /** All that was written, without colours. */
  readonly text: () => string;
  readonly raw: () => string;
}

function watch(live: boolean, columns = 40): Watched {
  const stream = Object.assign(new PassThrough(), { columns }) as unknown as NodeJS.WriteStream;
  let raw = '';
  stream.on('data', (chunk: Buffer) => (raw += chunk.toString()));
  const view: Viewer = createLiveView({ stream, live });
  const show: Watched['show'] = (...events) => {
    for (const event of events) view({ meeting: 'm', ...event } as ViewerEvent);
  };
  onTestFinished(() => show({ type: 'stopped', reason: 'end', turns: 0 }));
  show({ type: 'paired', seats: { a: { name: 'Ada' }, b: { name: 'Bert' } } });
  return { show, raw: () => raw, text: () => raw.replace(/\u001b\[\d+m/g, '') };
}

const hostile = 'a\u001b[2J\u001b]0;owned\u0007\u009b31m\u202e <b>`|`\n'.repeat(20);

test('while a block runs it says so, and then what came of it', () => {
  const { show, text } = watch(true);
  show({ type: 'turn', seat: 'a', turn: 1, text: 'x' }, blockEvent('x'));
  expect(text()).toContain('running code block 1…');
  show(resultEvent({ output: '55\n' }));
  const afterwards = text().slice(text().lastIndexOf('\u001b[2K') + 4);
  expect(afterwards).toBe('Code block 1 (12 ms, bubblewrap)\n  55\n\n');
  show(blockEvent('y', { kind: 'test' }));
  expect(text()).toContain('running test block 1…');
});

test.each([true, false])('a result is brief, and nothing in it reaches the terminal (live: %s)', (live) => {
  const { show, text } = watch(live);
  const before = text().length;
  const files = [{ path: 'a\u001b[2J.png', bytes: 7_500 }];
  show(
    resultEvent({ kind: 'test', outcome: 'failed', detail: hostile, output: hostile, files, tier: hostile }),
  );
  const shown = text().slice(before);
  expect(shown).toMatch(/^✗ Test block 1: failed/);
  expect(shown).toContain('… 12 more lines');
  expect(shown).toContain('File: a␛[2J.png (7.5 KB)');
  expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  if (live) for (const line of shown.split('\n').slice(1)) expect(line.length).toBeLessThan(40);
});

test.each([true, false])('the end counts the tests that passed (live: %s)', (live) => {
  const { show, text } = watch(live);
  show(
    resultEvent({ kind: 'test' }),
    resultEvent({ kind: 'test', outcome: 'failed' }),
    resultEvent({ kind: 'test' }),
  );
  show({ type: 'stopped', reason: 'tests-passed', detail: '2 tests', turns: 5 });
  expect(text()).toContain('Ended after 2 passed tests in 5 turns (tests-passed)\n');
});

test('a verdict has a colour of its own', () => {
  const { show, raw } = watch(true);
  show(resultEvent({ kind: 'test' }));
  // Without a terminal the colours are left out, unless somebody asks for them.
  if (raw().includes('\u001b[1m')) expect(raw()).toContain('\u001b[32m✓');
});

test.each([true, false])('a translation stands below its turn, and is as harmless (live: %s)', (live) => {
  const { show, text } = watch(live);
  const translation = { type: 'translation', seat: 'a', turn: 1, from: 'de', to: 'el', ms: 340 } as const;
  show(
    { type: 'turn', seat: 'a', turn: 1, text: 'ja' },
    { type: 'translating', seat: 'a', turn: 1, to: 'Greek' },
  );
  expect(text().includes('translating into Greek…')).toBe(live);
  const before = text().length;
  show({ ...translation, text: `ναι\n${hostile}` });
  const shown = text()
    .slice(before)
    .replace(/^\r\u001b\[2K/, '');
  expect(shown).toMatch(/^In Greek, translated in 340 ms\n {2}ναι\n {2}a␛\[2J/);
  expect(shown).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  show({ ...translation, text: 'ja', failed: `busy${hostile}` });
  expect(text()).toMatch(/\nNot translated into Greek \(340 ms\): busya␛.*\n\n$/);
});
