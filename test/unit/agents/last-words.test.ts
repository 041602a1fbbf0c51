import { expect, it } from 'vitest';
import { lastWords } from '../../../agents/providers/last-words.ts';

it.each([
  [
    'Node',
    '/x/speak.mjs:3\nthrow new Error("no more paper");\n      ^\n\nError: no more paper\n    at file:///x/speak.mjs:3:7\n\nNode.js v20.20.2\n',
    'Error: no more paper',
  ],
  [
    'Python',
    'Traceback (most recent call last):\n  File "x"\njson.decoder.JSONDecodeError: Expecting value\n',
    'json.decoder.JSONDecodeError: Expecting value',
  ],
  ['a shell', 'begun\nsay: not found\n\n', 'say: not found'],
  ['nobody', '\n', ''],
])('are the line that tells why a program of %s died', (_, stderr, line) => {
  expect(lastWords(stderr)).toBe(line);
});
