import { expect, test } from 'vitest';
import { Commits } from '../../../proxy/commits.ts';
import { ColloquyError } from '../../../wire/errors.ts';

const full = new ColloquyError('no room', { code: 'journal-full', retryable: true });

/** A journal that can be full, and what is told of it. */
function fullDisk(): { commits: Commits; done: string[]; makeRoom: () => void; isRetried: () => number } {
  const done: string[] = [];
  let isFull = true;
  let retries: (() => void)[] = [];
  let count = 0;
  const commits = new Commits({
    record: {
      seq: 0,
      append: () => {},
      takeTurns: () => 0,
      commit() {
        if (isFull) throw full;
      },
    },
    leaveFastPath: () => done.push('left the fast path'),
    after: (_, run) => void retries.push(run),
    isOver: () => false,
    onFull: () => done.push('full'),
    onRoom: () => done.push('room'),
    onFailed: () => done.push('failed'),
  });
  const makeRoom = (): void => {
    isFull = false;
    const run = retries;
    retries = [];
    count += run.length;
    for (const retry of run) retry();
  };
  return { commits, done, makeRoom, isRetried: () => count };
}

test('what both seats said when the disk was found full is passed on in order when there is room, and once', () => {
  const { commits, done, makeRoom, isRetried } = fullDisk();
  commits.commit(() => done.push('one'));
  // Of the same round: it was written, or not, before anybody knew.
  commits.putOffOrFail(full, () => done.push('two'));
  commits.commit(() => done.push('three'));
  expect(done).toEqual(['left the fast path', 'full']);
  expect(commits.isHeld).toBe(true);
  makeRoom();
  expect(done.slice(2)).toEqual(['room', 'one', 'two', 'three']);
  expect(isRetried()).toBe(1);
  expect(commits.isHeld).toBe(false);
});

test('whatever is written leaves the fast path first', () => {
  const { commits, done } = fullDisk();
  commits.write({ type: 'status', seat: 'a', text: 'thinks' });
  expect(done).toEqual(['left the fast path']);
});
