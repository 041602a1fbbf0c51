import { expect, it } from 'vitest';
import { turnsLeftNote } from '../../../proxy/turns-left.ts';

/** Before which messages of a meeting of so many somebody is told, by how many are left. */
function momentsOf(most: number): number[] {
  return Array.from({ length: most - 1 }, (_, said) => most - 1 - said).filter(
    (left) => turnsLeftNote(left, most) !== undefined,
  );
}

it('both are told at half, at five and at the end, and not in between', () => {
  expect(momentsOf(40)).toEqual([20, 19, 5, 4, 2, 1]);
  expect(momentsOf(10)).toEqual([5, 4, 2, 1]);
  expect(momentsOf(2)).toEqual([1]);
});

it('the last two are told to come to an end', () => {
  expect(turnsLeftNote(20, 40)).toBe('20 messages are left in this conversation, your next one among them.');
  expect(turnsLeftNote(2, 40)).toMatch(/Two messages are left .* an answer to it/);
  expect(turnsLeftNote(1, 40)).toMatch(/ends with your next message/);
});
