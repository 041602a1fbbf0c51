import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Job } from '../../../batch/expand.ts';
import type { Outcome } from '../../../batch/hold-job.ts';
import type { HoldingOptions, Home, MeetingHolder } from '../../../batch/holder.ts';
import { BatchRunner, type BatchEvent, type BatchLimits, type BatchResult } from '../../../batch/runner.ts';
import { BatchFolder } from '../../../batch/state.ts';
import { meetingEvent, stamp, toLines, turnEvent, writeMeeting } from '../../support/journal.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const noLimits: BatchLimits = { tokens: 0, cost: 0, seconds: 0 };

function jobNamed(id: string): Job {
  const wish = { persona: 'eliza' };
  return {
    ...{ id, seats: { a: wish, b: wish }, seed: 1, repetition: 1 },
    ...{ setting: {}, settingName: '1', chosenFirst: 'a' },
  };
}

const journal = toLines(stamp([meetingEvent(), { type: 'stop', reason: 'max-messages' }]));

interface Ran {
  readonly result: BatchResult;
  readonly events: readonly BatchEvent[];
  readonly held: readonly string[];
}

async function runJobs(
  count: number,
  hold: (id: string, options: HoldingOptions, tried: number) => Promise<Outcome>,
  {
    limits = noLimits,
    retries = 0,
    fetch,
  }: {
    readonly limits?: BatchLimits;
    readonly retries?: number;
    readonly fetch?: MeetingHolder['fetch'];
  } = {},
): Promise<Ran> {
  const folder = new BatchFolder(await temporaryFolder());
  const events: BatchEvent[] = [];
  const held: string[] = [];
  const holder: MeetingHolder = {
    ...{ atOnce: 2, retries, ...(fetch ? { fetch } : {}) },
    async hold({ id }, options) {
      held.push(id);
      options.onBegun();
      const outcome = await hold(id, options, held.filter((each) => each === id).length);
      if (outcome.type === 'done') await writeMeeting(options.meetings, id, journal);
      return outcome;
    },
  };
  const jobs = Array.from({ length: count }, (_, at) => jobNamed(`m${at + 1}`));
  const runner = new BatchRunner({ folder, jobs, holder, limits, onEvent: (event) => events.push(event) });
  try {
    return { result: await runner.run(), events, held };
  } finally {
    folder.close();
  }
}

const done: Outcome = { type: 'done', reason: 'max-messages' };

/** As a meeting that would go on for ever. */
function untilPolite({ polite }: HoldingOptions): Promise<Outcome> {
  return new Promise((resolve) => {
    polite.addEventListener('abort', () => resolve({ type: 'interrupted' }));
  });
}

describe('a batch', () => {
  it.each([
    ['tokens', { ...noLimits, tokens: 1_000 }, { tokens: 1_000, cost: 0 }, '1000 tokens'],
    ['cost', { ...noLimits, cost: 0.5 }, { tokens: 1, cost: 0.51 }, '$0.5'],
  ] as const)('stops at its limit of %s, and begins nothing more', async (_, limits, spent, sentence) => {
    const { result, held } = await runJobs(
      9,
      (id, options) => {
        if (id !== 'm3') return id === 'm1' ? Promise.resolve(done) : untilPolite(options);
        const ended = untilPolite(options);
        options.onSpent(spent);
        return ended;
      },
      { limits },
    );
    expect(held).toEqual(['m1', 'm2', 'm3']);
    expect(result.limit).toBe(sentence);
    expect(result).toMatchObject({ open: 8, failures: [] });
  });

  it('waits while its disk takes nothing, says so once, and goes on by itself', async () => {
    const troubles: string[] = [];
    const folder = new BatchFolder(await temporaryFolder(), (sentence) => {
      troubles.push(sentence);
      // By then, whatever can be begun has been.
      setTimeout(() => rmSync(file, { recursive: true }), 2_500);
    });
    const file = path.join(folder.path, 'batch.json');
    const isBlocked = (): boolean => existsSync(path.join(file, 'x'));
    const held: string[] = [];
    const holder: MeetingHolder = {
      ...{ atOnce: 1, retries: 1 },
      hold({ id }, { meetings }) {
        held.push(id);
        // No file can take the place of a folder.
        if (held.length === 1) {
          rmSync(file, { force: true });
          mkdirSync(path.join(file, 'x'), { recursive: true });
        }
        if (isBlocked()) return Promise.resolve({ type: 'failed', reason: 'full', retryable: true });
        return writeMeeting(meetings, id, journal).then(() => done);
      },
    };
    const jobs = [jobNamed('m1'), jobNamed('m2'), jobNamed('m3')];
    const runner = new BatchRunner({ folder, jobs, holder, limits: noLimits, onEvent: () => {} });
    const { progress } = await runner.run();
    folder.close();
    expect(progress).toMatchObject({ done: 3, failed: 0 });
    expect(held).toEqual(['m1', 'm2', 'm3', 'm1']);
    expect(troubles).toEqual([expect.stringMatching(/batch\.json cannot be written: E/)]);
  });

  it('stops when its time is over', async () => {
    const { result, held } = await runJobs(5, (_, options) => untilPolite(options), {
      limits: { ...noLimits, seconds: 0.3 },
    });
    expect(held).toHaveLength(2);
    expect(result.limit).toBe('0.3 seconds');
    expect(result.progress.elapsedMs).toBeGreaterThanOrEqual(300);
  });

  it('counts what was said after it was looked at last, when it was stopped', async () => {
    const said = toLines(
      stamp([
        meetingEvent(),
        { ...turnEvent(1, 'Well.'), meta: { usage: { input: 700, output: 50, cached: 0 } } },
      ]),
    );
    const { result } = await runJobs(
      3,
      async (id, options) => {
        const ended = untilPolite(options);
        options.onSpent({ tokens: 600, cost: 0 });
        const outcome = await ended;
        await writeMeeting(options.meetings, id, said);
        return outcome;
      },
      { limits: { ...noLimits, tokens: 1_000 } },
    );
    expect(result).toMatchObject({ open: 3, progress: { tokens: 2 * 750 } });
  });

  it('counts what each meeting has taken once, however often it is told', async () => {
    const { result } = await runJobs(3, (_, { onSpent }) => {
      for (let tokens = 10; tokens <= 300; tokens += 10) onSpent({ tokens, cost: tokens / 1_000 });
      return Promise.resolve({ type: 'failed', reason: 'no more', retryable: false });
    });
    // Of what failed without a journal nothing is known any more.
    expect(result.progress).toMatchObject({ tokens: 0, failed: 3 });
  });

  it('counts a try once that came home while nobody watched, and again since that was not written down', async () => {
    const tried = (reason: 'error' | 'agent-lost'): string =>
      toLines(
        stamp([
          meetingEvent(),
          { ...turnEvent(1, 'Well.'), meta: { usage: { input: 90, output: 10, cached: 0 } } },
          { type: 'stop', reason },
        ]),
      );
    const returned: boolean[] = [];
    const bring = async ({ meetings, setAside }: Home, reason: 'error' | 'agent-lost'): Promise<void> => {
      await writeMeeting(meetings, 'm1', tried(reason));
      returned.push(await setAside('m1'));
    };
    const { result } = await runJobs(
      1,
      async (_, options) => {
        await bring(options, 'error');
        await bring(options, 'agent-lost');
        return done;
      },
      { fetch: (home) => bring(home, 'error') },
    );
    expect(returned).toEqual([true, false, true]);
    expect(result.progress.tokens).toBe(200);
  });

  it('tries again at the end of the queue, as often as it may', async () => {
    const { result, events, held } = await runJobs(
      4,
      (id, _, tried) =>
        Promise.resolve(
          id === 'm1' || (id === 'm2' && tried === 1)
            ? { type: 'failed', reason: `try ${tried}`, retryable: true }
            : done,
        ),
      { retries: 2 },
    );
    expect(held.filter((id) => id === 'm1')).toHaveLength(3);
    expect(held.filter((id) => id === 'm2')).toHaveLength(2);
    expect(held.indexOf('m3')).toBeLessThan(held.lastIndexOf('m2'));
    expect(result.failures).toEqual([{ id: 'm1', reason: 'try 3' }]);
    expect(result.progress).toMatchObject({ done: 3, failed: 1 });
    expect(events.flatMap((event) => (event.type === 'failed' ? [event.triesLeft] : []))).toEqual([
      2, 2, 1, 0,
    ]);
  });
});
