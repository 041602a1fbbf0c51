import { expect, test } from 'vitest';
import { visibleControls, visibleLine } from '../../../../journal/render/visible-controls.ts';

test('escape sequences, C1 controls and overrides of direction can be seen', () => {
  expect(visibleControls('\u001b[2J\u0007\u007f')).toBe('␛[2J␇␡');
  expect(visibleControls('\u009b31m\u202efdp.exe\u2066')).toBe('<U+009B>31m<U+202E>fdp.exe<U+2066>');
  expect(visibleControls('a\u2028b\u2029')).toBe('a<U+2028>b<U+2029>');
});

test('newlines, tabs, joiners and marks of direction stay', () => {
  const text = 'a\n\tb 👩‍🚀 שלום\u200f עולם é';
  expect(visibleControls(text)).toBe(text);
});

test('CR LF is a newline, a CR alone would overwrite its line', () => {
  expect(visibleControls('a\r\nb\rc')).toBe('a\nb␍c');
});

test('where there is one line only, newlines are spaces', () => {
  expect(visibleLine('a\n\nb\tc\u001b')).toBe('a b c␛');
});
