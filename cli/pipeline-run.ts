import { existsSync, fstatSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { ConfigError } from '../config/errors.ts';
import { loadPrices } from '../config/prices.ts';
import { formatSeconds } from '../journal/render/sentences.ts';
import { visibleLine } from '../journal/render/visible-controls.ts';
import { isAnswered } from '../pipelines/ask-model.ts';
import { dependentsOf } from '../pipelines/graph.ts';
import type { Module } from '../pipelines/module.ts';
import type { Pipeline } from '../pipelines/pipeline.ts';
import { RunDocuments } from '../pipelines/run-documents.ts';
import { RunFolder } from '../pipelines/run-folder.ts';
import { lockRun } from '../pipelines/run-lock.ts';
import type { RunRecord } from '../pipelines/run-records.ts';
import { describeSpending, readRunView, spendingOf } from '../pipelines/run-view.ts';
import type { RunEvent, RunResult } from '../pipelines/run-options.ts';
import { runPipeline } from '../pipelines/run.ts';
import { StepCache } from '../pipelines/step-cache.ts';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import { createPerson } from './ask-person.ts';
import { UsageError } from './failure.ts';
import { onInterrupt } from './interrupt.ts';
import { findPipeline, modulesOf, readPipeline } from './pipeline-files.ts';
import { createPipelineProgress } from './pipeline-progress.ts';
import type { RunFlags } from './pipeline-run-flags.ts';
import { PipelineServices } from './pipeline-services.ts';
import { createSurroundings } from './pipeline-surroundings.ts';
import { findRunFolder } from './run-folders.ts';
import { readVersion } from './version.ts';

/** Runs a pipeline, or goes on with a run, and shows how it goes. Rejects with ColloquyError. */
export async function runOnTerminal(argv: RunFlags): Promise<void> {
  const resumed =
    argv.resume === undefined ? undefined : new RunFolder(findRunFolder(argv.resume, argv.runs, 'pipeline'));
  const earlier = resumed?.readRun();
  const job = await prepare(argv, resumed, earlier);
  const folder = resumed ?? RunFolder.create(argv.runs, job.record, job.pipeline.text);
  const unlock = await lockRun(folder.folder);
  try {
    if (resumed) takeUp(resumed, job, argv);
    await perform(argv, job, folder);
  } finally {
    unlock();
  }
}

interface Job {
  readonly pipeline: Pipeline;
  readonly modules: ReadonlyMap<string, Module>;
  readonly services: PipelineServices;
  readonly record: RunRecord;
}

/** Whatever can be wrong is found before anything is asked. */
async function prepare(
  argv: RunFlags,
  resumed: RunFolder | undefined,
  earlier: RunRecord | undefined,
): Promise<Job> {
  if (!resumed && (argv.from !== undefined || argv.only !== undefined)) {
    throw new UsageError('--from and --only need --resume: they are about a run that was begun');
  }
  if (argv.from !== undefined && argv.only !== undefined) {
    throw new UsageError('--from and --only say different things; leave one of them out');
  }
  const file = argv.pipeline === undefined ? resumed?.pipelineFile : findPipeline(argv.pipeline);
  if (file === undefined) throw new UsageError('say which pipeline: colloquy pipeline list');
  const files = argv.module?.map((each) => path.resolve(each)) ?? earlier?.modules;
  const modules = await modulesOf(files);
  const pipeline = await readPipeline(file, modules);
  refuseUnknownSteps(argv, pipeline);
  const spec = argv.service ?? earlier?.service;
  const services = new PipelineServices({
    cwd: process.cwd(),
    env: process.env,
    spec,
    asked: ({ name, model }) =>
      pipeline.steps
        .flatMap(({ output_name: step }) => resumed?.readExchanges(step) ?? [])
        .filter((kept) => kept.service === name && kept.model === model && isAnswered(kept)).length,
  });
  const problems = services.check(pipeline, modules);
  if (problems.length > 0) throw new ConfigError(problems);
  services.refuseSilence(pipeline, modules);
  // A key that is missing should not come to light in the fifth step.
  if (!resumed) {
    for (const { model_config: model } of pipeline.steps) {
      if (model?.service !== undefined || spec !== undefined) await services.provide(model);
    }
  }
  const request = (await readRequest(argv)) ?? earlier?.request ?? (await pipedRequest(pipeline));
  return {
    pipeline,
    modules,
    services,
    record: {
      v: 1,
      pipeline: argv.pipeline === undefined ? (earlier?.pipeline ?? pipeline.name) : pipeline.name,
      ...(request === undefined ? {} : { request }),
      startedAt: earlier?.startedAt ?? new Date().toISOString(),
      software: `colloquy ${readVersion()}`,
      ms: earlier?.ms,
      file: argv.pipeline === undefined ? earlier?.file : path.resolve(file),
      service: spec,
      modules: files,
    },
  };
}

function refuseUnknownSteps({ from, only = [] }: RunFlags, { name, steps }: Pipeline): void {
  for (const step of [...only, ...(from === undefined ? [] : [from])]) {
    if (steps.some(({ output_name: known }) => known === step)) continue;
    const names = steps.map(({ output_name: known }) => known).join(', ');
    throw new UsageError(`${name} has no step ${step}; there are ${names}`);
  }
}

/** Goes on with a run that was begun: with the pipeline that it began with, unless another is named. */
function takeUp(
  folder: RunFolder,
  { pipeline: { text }, record }: Job,
  { pipeline, resume }: RunFlags,
): void {
  folder.removeDrafts();
  folder.writeRun(record);
  const kept = existsSync(folder.pipelineFile) ? readFileSync(folder.pipelineFile, 'utf8') : '';
  if (pipeline !== undefined) {
    if (kept !== text) folder.replacePipeline(text);
    return;
  }
  const { file } = record;
  if (file === undefined || !existsSync(file) || readFileSync(file, 'utf8') === kept) return;
  const shown = path.relative('', file);
  process.stderr.write(
    `${shown} was changed since this run began, which goes on as it began; to take the change: colloquy pipeline run ${shown} --resume ${resume}\n`,
  );
}

async function perform(argv: RunFlags, job: Job, folder: RunFolder): Promise<void> {
  const { pipeline, modules, services, record } = job;
  const startedAtMs = performance.now();
  const prices = loadPrices({ cwd: process.cwd() });
  const abort = new AbortController();
  onInterrupt({
    polite: () => false,
    atOnce: () => abort.abort(new DOMException('interrupted', 'AbortError')),
  });
  const names = pipeline.steps.map(({ output_name: name }) => name);
  const progress = await createPipelineProgress(process.stdout, {
    verbose: argv.verbose ?? false,
    steps: names,
  });
  const person = process.stdin.isTTY ? createPerson(process.stdin, process.stdout, progress) : undefined;
  const documents = new RunDocuments(folder, pipeline.steps, prices, (problem) =>
    process.stderr.write(`${problem}\n`),
  );
  const exchanges: Extract<RunEvent, { type: 'exchange' }>['exchange'][] = [];
  let result: RunResult | undefined;
  try {
    result = await runPipeline(pipeline, {
      modules,
      folder,
      request: record.request,
      ...(argv['no-cache'] ? {} : { cache: new StepCache(argv.runs) }),
      provide: (model) => services.provide(model),
      identify: (model) => services.identify(model),
      ...(person ? { ask: person.ask } : {}),
      ...createSurroundings({ spec: record.service, gates: services.gates, ask: person?.ask }),
      observe: (event) => {
        if (event.type === 'exchange') exchanges.push(event.exchange);
        progress.see(event);
        documents.see(event);
      },
      ...(argv.from === undefined ? {} : { anew: dependentsOf(argv.from, pipeline.steps) }),
      ...(argv.only === undefined ? {} : { only: new Set(argv.only) }),
      signal: abort.signal,
    });
  } finally {
    progress.end();
    person?.close();
    conclude(
      folder,
      { ...record, ms: Math.round((record.ms ?? 0) + performance.now() - startedAtMs) },
      result,
    );
    documents.finish();
    const spent = describeSpending(spendingOf(exchanges, prices));
    const before = describeSpending(
      readRunView(folder, pipeline.steps, { prices, isRunning: false }).spending,
    );
    const time = formatSeconds(performance.now() - startedAtMs);
    process.stdout.write(`\n${[time, spent].filter((part) => part !== '').join(' · ')}\n`);
    if (before !== spent) process.stdout.write(`The whole run: ${before}\n`);
    process.stdout.write(`Run: ${folder.folder}\nReport: ${path.join(folder.folder, 'report.html')}\n`);
    if (abort.signal.aborted)
      process.stderr.write(`To go on: colloquy pipeline run --resume ${folder.folder}\n`);
  }
  refuseFailures(result, folder);
}

/** A run whose folder is full cannot even say that it has ended. */
function conclude(folder: RunFolder, record: RunRecord, result: RunResult | undefined): void {
  const outcome = result === undefined ? 'interrupted' : result.failures.size > 0 ? 'failed' : 'done';
  try {
    folder.writeRun({ ...record, endedAt: new Date().toISOString(), outcome });
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
  }
}

function refuseFailures({ failures }: RunResult, { folder }: RunFolder): void {
  if (failures.size === 0) return;
  const what = failures.size === 1 ? 'a step' : `${failures.size} steps`;
  const each = [...failures].map(([step, error]) => `${step}: ${visibleLine(error)}`).join('\n');
  throw new ColloquyError(`${what} failed; go on with colloquy pipeline run --resume ${folder}\n${each}`, {
    code: 'pipeline-failed',
  });
}

async function readRequest(argv: RunFlags): Promise<string | undefined> {
  const { request } = argv;
  const file = argv['request-file'];
  if (request !== undefined && file !== undefined) {
    throw new UsageError('--request and --request-file say the same; leave one of them out');
  }
  if (file !== undefined) {
    const { readTextFile } = await import('../config/read-text.ts');
    return readTextFile(file, file);
  }
  return request === '-' ? readInput() : request;
}

/** What is piped to the program is the request, where the pipeline asks for one and nobody names another. */
async function pipedRequest({ steps }: Pipeline): Promise<string | undefined> {
  if (!steps.some(({ module }) => module === 'start_module')) return undefined;
  // A socket or a device may never end: whoever starts the program from another has it there.
  const input = fstatSync(0);
  if (!input.isFIFO() && !input.isFile()) return undefined;
  const text = await readInput();
  return text.trim() === '' ? undefined : text;
}

async function readInput(): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of process.stdin) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}
