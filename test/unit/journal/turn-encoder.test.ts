import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineBuffer } from '../../../journal/line-buffer.ts';
import { parseEvent } from '../../../journal/parse-event.ts';
import { TurnEncoder } from '../../../journal/turn-encoder.ts';
import { parseAgentFrame } from '../../../wire/message.ts';

const t = '2026-11-21T12:00:00.000Z';
const head = { seat: 'b', seq: 7, turn: 3, t, most: Infinity } as const;
const encoder = new TurnEncoder();

/** What the journal would hold, line by line. */
function encode(lines: string, most = Infinity): unknown[] | undefined {
  const before = 'What is there already.\n';
  const into = new LineBuffer();
  into.length = into.bytes.write(before);
  const bytes = Buffer.from(lines);
  const count = encoder.encode(bytes, bytes.length, { ...head, most }, into);
  const encoded = into.bytes.toString('utf8', 0, into.length);
  expect(encoded.startsWith(before)).toBe(true);
  if (count === 0) expect(encoded).toBe(before);
  if (count === 0) return undefined;
  const events = encoded
    .slice(before.length)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
  expect(events).toHaveLength(count);
  return events;
}

const piece = fc.oneof(
  fc.constantFrom(
    '\\',
    '/',
    '"',
    '\\n',
    '\\r',
    '\\\\',
    '\\/',
    '/bye',
    '/end',
    '/stop:',
    '/help',
    ' ',
    'n',
    'r',
    '/iam: x',
    'é',
    '👍',
    '\t',
    '\r',
  ),
  fc.string({ unit: 'binary', maxLength: 6 }).filter((text) => !text.includes('\n')),
);
const line = fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join(''));

test('what is encoded is what the slow path would have journaled, and was nothing but text', () => {
  let encoded = 0;
  fc.assert(
    fc.property(fc.array(line, { minLength: 1, maxLength: 4 }), (lines) => {
      const events = encode(lines.map((each) => `${each}\n`).join(''));
      if (!events) return;
      encoded++;
      for (const [at, each] of lines.entries()) {
        const frame = parseAgentFrame(each);
        expect(frame.type === 'speech' && frame.control === undefined).toBe(true);
        const text = 'text' in frame ? frame.text : '';
        expect(events[at]).toEqual({ v: 1, seq: 7 + at, t, type: 'turn', seat: 'b', turn: 3 + at, text });
        expect(parseEvent(events[at]).type).toBe('event');
      }
    }),
    { numRuns: 5_000 },
  );
  expect(encoded).toBeGreaterThan(300);
});

test.each([
  ['a control word', '/bye\n'],
  ['a control frame', '/delta: x\n'],
  ['a control word at the end', 'So long. /bye\n'],
  ['one behind an escaped newline', 'So long.\\n/end \n'],
  ['an escaped slash', '\\/bye is a word\n'],
  ['a control character', 'a\tb\n'],
  ['a carriage return', 'a\r\n'],
  ['more lines than may come', 'a\nb\nc\nd\n'],
])('%s is refused, whatever stands beside it', (_, lines) => {
  expect(encode(lines, 3)).toBeUndefined();
  expect(encode(`Before.\n${lines}`, 3)).toBeUndefined();
  expect(encode(`${lines}After.\n`, 3)).toBeUndefined();
});

test('bytes that are no UTF-8 are refused', () => {
  const into = new LineBuffer();
  expect(encoder.encode(Buffer.from([0x61, 0xff, 0x0a]), 3, head, into)).toBe(0);
  expect(into.length).toBe(0);
});

test('only the lines are read that are there, whatever stands behind them', () => {
  const into = new LineBuffer();
  const bytes = Buffer.from('Mine.\nÄnd something older /bye\n');
  expect(encoder.encode(bytes, 6, head, into)).toBe(1);
  expect(JSON.parse(into.bytes.toString('utf8', 0, into.length))).toMatchObject({ text: 'Mine.' });
  bytes.write('Next!');
  into.length = 0;
  expect(encoder.encode(bytes, 6, head, into)).toBe(1);
  expect(JSON.parse(into.bytes.toString('utf8', 0, into.length))).toMatchObject({ text: 'Next!' });
});

test('text of every kind of letters, with paths, quotations and backslashes, is taken', () => {
  const events = encode('Voilà — "это" C:\\dir\\x a/b/c 你好 👍\\nnext line\\\\n\n');
  expect(events).toMatchObject([{ text: 'Voilà — "это" C:\\dir\\x a/b/c 你好 👍\nnext line\\n' }]);
});

test('a long line grows the buffer, and comes out whole', () => {
  const text = '"\\ x'.repeat(250_000);
  expect(encode(`x${text.replaceAll('\\', '\\\\')}\n`)).toMatchObject([{ text: `x${text}` }]);
});
