import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import type { Progress } from '../../../batch/runner.ts';
import { createBatchView } from '../../../cli/batch-view.ts';

const progress: Progress = {
  ...{ total: 9, done: 2, running: 3, judging: 1, failed: 0, workers: undefined },
  ...{ tokens: 1_200, cost: 0, elapsedMs: 4_000, leftMs: undefined },
};

function shown(now: Partial<Progress>, isPriced = true): string {
  const stream = new PassThrough() as unknown as NodeJS.WriteStream;
  const view = createBatchView(stream, {
    progress: () => ({ ...progress, ...now }),
    verbose: false,
    isPriced,
  });
  view.draw();
  view.finish({ progress, open: 0, failures: [] });
  return String((stream as unknown as PassThrough).read());
}

describe('the progress of a batch', () => {
  it('says how many workers there are, and what to do where there is none', () => {
    expect(shown({})).toMatch(/^2 of 9 done, 3 running, 1 being judged · 1,200 tokens · \$0 · 4 s\n/);
    expect(shown({ workers: 1 })).toMatch(/being judged · 1 worker · 1,200 tokens/);
    expect(shown({ workers: 0 })).toMatch(
      /^No worker is there to hold meetings; start one: .*\n.* · no workers · /,
    );
  });

  it('gives no sum that is not known', () => {
    expect(shown({}, false)).toContain('1,200 tokens · cost not known ·');
    expect(shown({ cost: 2 }, false)).toContain('· $2.00 and more ·');
  });
});
