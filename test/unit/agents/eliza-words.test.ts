import { expect, test } from 'vitest';
import { wordsOf } from '../../../agents/eliza/words.ts';

const said = (message: string) => wordsOf(message).map((word) => word.text);

test('words are compared in capitals and said as they were typed', () => {
  expect(wordsOf('I met Ada')).toEqual([
    { key: 'I', text: 'I' },
    { key: 'MET', text: 'met' },
    { key: 'ADA', text: 'Ada' },
  ]);
});

test('a capital that only opens a sentence goes, one of a name stays', () => {
  expect(said('Men talk. Second Post won. It rains')).toEqual([
    'men',
    'talk',
    '.',
    'Second',
    'Post',
    'won',
    '.',
    'it',
    'rains',
  ]);
  expect(said('MEN ARE ALL ALIKE')).toEqual(['men', 'are', 'all', 'alike']);
});

test('all punctuation is a comma, a full stop, or gone', () => {
  expect(said('“Why?” – she asked; 3.5 times (or 1,000)…')).toEqual([
    'why',
    '.',
    ',',
    'she',
    'asked',
    ',',
    '3.5',
    'times',
    ',',
    'or',
    '1,000',
    ',',
    '.',
  ]);
  expect(said('Dr. Grey and Mrs. White')).toEqual(['Dr', 'Grey', 'and', 'Mrs', 'White']);
});

test('apostrophes of every kind are one, and quotation marks are none', () => {
  expect(said("they’re ‘safe’, don´t, the dogs’ bowl, 'tis")).toEqual([
    "they're",
    'safe',
    ',',
    "don't",
    ',',
    'the',
    'dogs',
    'bowl',
    ',',
    'tis',
  ]);
});

test('accents stay, in one form', () => {
  expect(wordsOf('cafe\u0301 STRASSE straße')).toEqual(wordsOf('café STRASSE straße'));
  expect(wordsOf('élan')[0]?.key).toBe('ÉLAN');
});

test('Markdown, code and addresses are not read', () => {
  const message =
    '# Plan\n\n1. **Trust** [me](https://example.org/x)\n2. run `ls`\n\n```js\nlet i = 1;\n```\n<b>now</b> https://example.org';
  expect(said(message).filter((word) => word !== '.')).toEqual(['plan', 'trust', 'me', 'run', 'ls', 'now']);
});

test('control characters, zero-width characters and emoji leave no trace', () => {
  expect(said('a\u001b[31mb\u200bc 😀 d\u0000')).toEqual(['a', ',', '31mb', 'c', 'd']);
});

test.each([
  ['words', 'word '.repeat(210_000)],
  ['one word', 'x'.repeat(1 << 20)],
  ['open brackets', '['.repeat(1 << 20)],
  ['fences', '``` '.repeat(260_000)],
  ['newlines', '\n'.repeat(1 << 20)],
  ['apostrophes', "'".repeat(1 << 20)],
  ['tags', '<a'.repeat(500_000)],
])('a mebibyte of %s is read in no time, and only its beginning', (_name, message) => {
  const startedAt = performance.now();
  expect(wordsOf(message).length).toBeLessThanOrEqual(2000);
  expect(performance.now() - startedAt).toBeLessThan(5_000);
});
