import { expect, test } from 'vitest';
import { RequestLimit } from '../../../agents/request-limit.ts';
import { WatchedGate } from '../../../batch/watched-gate.ts';

test('knows who waits and who was let in, whichever way each of them goes', async () => {
  const limit = new RequestLimit({ atOnce: 1, perMinute: 0 });
  const gate = new WatchedGate(limit);
  const counts = (): readonly [number, number] => [gate.waiting, gate.underWay];
  const leave = await gate.enter(new AbortController().signal);
  expect(counts()).toEqual([0, 1]);
  const impatient = new AbortController();
  const second = gate.enter(new AbortController().signal);
  const third = gate.enter(impatient.signal);
  expect(counts()).toEqual([2, 1]);
  impatient.abort(new Error('gone'));
  await expect(third).rejects.toThrow('gone');
  expect(counts()).toEqual([1, 1]);
  leave();
  leave();
  const leaveSecond = await second;
  expect(counts()).toEqual([0, 1]);
  leaveSecond();
  expect(counts()).toEqual([0, 0]);
  // Those of other meetings are not counted.
  await limit.enter(new AbortController().signal);
  expect(counts()).toEqual([0, 0]);
});
