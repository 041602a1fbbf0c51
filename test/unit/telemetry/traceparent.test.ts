import { expect, it } from 'vitest';
import { parseTraceparent, traceparentOf } from '../../../telemetry/traceparent.ts';

const word = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';

it('reads what it writes', () => {
  const context = parseTraceparent(word);
  expect(context).toMatchObject({
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
    spanId: '00f067aa0ba902b7',
    traceFlags: 1,
    isRemote: true,
  });
  expect(context && traceparentOf(context)).toBe(word);
});

it.each([
  '',
  'nonsense',
  word.toUpperCase(),
  word.replace(/^00/, 'ff'),
  word.replace(/4bf\w+/, '0'.repeat(32)),
  word.replace(/-00f\w+/, `-${'0'.repeat(16)}`),
  `${word}-more`,
])('takes %j for none', (text) => {
  expect(parseTraceparent(text)).toBeUndefined();
});
