import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { CommandModule } from 'yargs';
import type { Provider } from '../../agents/provider.ts';
import type { Patience } from '../../agents/reliable.ts';
import { serviceNames, type ServiceName } from '../../config/service-names.ts';
import { packageRoot } from '../../config/paths.ts';
import type { Module } from '../../pipelines/module.ts';
import type { ModelConfig, Pipeline } from '../../pipelines/pipeline.ts';
import { ColloquyError } from '../../wire/errors.ts';
import type { CommandGroup } from '../command-group.ts';
import { UsageError } from '../failure.ts';
import { onInterrupt } from '../interrupt.ts';
import { createPipelineProgress } from '../pipeline-progress.ts';
import { createPrompt } from '../prompt.ts';
import { takingMany } from '../many.ts';
import { parseServiceSpec } from '../service-spec.ts';
import { readVersion } from '../version.ts';

const moduleFlag = {
  module: {
    type: 'string',
    array: true,
    normalize: true,
    describe: 'A JavaScript file with a module of your own; may be given several times',
  },
} as const;

interface RunFlags {
  pipeline?: string | undefined;
  request?: string | undefined;
  'request-file'?: string | undefined;
  service?: string | undefined;
  runs: string;
  resume?: string | undefined;
  from?: string | undefined;
  only?: string[] | undefined;
  'no-cache'?: boolean | undefined;
  verbose?: boolean | undefined;
  module?: string[] | undefined;
}

const run: CommandModule<object, RunFlags> = {
  command: 'run [pipeline]',
  describe: 'Run a pipeline, each step as soon as those it needs are done',
  builder: (cli) =>
    cli.positional('pipeline', { type: 'string', describe: 'File or name of a pipeline' }).options({
      request: { alias: 'r', type: 'string', describe: 'What the run is asked for; - reads standard input' },
      'request-file': { type: 'string', normalize: true, describe: 'The same from a file' },
      service: {
        alias: 's',
        type: 'string',
        describe: 'SERVICE:MODEL for the steps that name none, such as ollama:llama3.2',
      },
      runs: { type: 'string', normalize: true, default: 'runs', describe: 'Folder of the runs' },
      resume: {
        type: 'string',
        normalize: true,
        describe: 'Folder of a run to go on with, or "last": what is done stays',
      },
      from: { type: 'string', describe: 'With --resume: do this step anew, and all that depends on it' },
      only: { type: 'string', array: true, describe: 'With --resume: do these steps anew, and no other' },
      'no-cache': { type: 'boolean', describe: 'Pay for every step, even if another run had the same' },
      verbose: { alias: 'v', type: 'boolean', describe: 'Show what is written, as it is written' },
      ...moduleFlag,
    }),
  handler: runHandler,
};

async function runHandler(argv: RunFlags): Promise<void> {
  const { runPipeline } = await import('../../pipelines/run.ts');
  const { RunFolder, StepCache } = await import('../../pipelines/run-folder.ts');
  const modules = await modulesOf(argv);
  const resumed =
    argv.resume === undefined ? undefined : new RunFolder(resumedFolder(argv.resume, argv.runs));
  if (!resumed && (argv.from !== undefined || argv.only !== undefined)) {
    throw new UsageError('--from and --only need --resume: they are about a run that was begun');
  }
  const file = argv.pipeline === undefined ? resumed?.pipelineFile : findPipeline(argv.pipeline);
  if (file === undefined) throw new UsageError('say which pipeline: colloquy pipeline list');
  const pipeline = await load(file, modules);
  const earlier = resumed?.readRun();
  const request = (await readRequest(argv)) ?? earlier?.request;
  const folder =
    resumed ??
    RunFolder.create(
      argv.runs,
      {
        v: 1,
        pipeline: pipeline.name,
        ...(request === undefined ? {} : { request }),
        startedAt: new Date().toISOString(),
        software: `colloquy ${readVersion()}`,
      },
      readFileSync(file, 'utf8'),
    );
  for (const step of [...(argv.only ?? []), ...(argv.from === undefined ? [] : [argv.from])]) {
    if (!pipeline.steps.some(({ output_name: name }) => name === step)) {
      const names = pipeline.steps.map(({ output_name: name }) => name).join(', ');
      throw new UsageError(`${pipeline.name} has no step ${step}; there are ${names}`);
    }
  }
  const abort = new AbortController();
  onInterrupt({ polite: () => false, atOnce: () => abort.abort(new Error('interrupted')) });
  const person = process.stdin.isTTY ? createPrompt(process.stdin, process.stdout) : undefined;
  try {
    const { dependentsOf } = await import('../../pipelines/graph.ts');
    const result = await runPipeline(pipeline, {
      modules,
      folder,
      request,
      ...(argv['no-cache'] ? {} : { cache: new StepCache(argv.runs) }),
      provide: providers(argv.service),
      ...(person
        ? {
            ask: (question, signal) => {
              process.stdout.write(`\n${question}\n`);
              return person.ask(signal);
            },
          }
        : {}),
      observe: createPipelineProgress(process.stdout, { verbose: argv.verbose ?? false }),
      ...(argv.from === undefined ? {} : { anew: dependentsOf(argv.from, pipeline.steps) }),
      ...(argv.only === undefined ? {} : { only: new Set(argv.only) }),
      signal: abort.signal,
    });
    process.stdout.write(`\nRun: ${folder.folder}\n`);
    if (result.failures.size === 0) return;
    const again = `colloquy pipeline run --resume ${folder.folder}`;
    throw new ColloquyError(
      `${result.failures.size === 1 ? 'a step' : `${result.failures.size} steps`} failed: ${[...result.failures.keys()].join(', ')}; go on with ${again}`,
      { code: 'pipeline-failed' },
    );
  } finally {
    person?.close();
  }
}

const check: CommandModule<object, { pipelines: string[]; module?: string[] | undefined }> = {
  command: 'check <pipelines..>',
  describe: 'Say what is wrong with pipelines',
  builder: (cli) =>
    takingMany(cli)
      .positional('pipelines', {
        type: 'string',
        array: true,
        demandOption: true,
        describe: 'Files or names',
      })
      .options(moduleFlag),
  handler: async (argv) => {
    const { ConfigError } = await import('../../config/errors.ts');
    const modules = await modulesOf(argv);
    let problems = 0;
    for (const each of argv.pipelines) {
      try {
        const { name, steps } = await load(findPipeline(each), modules);
        process.stdout.write(`${name}: ${steps.length} steps, fine\n`);
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        problems += error.problems.length;
        for (const { where, message } of error.problems) process.stdout.write(`${where} ${message}\n`);
      }
    }
    if (problems > 0) process.exitCode = 2;
  },
};

const graph: CommandModule<object, { pipeline: string; module?: string[] | undefined }> = {
  command: 'graph <pipeline>',
  describe: 'Print the graph of a pipeline as Mermaid',
  builder: (cli) =>
    cli
      .positional('pipeline', { type: 'string', demandOption: true, describe: 'File or name of a pipeline' })
      .options(moduleFlag),
  handler: async (argv) => {
    const { toMermaid } = await import('../../pipelines/mermaid.ts');
    const { steps } = await load(findPipeline(argv.pipeline), await modulesOf(argv));
    process.stdout.write(toMermaid(steps));
  },
};

const list: CommandModule<object, { module?: string[] | undefined }> = {
  command: 'list',
  describe: 'List pipelines and modules',
  builder: moduleFlag,
  handler: async (argv) => {
    process.stdout.write('Pipelines\n');
    for (const folder of pipelineFolders()) {
      for (const file of filesIn(folder)) process.stdout.write(`  ${path.parse(file).name}\n`);
    }
    process.stdout.write('\nModules\n');
    for (const { name, describe } of (await modulesOf(argv)).values()) {
      process.stdout.write(`  ${name.padEnd(24)}${describe}\n`);
    }
  },
};

export const pipelineCommands: CommandGroup = {
  name: 'pipeline',
  describe: 'Run steps of models that are declared in YAML',
  commands: [run, check, graph, list],
};

async function modulesOf({
  module,
}: {
  readonly module?: readonly string[] | undefined;
}): Promise<Map<string, Module>> {
  const { loadModules } = await import('../../pipelines/modules.ts');
  return loadModules({ cwd: process.cwd(), ...(module === undefined ? {} : { files: module }) });
}

async function load(file: string, modules: ReadonlyMap<string, Module>): Promise<Pipeline> {
  const { loadPipeline } = await import('../../pipelines/pipeline.ts');
  return loadPipeline(file, { modules: [...modules.keys()] });
}

/** A file, or the name of one in `pipelines/` here or in the package. Throws UsageError. */
function findPipeline(nameOrFile: string): string {
  if (/\.ya?ml$/.test(nameOrFile)) return nameOrFile;
  const files = pipelineFolders().flatMap(filesIn);
  const found = files.find((file) => path.parse(file).name === nameOrFile);
  if (found !== undefined) return found;
  const names = [...new Set(files.map((file) => path.parse(file).name))].join(', ');
  throw new UsageError(
    `no pipeline is called ${nameOrFile}; there are ${names}, or name a file that ends in .yml`,
  );
}

function pipelineFolders(): string[] {
  return [...new Set([path.resolve('pipelines'), path.join(packageRoot, 'pipelines')])];
}

function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.yml'))
    .sort()
    .map((name) => path.join(folder, name));
}

function resumedFolder(wish: string, runs: string): string {
  if (wish !== 'last') return existsSync(wish) ? wish : path.join(runs, wish);
  const names = existsSync(runs)
    ? readdirSync(runs)
        .filter((name) => !name.startsWith('.'))
        .sort()
    : [];
  const last = names.at(-1);
  if (last === undefined) throw new UsageError(`there is no run in ${runs} to go on with`);
  return path.join(runs, last);
}

async function readRequest(argv: RunFlags): Promise<string | undefined> {
  const { request } = argv;
  const file = argv['request-file'];
  if (request !== undefined && file !== undefined) {
    throw new UsageError('--request and --request-file say the same; leave one of them out');
  }
  if (file !== undefined) {
    const { readTextFile } = await import('../../config/read-text.ts');
    return readTextFile(file, file);
  }
  if (request !== '-') return request;
  const pieces: Buffer[] = [];
  for await (const piece of process.stdin) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}

/** One provider for each set of settings, made when the first step asks for it. */
function providers(
  spec: string | undefined,
): (model: ModelConfig | undefined) => Promise<{ provider: Provider; patience: Patience }> {
  const fallback = spec === undefined ? undefined : parseServiceSpec(spec, '-s');
  const known = new Map<string, Promise<{ provider: Provider; patience: Patience }>>();
  return (model = {}) => {
    const service = model.service ?? fallback?.service;
    if (service === undefined) {
      throw new UsageError(
        `who writes? Name a service in the step's model_config, or for all steps with -s ${serviceNames.join('|')}`,
      );
    }
    const key = JSON.stringify([service, model]);
    const made = known.get(key) ?? createWriter(service, model, fallback);
    known.set(key, made);
    return made;
  };
}

async function createWriter(
  service: ServiceName,
  { model, temperature, max_tokens, seed }: ModelConfig,
  fallback: ReturnType<typeof parseServiceSpec> | undefined,
): Promise<{ provider: Provider; patience: Patience }> {
  const { loadServiceConfig, readEnvironment } = await import('../../config/load.ts');
  const { createProvider, patienceOf } = await import('../create-provider.ts');
  const cwd = process.cwd();
  const flags = fallback?.service === service ? fromFlags(fallback.flags) : {};
  const wishes = { ...flags, ...withoutUndefined({ model, temperature, max_tokens, seed }) };
  const { value: config } = loadServiceConfig({
    service,
    env: readEnvironment(cwd, process.env),
    cwd,
    flags: wishes,
  });
  return { provider: await createProvider(config), patience: patienceOf(config) };
}

/** `--model=x` as settings know it. */
function fromFlags(flags: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    flags.map((flag) => {
      const [, key = '', value = ''] = /^--([\w-]+)=(.*)$/s.exec(flag) ?? [];
      return [key.replaceAll('-', '_'), value];
    }),
  );
}

function withoutUndefined(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined));
}
