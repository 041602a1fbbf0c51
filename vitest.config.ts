import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A test that starts six processes takes 5 s, and 50 on a machine that has other things to do.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // What a test waits for comes as a rule at once, and on such a machine when it can.
    expect: { poll: { timeout: 60_000 } },
    // Most of a test is waiting: for processes to start, and for answers.
    maxWorkers: Math.max(2, availableParallelism() - 1),
  },
});
