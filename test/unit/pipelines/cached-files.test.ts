import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { Provider } from '../../../agents/provider.ts';
import { codebaseText } from '../../../pipelines/codebase.ts';
import { loadModules } from '../../../pipelines/modules.ts';
import { loadPipeline } from '../../../pipelines/pipeline.ts';
import { RunFolder } from '../../../pipelines/run-folder.ts';
import { runPipeline } from '../../../pipelines/run.ts';
import { StepCache } from '../../../pipelines/step-cache.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const yaml = `- {module: start_module, output_name: task}
- {module: engineer, inputs: [task], output_name: code}
- {module: modify_codebase, inputs: [code], output_name: changed, with: {then: go-on}}
`;

test('a program that another run has paid for is written again, and what a person was asked is asked again', async () => {
  const root = await temporaryFolder();
  const file = path.join(root, 'p.yml');
  writeFileSync(file, yaml);
  const modules = await loadModules({ cwd: root });
  const pipeline = loadPipeline(file, { modules: [...modules.keys()] });
  const cache = new StepCache(path.join(root, 'runs'));
  let asked = 0;
  const provider: Provider = {
    name: 'scripted',
    model: 'm',
    async *reply() {
      asked++;
      yield { type: 'text', text: codebaseText([{ name: 'main.py', text: 'x\n' }]) };
      yield { type: 'end', finish: 'stop' };
    },
  };
  const patience = { firstPieceMs: 0, idleMs: 0, maxRetries: 0, maxWaitMs: 0 };
  const questions: string[] = [];
  const once = async (): Promise<string> => {
    const run = { v: 1, pipeline: 'p', startedAt: '2026-11-21T12:00:00.000Z', software: 'test' } as const;
    const folder = RunFolder.create(path.join(root, 'runs'), run, yaml);
    const { failures } = await runPipeline(pipeline, {
      modules,
      folder,
      cache,
      request: 'Print x.',
      provide: () => Promise.resolve({ provider, patience }),
      ask: (question) => {
        questions.push(question);
        return Promise.resolve('');
      },
      signal: new AbortController().signal,
    });
    expect([...failures]).toEqual([]);
    return path.join(folder.outputFolder, 'main.py');
  };
  const first = await once();
  rmSync(first);
  const second = await once();
  expect(existsSync(first)).toBe(false);
  expect(readFileSync(second, 'utf8')).toBe('x\n');
  expect([asked, questions.length]).toEqual([1, 2]);
});

test('a step that needs a sandbox or a relay says so where there is none', async () => {
  const root = await temporaryFolder();
  const file = path.join(root, 'p.yml');
  const text = '- {module: meeting, output_name: talk, with: {personas: [eliza, parry]}}\n';
  writeFileSync(file, text);
  const modules = await loadModules({ cwd: root });
  const run = { v: 1, pipeline: 'p', startedAt: '2026-11-21T12:00:00.000Z', software: 'test' } as const;
  const { failures } = await runPipeline(loadPipeline(file, { modules: [...modules.keys()] }), {
    modules,
    folder: RunFolder.create(path.join(root, 'runs'), run, text),
    provide: () => Promise.reject(new Error('nobody writes')),
    signal: new AbortController().signal,
  });
  expect(failures.get('talk')).toBe('this step needs a relay, and there is none here');
});
