import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { Module } from '../../../pipelines/module.ts';
import { StepCache } from '../../../pipelines/step-cache.ts';
import type { RunEvent } from '../../../pipelines/run-options.ts';
import { ProviderError } from '../../../agents/provider.ts';
import { pipelineBench } from '../../support/pipeline-bench.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const diamond = `- {module: ask, output_name: top}
- {module: ask, inputs: [top], output_name: left}
- {module: ask, inputs: [top], output_name: right}
- {module: ask, inputs: [left, right], output_name: bottom}
`;

const named = (events: readonly RunEvent[], type: RunEvent['type']): string[] =>
  events.filter((event) => event.type === type).map(({ step }) => step);

test('steps that do not need each other run at the same time', async () => {
  let open = (): void => {};
  const gate = new Promise<void>((resolve) => (open = resolve));
  let together = 0;
  const { run, asked } = await pipelineBench(diamond, async (text) => {
    if (text === '') return 'top';
    if (text !== 'top') return 'bottom';
    if (++together === 2) open();
    // The first of the two waits for the other.
    await gate;
    return `side ${together}`;
  });
  const { outputs } = await run();
  expect(outputs.get('bottom')).toBe('bottom');
  expect(asked).toHaveLength(4);
  expect(asked.at(-1)).toMatch(/^# left\n\nside \d\n\n# right\n\nside \d$/);
});

test('a step that fails holds up those that need it, and is all that is done again', async () => {
  let isBroken = true;
  const { run, asked, events, folder } = await pipelineBench(diamond, (text) => {
    if (text === 'left?' || (text === 'top' && isBroken)) {
      isBroken = false;
      throw new ProviderError('scripted: out of words', {
        provider: 'scripted',
        code: 'x',
        retryable: false,
      });
    }
    return text === '' ? 'top' : 'word';
  });
  const first = await run();
  expect([...first.failures.keys()]).toHaveLength(1);
  expect(first.outputs.size).toBe(2);
  expect(named(events, 'blocked')).toEqual(['bottom']);
  const failed = [...first.failures.keys()][0] ?? '';
  expect(folder.readStep(failed)?.record).toMatchObject({ state: 'failed', error: 'scripted: out of words' });
  asked.length = 0;
  const second = await run();
  expect(second.failures.size).toBe(0);
  expect(asked).toHaveLength(2);
});

test('a step is tried again as often as it says', async () => {
  let attempts = 0;
  const { run } = await pipelineBench('- {module: ask, output_name: one, retries: 2}\n', () => {
    if (++attempts < 3) throw new Error('not yet');
    return 'done';
  });
  expect((await run()).outputs.get('one')).toBe('done');
  expect(attempts).toBe(3);
});

test('a step that takes too long fails, and says so', async () => {
  const { run } = await pipelineBench(
    '- {module: ask, output_name: one, timeout: 0.05}\n',
    (_, signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('gone')))),
  );
  expect((await run()).failures.get('one')).toBe('it took more than 0.05 s, the timeout of the step');
});

test('a module that gives no text fails its step, and says so', async () => {
  const { run, folder } = await pipelineBench('- {module: ask, output_name: one}\n');
  const run42 = { name: 'ask', describe: '', run: () => Promise.resolve(42) } as unknown as Module;
  const { failures } = await run({ modules: new Map([['ask', run42]]) });
  expect(failures.get('one')).toBe(
    'the module ask gave a value of the type number as its output, which must be a text',
  );
  expect(folder.readStep('one')?.record.state).toBe('failed');
});

test('a condition that is not met skips the step, and those with nothing else to work on', async () => {
  const yaml = `- {module: ask, output_name: top}
- {module: ask, inputs: [top], output_name: extra, when: {output: top, matches: yes}}
- {module: ask, inputs: [extra], output_name: more}
- {module: ask, inputs: [top, extra], output_name: last, when: {output: top, matches_not: never}}
`;
  const { run, events } = await pipelineBench(yaml, (text) => (text === '' ? 'no' : text));
  const { outputs } = await run();
  expect(named(events, 'skipped')).toEqual(['extra', 'more']);
  expect(outputs.get('last')).toBe('no');
});

test('a condition that takes for ever fails its step, and not the program', async () => {
  const { run, folder } = await pipelineBench(
    `- {module: ask, output_name: one}
- {module: ask, inputs: [one], output_name: two, when: {output: one, matches: '(a+)+$'}}
`,
    () => `${'a'.repeat(40)}!`,
  );
  const { failures } = await run();
  expect(failures.get('two')).toBe(
    'the pattern (a+)+$ was not done with the output after 2 s; write a simpler one',
  );
  expect(folder.readStep('two')?.record.state).toBe('failed');
});

test('what another run has paid for is not paid for again, unless something changed', async () => {
  const root = await temporaryFolder();
  const cache = new StepCache(root);
  const one = await pipelineBench(diamond);
  await one.run({ cache });
  const same = await pipelineBench(diamond);
  await same.run({ cache });
  expect(same.asked).toEqual([]);
  expect(same.events.filter((event) => event.type === 'done' && event.fromCache)).toHaveLength(4);
  const other = await pipelineBench(
    diamond.replace('[top], output_name: right', '[top], output_name: right, supplement: x'),
  );
  await other.run({ cache });
  expect(other.asked).toHaveLength(2);
});

test('one step is done anew with all that depends on it, or alone', async () => {
  const { run, asked, pipeline } = await pipelineBench(diamond);
  await run();
  asked.length = 0;
  await run({ anew: new Set(['right', 'bottom']) });
  expect(asked).toHaveLength(2);
  asked.length = 0;
  const { outputs } = await run({ only: new Set(['left']) });
  expect(asked).toEqual(['<>']);
  expect(outputs.size).toBe(pipeline.steps.length);
});

test('what was asked and answered is kept as it comes', async () => {
  const { run, folder } = await pipelineBench(diamond);
  await run();
  const exchanges = path.join(folder.folder, 'steps', 'top', 'exchanges');
  expect(readdirSync(exchanges)).toEqual(['001.json']);
  expect(JSON.parse(readFileSync(path.join(exchanges, '001.json'), 'utf8'))).toMatchObject({
    service: 'scripted',
    system: 'Answer.',
    reply: '<>',
    usage: { input: 10, output: 1, cached: 0 },
  });
});

test('an interrupted run is gone on with where it was', async () => {
  const abort = new AbortController();
  const { run, asked } = await pipelineBench(diamond, (text) => {
    if (text === '<>') abort.abort(new Error('interrupted'));
    return `<${text}>`;
  });
  await expect(run({ signal: abort.signal })).rejects.toThrow('interrupted');
  const before = asked.filter((text) => text === '').length;
  expect((await run()).outputs.size).toBe(4);
  expect(asked.filter((text) => text === '')).toHaveLength(before);
  onTestFinished(() => abort.abort());
});
