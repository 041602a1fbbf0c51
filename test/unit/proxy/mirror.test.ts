import { expect, test } from 'vitest';
import { createMirror } from '../../../proxy/mirror.ts';
import { blockEvent, resultEvent } from '../../support/execution.ts';

test('the mirror shows what came of each block, with control characters made visible', () => {
  let text = '';
  const mirror = createMirror({ write: (piece) => (text += piece) });
  mirror({ type: 'paired', meeting: 'm', seats: { a: { name: 'Ada' }, b: { name: 'Bert' } } });
  text = '';
  mirror({ meeting: 'm', ...blockEvent('x') });
  expect(text).toBe('');
  mirror({ meeting: 'm', ...resultEvent({ output: 'a\u001b[2J\u202e\nb' }) });
  expect(text).toBe('Ada (1), Code block 1 (12 ms, bubblewrap)\n  a␛[2J<U+202E>\n  b\n\n');
});
