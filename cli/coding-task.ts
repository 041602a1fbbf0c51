import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import type { RequestGate } from '../agents/request-limit.ts';
import type { OpenWriter, Writer } from '../coder/ask.ts';
import { refuseFinished, runCoder, type CodingRun } from '../coder/coder.ts';
import { CodingFolder, type CodingRunRecord } from '../coder/run-folder.ts';
import { coderRoles, coderServices, type CoderRole } from '../config/coder-roles.ts';
import type { CoderConfig } from '../config/coder-schema.ts';
import {
  leafPaths,
  loadCoderConfig,
  loadProxyConfig,
  loadServiceConfig,
  readEnvironment,
} from '../config/load.ts';
import { lookUp as askPath } from '../config/issues.ts';
import type { ExecutionConfig, ServiceConfig } from '../config/schema.ts';
import { makeFolder, writeWhole } from '../pipelines/whole-file.ts';
import { extractBlocks } from '../sidecar/blocks.ts';
import type { Project } from '../sidecar/project/project.ts';
import { UsageError } from './failure.ts';
import { RequestGates } from './request-gates.ts';
import { parseServiceSpec } from './service-spec.ts';
import { readVersion } from './version.ts';

/** What a coding task is started with. Only `task` is needed, or `resume`, and a service in it or in config/coder.yml. */
export interface CodingTaskOptions {
  /** What the program is to do. TEST-ASSERT blocks in it must pass. */
  readonly task?: string;
  /** Python that must run without an error after the program, with its names at hand. */
  readonly tests?: string;
  /** Who writes: `ollama:qwen2.5-coder`. */
  readonly service?: string;
  /** Keys of config/coder.yml, with dots: `{ coding_samples: 1, 'coder.model': 'qwen2.5-coder' }`. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Keys of config/SERVICE.yml for that service: `{ base_url: 'http://127.0.0.1:11434' }`. They are not kept. */
  readonly serviceSettings?: Readonly<Record<string, unknown>>;
  /** Shared with other tasks and with meetings, in the place of each service's own: `requestLimit({ perMinute: 60 })`. */
  readonly limit?: RequestGate;
  /** A settings file instead of config/coder.yml. */
  readonly config?: string;
  /** Where the program goes; its name without the ending is how tests import it. Default: `persistent_source.py`. */
  readonly out?: string;
  /** Folder of the runs. Default: `runs`. */
  readonly runs?: string;
  /** Folder of a run to go on with: what was paid for is kept. */
  readonly resume?: string;
  /** The working folder. Default: that of the process. */
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Ends the task; its run can be gone on with. */
  readonly signal?: AbortSignal;
  /** How code is run, instead of what config/proxy.yml says. */
  readonly execution?: ExecutionConfig;
  /** Opens a sandbox other than that of the program. Closed when the task is over. */
  readonly openProject?: () => Promise<Project>;
}

/**
 * Starts a coding task: plan, packages, programs, linting, running, mending. Throws ConfigError and UsageError before
 * anything is asked of a model.
 */
export function runCodingTask(options: CodingTaskOptions): CodingRun {
  const { cwd = process.cwd(), env: given = process.env, signal } = options;
  const env = readEnvironment(cwd, given);
  const execution = options.execution ?? loadProxyConfig({ env, cwd, flags: {} }).value.execution;
  const { folder, run } = prepareRun(options, cwd, env);
  const config = run.settings;
  const openProject = async (): Promise<Project> => {
    const { openProject: open } = await import('../sidecar/project/project.ts');
    const limits = { ...execution.limits, seconds: config.program_seconds };
    return open({ config: { ...execution, limits } });
  };
  return runCoder({
    run,
    folder,
    isResumed: options.resume !== undefined,
    tests: testsOf(run),
    writers: writersOf(config, { ...options, env, cwd, gateOf: gateOf(options) }),
    openProject: options.openProject ?? openProject,
    lookUp: async (names, lookUpSignal) => {
      const { lookUp } = await import('../sidecar/project/package-index.ts');
      return lookUp(names, { index: execution.package_index, signal: lookUpSignal });
    },
    createLinter: async () => {
      const { createLinter } = await import('../coder/lint.ts');
      return createLinter();
    },
    publish: (source) => {
      const file = path.resolve(cwd, run.out);
      // What stood there is nobody's to throw away.
      if (existsSync(file) && readFileSync(file, 'utf8') !== source) {
        folder.write(`replaced-${path.basename(file)}`, readFileSync(file, 'utf8'));
      }
      makeFolder(path.dirname(file));
      writeWhole(file, source);
      return path.relative(cwd, file).startsWith('..') ? file : path.relative(cwd, file);
    },
    ...(signal ? { signal } : {}),
  });
}

/** Throws UsageError where what was given is none. */
function gateOf({ limit }: CodingTaskOptions): Place['gateOf'] {
  if (limit === undefined) {
    const gates = new RequestGates();
    return (config) => gates.of(config);
  }
  if (typeof limit.enter !== 'function') {
    throw new UsageError('limit: make it with requestLimit({ perMinute, atOnce })');
  }
  return () => limit;
}

function prepareRun(
  options: CodingTaskOptions,
  cwd: string,
  env: NodeJS.ProcessEnv,
): { folder: CodingFolder; run: CodingRunRecord } {
  const resumed =
    options.resume === undefined ? undefined : new CodingFolder(path.resolve(cwd, options.resume));
  const earlier = resumed?.readRun();
  if (resumed && earlier) refuseFinished(earlier, resumed.folder);
  const settings = loadCoderConfig({
    file: options.config,
    env,
    cwd,
    flags: {
      ...(earlier ? flatten(earlier.settings) : {}),
      ...settingsOfSpec(options.service),
      ...options.settings,
    },
  }).value;
  if (earlier && resumed) {
    if (options.task !== undefined && options.task.trim() !== earlier.task.trim()) {
      throw new UsageError(`${resumed.folder} is about another task; start a new one, without --resume`);
    }
    const before = { ...earlier };
    delete before.error;
    delete before.endedAt;
    const tests = options.tests ?? earlier.tests;
    const out = options.out ?? earlier.out;
    checkOut(out, cwd);
    return { folder: resumed, run: { ...before, settings, ...(tests === undefined ? {} : { tests }), out } };
  }
  const { task, tests } = options;
  if (task === undefined || task.trim() === '')
    throw new UsageError('say what the program is to do: a file, or -t "…"');
  const out = options.out ?? 'persistent_source.py';
  checkOut(out, cwd);
  const run: CodingRunRecord = {
    v: 1,
    kind: 'code',
    state: 'running',
    startedAt: new Date().toISOString(),
    software: `colloquy ${readVersion()}`,
    task,
    ...(tests === undefined ? {} : { tests }),
    out,
    settings,
  };
  // Nothing is left behind where nobody can write, or the tests cannot be had.
  writersOf(settings, { ...options, env, cwd, gateOf: gateOf(options) });
  testsOf(run);
  return { folder: CodingFolder.create(path.resolve(cwd, options.runs ?? 'runs'), run), run };
}

/** Before anything is paid for. */
function checkOut(out: string, cwd: string): void {
  if (!/^[A-Za-z_]\w*\.py$/.test(path.basename(out))) {
    throw new UsageError(`--out: ${out} cannot be imported by tests; name a file such as solution.py`);
  }
  const file = path.resolve(cwd, out);
  if (statSync(file, { throwIfNoEntry: false })?.isDirectory() === true) {
    throw new UsageError(`--out: ${out} is a folder; name a file such as solution.py`);
  }
}

function testsOf({ task, tests }: CodingRunRecord): readonly string[] {
  const { blocks, problems } = extractBlocks(task, 'marked');
  const [problem] = problems;
  if (problem) throw new UsageError(`the task: ${problem.message}`);
  const inBlocks = blocks.filter(({ kind }) => kind === 'test');
  const other = inBlocks.find(({ language }) => language !== 'python');
  if (other) throw new UsageError(`the task: tests are written in Python, and one is in ${other.language}`);
  const inTask = inBlocks.map(({ code }) => code);
  return [...(tests === undefined ? [] : [tests]), ...inTask];
}

function settingsOfSpec(spec: string | undefined): Record<string, unknown> {
  if (spec === undefined) return {};
  const { service, flags } = parseServiceSpec(spec, '-s');
  if (!coderServices.some((name) => name === service)) {
    throw new UsageError(`-s: ${service} cannot write programs; choose one of ${coderServices.join(', ')}`);
  }
  const rest = flags[0]?.slice(flags[0].indexOf('=') + 1);
  return { service, model: rest };
}

interface Place {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly serviceSettings?: Readonly<Record<string, unknown>>;
  /** Shared by all roles. */
  readonly gateOf: (config: ServiceConfig) => RequestGate | undefined;
}

/** One for each role; a provider for each temperature, made when it is first asked. */
function writersOf(config: CoderConfig, place: Place): Record<CoderRole, Writer> {
  return Object.fromEntries(coderRoles.map((role) => [role, writerOf(config, role, place)])) as Record<
    CoderRole,
    Writer
  >;
}

function writerOf(
  config: CoderConfig,
  role: CoderRole,
  { env, cwd, serviceSettings, gateOf }: Place,
): Writer {
  const service = config[role].service ?? config.service;
  if (service === undefined) {
    throw new UsageError(
      `who writes? Name a service with -s ${coderServices.join('|')}, such as -s ollama:qwen2.5-coder, or in config/coder.yml`,
    );
  }
  // A model is a model of a certain service.
  const model = config[role].model ?? (service === config.service ? config.model : undefined);
  const takesTemperature = ['openai', 'ollama', 'lmstudio'].includes(service);
  const modelKey = service === 'scripted' ? 'replies' : service === 'command' ? 'command' : 'model';
  const load = (temperature: number | undefined) =>
    loadServiceConfig({
      service,
      env,
      cwd,
      flags: {
        ...(service === config.service ? serviceSettings : {}),
        ...(model === undefined ? {} : { [modelKey]: model }),
        ...(temperature === undefined ? {} : { temperature }),
      },
    }).value;
  const known = new Map<number | undefined, Promise<OpenWriter>>();
  const loaded = load(undefined);
  return {
    service,
    model: nameOfModel(askPath(loaded, [modelKey])),
    takesTemperature,
    isScript: service === 'scripted',
    open: (temperature) => {
      const made = known.get(temperature) ?? open(load(temperature), { cwd, gateOf });
      known.set(temperature, made);
      return made;
    },
  };
}

/** A command may be a list of words. */
function nameOfModel(value: unknown): string {
  if (Array.isArray(value)) return value.join(' ');
  return typeof value === 'string' ? value : '';
}

async function open(
  config: ServiceConfig,
  { cwd, gateOf }: Pick<Place, 'cwd' | 'gateOf'>,
): Promise<OpenWriter> {
  const { createProvider, patienceOf } = await import('./create-provider.ts');
  const provider = await createProvider(fromFolder(config, cwd));
  return { provider, patience: patienceOf(config), limit: gateOf(config) };
}

/** Files stand from the working folder on, which a program that uses the library may have chosen. */
function fromFolder<T extends ReturnType<typeof loadServiceConfig>['value']>(config: T, cwd: string): T {
  if (config.service !== 'scripted' || config.replies === undefined) return config;
  return { ...config, replies: path.relative('', path.resolve(cwd, config.replies)) };
}

function flatten(settings: CoderConfig): Record<string, unknown> {
  return Object.fromEntries(leafPaths(settings).map((key) => [key, askPath(settings, key.split('.'))]));
}
