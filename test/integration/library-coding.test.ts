import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { runCodingTask } from '../../library/coding-task.ts';
import { requestLimit, type RequestLimit } from '../../library/request-limit.ts';
import { startModelServer } from '../support/model-server.ts';
import { temporaryFolder } from '../support/temporary.ts';

it('takes the replies of a coding task from the working folder that it was given', async () => {
  const cwd = await temporaryFolder();
  writeFileSync(path.join(cwd, 'replies.yml'), '- 1. Print.\n- "```python\\nprint(1)\\n```"\n');
  const task = (service: string) =>
    runCodingTask({
      task: 'Print one.',
      service,
      settings: { coding_samples: 1, install_dependencies: false, execute_code: false },
      cwd,
      env: {},
    }).result;
  expect(await task('scripted:replies.yml')).toMatchObject({ outcome: 'written', source: 'print(1)\n' });
  await expect(task('scripted:none.yml')).rejects.toThrow(/none\.yml:1:1 there is no such file$/);
});

it('asks a service no faster than its settings allow, for all samples together', async () => {
  const askedAtMs: number[] = [];
  const server = await startModelServer('openai', ({ messages }) => {
    if (messages) askedAtMs.push(performance.now());
    return { type: 'reply', pieces: ['```python\nprint(1)\n```'] };
  });
  const { result } = runCodingTask({
    task: 'Print one.',
    service: 'lmstudio:small',
    serviceSettings: { base_url: `${server.origin}/v1`, requests_per_minute: 120 },
    settings: { coding_samples: 3, install_dependencies: false, execute_code: false },
    cwd: await temporaryFolder(),
    env: {},
  });
  expect(await result).toMatchObject({ outcome: 'written' });
  expect(askedAtMs).toHaveLength(4);
  // On a busy machine, the way to the server takes the one longer than the other.
  expect(Number(askedAtMs.at(-1)) - Number(askedAtMs[0])).toBeGreaterThan((3 * 500) / 2);
});

it('shares a limit with other tasks, whatever their settings allow', async () => {
  const server = await startModelServer('openai', () => ({
    type: 'reply',
    pieces: ['```python\nprint(1)\n```'],
  }));
  const limit = requestLimit({ atOnce: 2 });
  let underWay = 0;
  let most = 0;
  const counted: RequestLimit = {
    holdBack: (delayMs) => limit.holdBack(delayMs),
    enter: async (...waiting) => {
      const leave = await limit.enter(...waiting);
      most = Math.max(most, ++underWay);
      return () => {
        underWay--;
        leave();
      };
    },
  };
  const cwd = await temporaryFolder();
  const tasks = ['one', 'two', 'three'].map((name) =>
    runCodingTask({
      task: `Print ${name}.`,
      service: 'lmstudio:small',
      serviceSettings: { base_url: `${server.origin}/v1` },
      settings: { coding_samples: 3, install_dependencies: false, execute_code: false },
      limit: counted,
      out: `${name}.py`,
      cwd,
      env: {},
    }),
  );
  for (const { result } of tasks) expect(await result).toMatchObject({ outcome: 'written' });
  expect(server.requests.filter(({ body }) => body['messages'])).toHaveLength(3 * 4);
  expect({ most, underWay }).toEqual({ most: 2, underWay: 0 });
  const wrong = { task: 'x', service: 'scripted:x.yml', limit: { perMinute: 3 } as unknown as RequestLimit };
  await expect(runCodingTask({ ...wrong, cwd, env: {} }).result).rejects.toThrow(
    /^limit: make it with requestLimit/,
  );
});
