import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { runCodingTask } from '../../library/coding-task.ts';
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
