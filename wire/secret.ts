import { timingSafeEqual } from 'node:crypto';

/** Compares a secret in a time that does not tell how much of it was right; an empty one asks for nothing. */
export function isSameSecret(given: string, expected: string): boolean {
  if (expected === '') return true;
  const [left, right] = [Buffer.from(given), Buffer.from(expected)];
  // Comparing the expected one with itself takes as long as a comparison of equal lengths.
  return timingSafeEqual(left.length === right.length ? left : right, right) && left.length === right.length;
}
