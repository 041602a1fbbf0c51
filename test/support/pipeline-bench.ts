import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Provider } from '../../agents/provider.ts';
import { createPromptModule } from '../../pipelines/modules/prompt-module.ts';
import type { Module } from '../../pipelines/module.ts';
import { loadPipeline, type Pipeline } from '../../pipelines/pipeline.ts';
import { RunFolder } from '../../pipelines/run-folder.ts';
import type { RunEvent, RunOptions, RunResult } from '../../pipelines/run-options.ts';
import { runPipeline } from '../../pipelines/run.ts';
import { temporaryFolder } from './temporary.ts';

/** A pipeline in a folder of its own, with a model that answers as a test likes. */
export interface PipelineBench {
  readonly pipeline: Pipeline;
  readonly events: RunEvent[];
  readonly asked: string[];
  readonly folder: RunFolder;
  readonly run: (changes?: Partial<RunOptions>) => Promise<RunResult>;
}

/** Steps may use the module `ask`, and those of `more`. */
export async function pipelineBench(
  yaml: string,
  answer: (text: string, signal: AbortSignal) => string | Promise<string> = (text) => `<${text}>`,
  more: readonly Module[] = [],
): Promise<PipelineBench> {
  const root = await temporaryFolder();
  const file = path.join(root, 'p.yml');
  writeFileSync(file, yaml);
  const asked: string[] = [];
  const events: RunEvent[] = [];
  const provider: Provider = {
    name: 'scripted',
    model: 'm',
    async *reply({ messages, signal }) {
      const text = messages.at(-1)?.content ?? '';
      asked.push(text);
      yield { type: 'text', text: await answer(text, signal) };
      yield { type: 'end', finish: 'stop', usage: { input: 10, output: 1, cached: 0 } };
    },
  };
  const modules = new Map([createPromptModule('ask', 'Answer.'), ...more].map((each) => [each.name, each]));
  const pipeline = loadPipeline(file, { modules: [...modules.keys()] });
  const run = { v: 1, pipeline: 'p', startedAt: '2026-11-21T12:00:00.000Z', software: 'test' } as const;
  const folder = RunFolder.create(path.join(root, 'runs'), run, yaml);
  const patience = { firstPieceMs: 0, idleMs: 0, maxRetries: 0, maxWaitMs: 0 };
  return {
    pipeline,
    events,
    asked,
    folder,
    run: (changes = {}) =>
      runPipeline(pipeline, {
        modules,
        folder,
        provide: () => Promise.resolve({ provider, patience }),
        observe: (event) => events.push(event),
        signal: new AbortController().signal,
        ...changes,
      }),
  };
}
