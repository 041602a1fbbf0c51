import { expect, test } from 'vitest';
import { hash, lastCell, memoryChoice } from '../../../agents/eliza/memory-hash.ts';

test('the hash of "always" in seven bits is the 14 of the paper', () => {
  expect(hash(lastCell('ALWAYS'), 7)).toBe(14);
});

test('a cell is six characters of six bits, blanks on the right', () => {
  expect(lastCell('ALWAYS')).toBe(0o214366217062n);
  expect(lastCell('TIME')).toBe(0o633144256060n);
  expect(lastCell('')).toBe(0o606060606060n);
});

test('of a long word only the end that sticks out of the cells counts', () => {
  expect(lastCell('INVENTED')).toBe(lastCell('ED'));
  expect(lastCell('ABCDEFGHIJKL')).toBe(lastCell('GHIJKL'));
});

test('the sign bit is not squared', () => {
  expect(hash(0o777777777777n, 15)).toBe(0x7f00);
  expect(hash(0xf_ffff_ffffn, 7)).toBe(hash(0x7_ffff_ffffn, 7));
});

test('two bits choose among four rules, and any other number of rules is within reach', () => {
  expect(memoryChoice('HERE', 4)).toBe(hash(lastCell('HERE'), 2));
  expect(new Set(Array.from('ABCDEFGHIJKLMNOPQRST', (letter) => memoryChoice(letter, 3)))).toEqual(
    new Set([0, 1, 2]),
  );
  expect(memoryChoice('ÆØÅ漢', 1)).toBe(0);
});
