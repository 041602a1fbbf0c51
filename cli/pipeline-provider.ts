import path from 'node:path';
import { ProviderError, type Provider, type ReplyPiece, type ReplyRequest } from '../agents/provider.ts';
import { ConfigError } from '../config/errors.ts';
import { loadPrices } from '../config/prices.ts';
import type { ServiceConfig } from '../config/schema.ts';
import type { Seat } from '../pipelines/module.ts';
import type { Pipeline } from '../pipelines/pipeline.ts';
import { RunDocuments } from '../pipelines/run-documents.ts';
import { RunFolder } from '../pipelines/run-folder.ts';
import type { RunEvent, RunResult } from '../pipelines/run-options.ts';
import { runPipeline } from '../pipelines/run.ts';
import type { Usage } from '../wire/types.ts';
import { addUsage } from '../wire/usage.ts';
import { UsageError } from './failure.ts';
import { findPipeline, modulesOf, readPipeline } from './pipeline-files.ts';
import { PipelineServices } from './pipeline-services.ts';
import { createSurroundings } from './pipeline-surroundings.ts';
import { readVersion } from './version.ts';

/**
 * A pipeline that holds a seat: each reply is a run of its own, and what its last step puts out. The partner's message
 * is the request. Rejects with ConfigError or UsageError.
 */
export async function createPipelineProvider(
  config: Extract<ServiceConfig, { service: 'pipeline' }>,
): Promise<Provider> {
  if (config.pipeline === undefined) {
    throw new UsageError(
      'pipeline: say which one with --pipeline FILE; or where a service is named, pipeline:FILE',
    );
  }
  const modules = await modulesOf(config.modules?.map((file) => path.resolve(file)));
  const file = findPipeline(config.pipeline);
  const pipeline = await readPipeline(file, modules);
  const services = new PipelineServices({
    cwd: process.cwd(),
    env: process.env,
    spec: config.steps,
    where: 'steps',
    seed: config.seed,
  });
  const problems = services.check(pipeline, modules);
  if (problems.length > 0) throw new ConfigError(problems);
  services.refuseSilence(pipeline, modules);
  // A key that is missing should not come to light after the partner has spoken.
  for (const { model_config: model } of pipeline.steps) {
    if (model?.service !== undefined || config.steps !== undefined) await services.provide(model);
  }
  const prices = loadPrices({ cwd: process.cwd() });

  async function* reply({ system, messages, signal }: ReplyRequest): AsyncGenerator<ReplyPiece> {
    signal.throwIfAborted();
    const startedAtMs = performance.now();
    const request = messages.at(-1)?.content ?? '';
    const folder = RunFolder.create(
      config.runs,
      {
        v: 1,
        pipeline: pipeline.name,
        request,
        startedAt: new Date().toISOString(),
        software: `colloquy ${readVersion()}`,
        file: path.resolve(file),
        service: config.steps,
        modules: config.modules,
      },
      pipeline.text,
    );
    const documents = new RunDocuments(folder, pipeline.steps, prices, () => {});
    const pieces = new Pieces();
    const seat: Seat = {
      persona: system,
      messages: messages.map(({ role, content }) => ({
        by: role === 'assistant' ? 'self' : 'partner',
        text: content,
      })),
    };
    const running = runPipeline(pipeline, {
      modules,
      folder,
      request,
      seat,
      provide: (model) => services.provide(model),
      ...createSurroundings({ spec: config.steps, gates: services.gates }),
      observe: (event) => {
        documents.see(event);
        pieces.see(event);
      },
      signal,
    }).finally(() => pieces.close());
    running.catch(() => {});
    let result: RunResult;
    try {
      yield* pieces;
      result = await running;
      folder.writeRun({
        ...folder.readRun(),
        ms: Math.round(performance.now() - startedAtMs),
        endedAt: new Date().toISOString(),
        outcome: result.failures.size > 0 ? 'failed' : 'done',
      });
    } finally {
      documents.finish();
    }
    // Whoever reads this does not come back after the end.
    yield { type: 'text', text: lastOutput(pipeline, result, folder) };
    yield { type: 'end', finish: 'stop', ...(pieces.usage ? { usage: pieces.usage } : {}) };
  }

  return { name: 'pipeline', model: pipeline.name, reply };
}

function lastOutput({ steps }: Pipeline, { outputs, failures }: RunResult, { folder }: RunFolder): string {
  const fail = (why: string): never => {
    throw new ProviderError(`pipeline: ${why}; see ${folder}`, {
      provider: 'pipeline',
      code: 'pipeline-failed',
      retryable: false,
    });
  };
  const [failure] = failures;
  if (failure) return fail(`the step ${failure[0]} failed: ${failure[1]}`);
  const last = steps.findLast(({ output_name: name }) => outputs.has(name));
  return last ? (outputs.get(last.output_name) ?? '') : fail('no step has put anything out');
}

/** What can be told of a run before its end: that it goes on, and what it has cost. */
class Pieces implements AsyncIterable<ReplyPiece> {
  usage: Usage | undefined;
  readonly #pieces: ReplyPiece[] = [];
  #wake: () => void = () => {};
  #isClosed = false;

  see(event: RunEvent): void {
    if (event.type === 'exchange' && event.exchange.usage) {
      this.usage = addUsage(this.usage, event.exchange.usage);
      if (this.usage) this.#pieces.push({ type: 'usage', usage: this.usage });
    }
    if (event.type === 'started' || event.type === 'done') {
      const words = event.type === 'started' ? 'begins' : 'is done';
      this.#pieces.push({ type: 'reasoning', text: `The step ${event.step} ${words}.\n` });
    }
    this.#wake();
  }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<ReplyPiece> {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece) yield piece;
      else if (this.#isClosed) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
