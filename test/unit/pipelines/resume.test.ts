import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import * as z from 'zod';
import type { Module } from '../../../pipelines/module.ts';
import { createDebugger } from '../../../pipelines/modules/debugger.ts';
import type { RunOptions } from '../../../pipelines/run-options.ts';
import { isRunning, lockRun } from '../../../pipelines/run-lock.ts';
import { StepCache } from '../../../pipelines/step-cache.ts';
import type { Project } from '../../../sidecar/project/project.ts';
import { pipelineBench } from '../../support/pipeline-bench.ts';
import { temporaryFolder } from '../../support/temporary.ts';

afterEach(() => vi.useRealTimers());

test('five steps of a second each, three deep, take three seconds', async () => {
  vi.useFakeTimers({ now: 0 });
  const second = (text: string): Promise<string> =>
    new Promise((resolve) => setTimeout(() => resolve(`<${text}>`), 1_000));
  const { run } = await pipelineBench(
    `- {module: ask, output_name: top}
- {module: ask, inputs: [top], output_name: left}
- {module: ask, inputs: [top], output_name: middle}
- {module: ask, inputs: [top], output_name: right}
- {module: ask, inputs: [left, middle, right], output_name: bottom}
`,
    second,
  );
  const running = run().then(({ outputs }) => ({ size: outputs.size, endedAtMs: Date.now() }));
  await vi.runAllTimersAsync();
  expect(await running).toEqual({ size: 5, endedAtMs: 3_000 });
});

/** Asks three times, one after the other. */
const thrice: Module = {
  name: 'thrice',
  describe: '',
  async run(context) {
    const replies: string[] = [];
    for (const text of ['one', 'two', 'three']) replies.push(await context.write({ system: 's', text }));
    return replies.join(' ');
  },
};

test('what was answered before an interruption in mid-step is not asked again', async () => {
  const abort = new AbortController();
  const yaml = '- {module: thrice, output_name: all}\n';
  const answer = (text: string): string => {
    if (text === 'three' && !abort.signal.aborted) abort.abort(new Error('interrupted'));
    return text.toUpperCase();
  };
  const { run, asked, folder } = await pipelineBench(yaml, answer, [thrice]);
  await expect(run({ signal: abort.signal })).rejects.toThrow('interrupted');
  expect(folder.readStep('all')?.record).toMatchObject({ state: 'running', attempts: 1 });
  expect((await run()).outputs.get('all')).toBe('ONE TWO THREE');
  expect(asked).toEqual(['one', 'two', 'three', 'three']);
  // What came to nothing is kept all the same.
  expect(folder.readExchanges('all').map(({ finish }) => finish)).toEqual([
    'stop',
    'stop',
    'interrupted',
    'stop',
  ]);
});

test('a debugger that is interrupted goes on with the mend it was at: nothing is run, asked or paid for twice', async () => {
  const abort = new AbortController();
  const runs: string[] = [];
  const project: Project = {
    tier: 'bubblewrap',
    install: () => Promise.reject(new Error('no packages here')),
    run: ({ folder }) => {
      const program = readFileSync(path.join(folder, 'main.py'), 'utf8').trim();
      runs.push(program);
      const code = program === 'five' ? 0 : 1;
      // No run takes as long as another, and the model is told.
      const ms = runs.length * 1_000;
      return Promise.resolve({ type: 'exited', code, output: 'oh', outputBytes: 2, ms, files: [] });
    },
    openSession: () => Promise.reject(new Error('no sessions here')),
    standardNames: () => Promise.resolve(new Set<string>()),
    close: () => Promise.resolve(),
  };
  const programs = ['one', 'two', 'three', 'four', 'five'].map((text) => `main.py\n\`\`\`\n${text}\n\`\`\``);
  const questions: string[] = [];
  const yaml = `- {module: ask, output_name: code}
- {module: debugger, inputs: [code], output_name: works, with: {attempts: 2}}
`;
  const { run, asked } = await pipelineBench(yaml, () => {
    if (asked.length === 5 && !abort.signal.aborted) abort.abort(new Error('interrupted'));
    return programs[Math.min(asked.length, 5) - 1] ?? '';
  }, [createDebugger('Mend it.')]);
  const surroundings: Partial<RunOptions> = {
    openProject: () => Promise.resolve(project),
    ask: (question) => {
      questions.push(question);
      return Promise.resolve('try harder');
    },
  };
  await expect(run({ ...surroundings, signal: abort.signal })).rejects.toThrow('interrupted');
  expect([asked.length, runs, questions.length]).toEqual([5, ['one', 'two', 'three', 'four'], 1]);
  const { outputs } = await run(surroundings);
  expect(outputs.get('works')).toContain('main.py ended with exit code 0 after 5.0 s');
  expect([asked.length, runs, questions.length]).toEqual([6, ['one', 'two', 'three', 'four', 'five'], 1]);
});

test('an attempt that is not gone on with does all of its work itself', async () => {
  let done = 0;
  const worker: Module = {
    name: 'worker',
    describe: '',
    async run(context) {
      const number = await context.once(z.number(), 'the same', () => Promise.resolve(++done));
      if (number < 3) throw new Error('too few');
      return String(number);
    },
  };
  const { run } = await pipelineBench('- {module: worker, output_name: all, retries: 1}\n', undefined, [
    worker,
  ]);
  expect((await run()).failures.size).toBe(1);
  expect((await run()).outputs.get('all')).toBe('3');
  expect((await run({ anew: new Set(['all']) })).outputs.get('all')).toBe('4');
});

test('what led to a failure is asked again', async () => {
  let failures = 0;
  const { run, asked } = await pipelineBench(
    '- {module: thrice, output_name: all}\n',
    (text) => {
      if (text === 'two' && failures++ === 0) throw new Error('no');
      return text;
    },
    [thrice],
  );
  expect((await run()).failures.size).toBe(1);
  expect((await run()).outputs.get('all')).toBe('one two three');
  expect(asked).toEqual(['one', 'two', 'one', 'two', 'three']);
});

test('a step without its output, or with half a record, is not done', async () => {
  const yaml = '- {module: ask, output_name: one}\n- {module: ask, inputs: [one], output_name: two}\n';
  const { run, asked, folder } = await pipelineBench(yaml);
  await run();
  rmSync(path.join(folder.folder, 'steps', 'one', 'output.md'));
  writeFileSync(path.join(folder.folder, 'steps', 'two', 'step.json'), '{"v":1,"state":"do');
  writeFileSync(path.join(folder.folder, 'steps', 'two', 'step.json.0.draft'), '{');
  folder.removeDrafts();
  await run();
  expect(asked).toHaveLength(4);
  expect(readdirSync(path.join(folder.folder, 'steps', 'two')).sort()).toEqual([
    'exchanges',
    'output.md',
    'step.json',
  ]);
});

test('a skipped step is recorded, with why', async () => {
  const yaml =
    '- {module: ask, output_name: one}\n- {module: ask, inputs: [one], output_name: two, when: {output: one, matches: zebra}}\n';
  const { run, folder } = await pipelineBench(yaml);
  await run();
  expect(folder.readStep('two')?.record).toMatchObject({
    state: 'skipped',
    why: 'one does not match zebra',
  });
});

test('where nothing can be kept, nothing more is asked', async () => {
  const yaml = `- {module: ask, output_name: one, retries: 5}
- {module: ask, output_name: two, inputs: [one]}
`;
  const { run, asked, folder } = await pipelineBench(yaml, () => {
    // As a full disk: the output has no place.
    mkdirSync(path.join(folder.folder, 'steps', 'one', 'output.md'), { recursive: true });
    return 'word';
  });
  await expect(run()).rejects.toThrow(/output\.md cannot be written/);
  expect(asked).toHaveLength(1);
});

test('with --only, steps that it does not need are left as they are', async () => {
  const yaml = `- {module: ask, output_name: one}
- {module: ask, inputs: [one], output_name: two}
- {module: ask, inputs: [one], output_name: three, when: {output: one, matches_not: never}}
`;
  const { run, asked } = await pipelineBench(yaml, (text) => {
    if (text !== '' && asked.length < 4) throw new Error('no');
    return 'word';
  });
  expect((await run()).failures.size).toBe(2);
  const { failures, outputs } = await run({ only: new Set(['two']) });
  expect(failures.size).toBe(0);
  expect([...outputs.keys()]).toEqual(['one', 'two']);
  expect((await run({ only: new Set(['three']) })).failures.size).toBe(0);
});

test('the cache tells models apart, and a run in its own folder does not', async () => {
  const cache = new StepCache(await temporaryFolder());
  const yaml = '- {module: ask, output_name: one}\n';
  const first = await pipelineBench(yaml);
  await first.run({ cache, identify: () => 'small' });
  const other = await pipelineBench(yaml);
  await other.run({ cache, identify: () => 'large' });
  expect(other.asked).toHaveLength(1);
  await first.run({ cache, identify: () => 'large' });
  expect(first.asked).toHaveLength(1);
});

test('one process at a time is at work in a run, and a dead one is in nobody’s way', async () => {
  const folder = await temporaryFolder();
  const unlock = await lockRun(folder);
  expect(isRunning(folder)).toBe(true);
  await expect(lockRun(folder)).rejects.toThrow(
    new RegExp(`is being run by process ${process.pid}; wait until it has ended`),
  );
  unlock();
  expect(isRunning(folder)).toBe(false);
  const [live = ''] = await lockRun(folder).then((free) => [readdirSync(folder)[0], free()]);
  // No system has a process of that number (Linux: at most 2^22), and another may have the number of one that is dead.
  writeFileSync(path.join(folder, (live ?? '').replace(/-\d+-\d+-/, '-99999999-1-')), '');
  writeFileSync(path.join(folder, (live ?? '').replace(/-\d+-([0-9a-f]{8})$/, '-1-$1')), '');
  expect(isRunning(folder)).toBe(false);
  const free = await lockRun(folder);
  expect(readdirSync(folder)).toHaveLength(1);
  free();
});

test('of two who come at once, one at most goes on', async () => {
  const folder = await temporaryFolder();
  const both = await Promise.allSettled([lockRun(folder), lockRun(folder)]);
  expect(both.filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(1);
});
