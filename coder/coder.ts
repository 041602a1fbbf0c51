import path from 'node:path';
import type { CoderRole } from '../config/coder-roles.ts';
import type { CoderConfig } from '../config/coder-schema.ts';
import { lockRun } from '../pipelines/run-lock.ts';
import type { LookUp } from '../sidecar/project/package-index.ts';
import type { InstallOutcome, Project } from '../sidecar/project/project.ts';
import { measured } from '../telemetry/telemetry.ts';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import { Asking, type Writer } from './ask.ts';
import { chooseDependencies, installDependencies, repairDependencies } from './dependencies.ts';
import { EventStream } from './event-stream.ts';
import type { CodingEvent, CodingResult, SampleReport, Trial } from './events.ts';
import type { Linter } from './lint.ts';
import { planWords, type TaskWords } from './prompts.ts';
import { createPylint } from './pylint.ts';
import { renderReport } from './report.ts';
import { keyOf, type CodingFolder, type CodingRunRecord } from './run-folder.ts';
import { writeSample, writeSamples, type Sample } from './samples.ts';
import { ignoredSettings, rolesOf, strategyOf } from './strategy.ts';
import { tryProgram } from './trial.ts';

/** All that a coding task needs; nothing is looked for elsewhere. */
export interface CoderOptions {
  readonly run: CodingRunRecord;
  readonly folder: CodingFolder;
  readonly isResumed: boolean;
  /** Pieces of Python that must run without an error after the program. */
  readonly tests: readonly string[];
  readonly writers: Readonly<Record<CoderRole, Writer>>;
  /** Called once, where something is to be run. */
  readonly openProject: () => Promise<Project>;
  readonly lookUp: (names: readonly string[], signal: AbortSignal) => Promise<LookUp>;
  readonly createLinter: () => Promise<Linter>;
  /** Puts a program that works where it belongs, and says where that is. */
  readonly publish: (source: string) => string;
  readonly signal?: AbortSignal;
  readonly nowMs?: () => number;
}

/** A coding task under way: its events, and what came of it. Who stops reading the events ends it. */
export interface CodingRun extends AsyncIterable<CodingEvent> {
  /** Rejects where a model could not be asked or nothing can be run, and with the signal's reason. */
  readonly result: Promise<CodingResult>;
}

/** Plans, names packages, writes, lints, runs and mends, until a program works or the attempts are used up. */
export function runCoder(options: CoderOptions): CodingRun {
  const left = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, left.signal]) : left.signal;
  const events = new EventStream<CodingEvent>(() =>
    left.abort(new DOMException('nobody reads on', 'AbortError')),
  );
  const result = measured(
    { type: 'workflow', name: 'code' },
    () => new Coder(options, signal, (event) => events.push(event)).toEnd(),
    ({ outcome }) => ({ error: outcome === 'failed' ? 'task-failed' : undefined }),
  );
  result.then(
    () => events.end(),
    (error: unknown) => events.end({ error }),
  );
  return { result, [Symbol.asyncIterator]: () => events[Symbol.asyncIterator]() };
}

/** What the parts of a coding task share. */
export interface Workshop {
  readonly config: CoderConfig;
  readonly words: TaskWords;
  readonly folder: CodingFolder;
  readonly asking: Asking;
  readonly signal: AbortSignal;
  readonly lookUp: CoderOptions['lookUp'];
  /** Undefined where nothing is linted. */
  readonly linter: Linter | undefined;
  /** Of a program, 0 to 10; undefined where there is no pylint. */
  readonly pylint: ((source: string) => Promise<number | undefined>) | undefined;
  readonly observe: (event: CodingEvent) => void;
  /** Into the environment that the program is run in. */
  readonly install: (packages: readonly string[]) => Promise<InstallOutcome>;
}

class Coder {
  readonly #options: CoderOptions;
  readonly #observe: (event: CodingEvent) => void;
  readonly #signal: AbortSignal;
  readonly #nowMs: () => number;
  readonly #asking: Asking;
  #project: Promise<Project> | undefined;
  /** What is installed in this process: a run that is gone on with installs again, when it must. */
  #installed = '';
  #plan = '';
  #packages: readonly string[] = [];
  /** By what was run: a program that comes again does as it did. */
  readonly #trials = new Map<string, Trial>();
  /** How the attempts went, a sentence each. */
  readonly #history: string[] = [];
  #installations = 0;
  #attempts = 0;
  #best: { readonly sample: Sample; readonly trial?: Trial } | undefined;

  constructor(options: CoderOptions, signal: AbortSignal, push: (event: CodingEvent) => void) {
    this.#options = options;
    this.#signal = signal;
    this.#nowMs = options.nowMs ?? Date.now;
    this.#observe = (event) => {
      const isFleeting = event.type === 'text' || event.type === 'output' || event.type === 'restart';
      if (!isFleeting) options.folder.appendEvent({ t: new Date(this.#nowMs()).toISOString(), ...event });
      push(event);
    };
    this.#asking = new Asking({
      writers: options.writers,
      folder: options.folder,
      observe: this.#observe,
      signal,
      nowMs: this.#nowMs,
    });
  }

  /** Two at work in one folder would pay twice, and write over each other. */
  async toEnd(): Promise<CodingResult> {
    const unlock = await lockRun(this.#options.folder.folder);
    try {
      return await this.#toEnd();
    } finally {
      unlock();
    }
  }

  async #toEnd(): Promise<CodingResult> {
    const { folder, run } = this.#options;
    folder.writeRun({ ...run, state: 'running' });
    try {
      const result = await this.#work();
      folder.writeRun({ ...run, state: result.outcome, endedAt: this.#now() });
      this.#observe({ type: 'finished', result });
      return result;
    } catch (error) {
      const state = this.#signal.aborted ? 'interrupted' : 'error';
      const why = this.#signal.aborted ? 'it was interrupted' : messageOf(error);
      this.#report({ outcome: 'failed', summary: `The task is not done: ${why}. It can be gone on with.` });
      folder.writeRun({ ...run, state, endedAt: this.#now(), error: why });
      throw this.#signal.aborted ? this.#signal.reason : error;
    } finally {
      await this.#project?.then((project) => project.close()).catch(() => {});
    }
  }

  async #work(): Promise<CodingResult> {
    const { run, writers, tests, isResumed, folder, createLinter, lookUp } = this.#options;
    const config = run.settings;
    this.#observe({ type: 'started', folder: folder.folder, task: run.task, settings: config, isResumed });
    for (const text of ignoredSettings(config, writers, tests.length > 0))
      this.#observe({ type: 'notice', text });
    const shop: Workshop = {
      config,
      words: { task: run.task, tests, module: path.parse(run.out).name },
      folder,
      asking: this.#asking,
      signal: this.#signal,
      lookUp,
      linter: config.apply_linter ? await createLinter() : undefined,
      pylint:
        config.apply_linter && config.execute_code
          ? createPylint({ open: () => this.#open(), folder: folder.path('program'), signal: this.#signal })
          : undefined,
      observe: this.#observe,
      install: (packages) => this.#installHere(packages),
    };
    // Where nothing can be run, that is said before much is paid for.
    const opening = config.execute_code ? this.#open() : undefined;
    opening?.catch(() => {});
    await this.#openWriters(config);
    await this.#makePlan(shop);
    await opening;
    if (config.install_dependencies) {
      this.#packages = await chooseDependencies(shop, this.#plan);
      if (config.execute_code) await this.#install(shop, this.#packages);
      folder.write('requirements.txt', this.#packages.map((each) => `${each}\n`).join(''));
    }
    const mostAttempts = config.execute_code ? config.max_coding_attempts : 1;
    while (this.#attempts < mostAttempts) {
      this.#attempts++;
      const done = await this.#attempt(shop);
      if (done) return done;
    }
    return this.#fail();
  }

  /** A key that is missing, or a file of replies, is said before another role is paid for. */
  async #openWriters(config: CoderConfig): Promise<void> {
    const { writers } = this.#options;
    for (const role of rolesOf(config)) {
      const writer = writers[role];
      await writer.open(writer.takesTemperature ? config[role].temperature : undefined);
    }
  }

  async #makePlan({ words, config, folder, asking }: Workshop): Promise<void> {
    this.#observe({ type: 'phase', phase: 'plan' });
    const { temperature } = config.planner;
    const { reply } = await asking.ask({ id: 'plan', role: 'planner', temperature, ...planWords(words) });
    this.#plan = reply;
    folder.write('plan.md', `${reply}\n`);
    this.#observe({ type: 'planned', plan: reply });
  }

  #open(): Promise<Project> {
    return (this.#project ??= this.#options.openProject());
  }

  async #installHere(packages: readonly string[]): Promise<InstallOutcome> {
    const project = await this.#open();
    const onOutput = (text: string): void => this.#observe({ type: 'output', text });
    const outcome = await project.install(packages, { signal: this.#signal, onOutput });
    if (outcome.type === 'installed') this.#installed = packages.join();
    return outcome;
  }

  async #install(shop: Workshop, packages: readonly string[]): Promise<void> {
    const installed = await installDependencies(shop, this.#plan, packages, this.#installations);
    this.#packages = installed.packages;
    this.#installations = installed.attempts;
  }

  /** One round: samples, the best of them or all of them run, until one works. */
  async #attempt(shop: Workshop): Promise<CodingResult | undefined> {
    const attempt = this.#attempts;
    const { config } = shop;
    const { type, temperatures } = strategyOf(config);
    this.#observe({ type: 'phase', phase: 'code', attempt });
    const order = {
      attempt,
      plan: this.#plan,
      packages: this.#packages,
      last: this.#best && {
        source: this.#best.sample.source,
        report: this.#best.sample,
        trial: this.#best.trial,
      },
      earlier: this.#history.slice(0, -1),
    };
    if (type === 'first-passing') {
      const tried: { sample: Sample; trial?: Trial }[] = [];
      for (const [index, temperature] of temperatures.entries()) {
        const sample = await writeSample(shop, order, index + 1, temperature);
        const trial = await this.#run(shop, sample);
        if (trial?.passed) return this.#succeed(sample, trial);
        tried.push({ sample, ...(trial ? { trial } : {}) });
      }
      // The one that came furthest is what the next attempt begins with.
      this.#remember(tried.sort((one, other) => rankOf(other) - rankOf(one))[0]);
      return undefined;
    }
    const samples = await writeSamples(shop, order, temperatures);
    const [best] = samples;
    if (!config.execute_code) {
      return best && best.problem === undefined ? this.#succeed(best, undefined) : this.#fail(best);
    }
    let first: Trial | undefined;
    for (const sample of samples) {
      const trial = await this.#run(shop, sample);
      if (trial?.passed) return this.#succeed(sample, trial);
      if (sample === best) first = trial;
    }
    this.#remember(best && { sample: best, ...(first ? { trial: first } : {}) });
    return undefined;
  }

  #remember(tried: { sample: Sample; trial?: Trial } | undefined): void {
    if (!tried) return;
    this.#history.push(tried.trial?.summary ?? tried.sample.problem ?? 'nothing could be run');
    // A reply without any code is nothing to go on with.
    if (tried.sample.source.trim() !== '' || !this.#best) this.#best = tried;
  }

  /** Undefined where there is nothing to run. */
  async #run(shop: Workshop, sample: Sample): Promise<Trial | undefined> {
    if (sample.problem !== undefined) return undefined;
    let trial = await this.#tryOnce(shop, sample);
    const missing = /ModuleNotFoundError: No module named '([\w.]+)'/.exec(trial.output)?.[1];
    const { install_dependencies, dependency_install_attempts: most } = shop.config;
    if (!trial.passed && missing !== undefined && install_dependencies && this.#installations < most) {
      const packages = await repairDependencies(shop, this.#plan, this.#packages, {
        id: `attempt-${sample.attempt}-packages-${sample.sample}`,
        problem: `The program ended with: No module named '${missing}'.`,
      });
      if (packages.join() !== this.#packages.join()) {
        await this.#install(shop, packages);
        shop.folder.write('requirements.txt', this.#packages.map((each) => `${each}\n`).join(''));
        trial = await this.#tryOnce(shop, sample);
      }
    }
    return trial;
  }

  async #tryOnce(shop: Workshop, sample: Sample): Promise<Trial> {
    const { attempt, sample: number, source } = sample;
    const { folder, words, config } = shop;
    const key = keyOf(source, words.tests, words.module, this.#packages, config.program_seconds);
    const known = this.#trials.get(key) ?? folder.recall<Trial>(`attempts/${attempt}/run-${number}`, key);
    if (!known) this.#observe({ type: 'phase', phase: 'run', attempt });
    const trial =
      known ??
      (await tryProgram(source, {
        project: await this.#ready(),
        folder: folder.path('program'),
        filesFolder: folder.path('files'),
        module: words.module,
        tests: words.tests,
        seconds: config.program_seconds,
        signal: this.#signal,
        onOutput: (text) => this.#observe({ type: 'output', text }),
      }));
    this.#signal.throwIfAborted();
    this.#trials.set(key, trial);
    folder.keep(`attempts/${attempt}/run-${number}`, key, trial);
    this.#observe({ type: 'ran', attempt, sample: number, trial });
    return trial;
  }

  async #ready(): Promise<Project> {
    if (this.#packages.length > 0 && this.#installed !== this.#packages.join()) {
      const outcome = await this.#installHere(this.#packages);
      if (outcome.type !== 'installed')
        this.#observe({ type: 'notice', text: `not installed: ${outcome.why}` });
    }
    return this.#open();
  }

  #succeed(sample: Sample, trial: Trial | undefined): CodingResult {
    const { source } = sample;
    const sourceFile = this.#options.publish(source);
    const how = trial ? `: ${trial.summary}` : '; it was not run';
    const attempts = this.#attempts === 1 ? 'the first attempt' : `attempt ${this.#attempts}`;
    return this.#report({
      outcome: trial ? 'solved' : 'written',
      summary: `${sourceFile} was written in ${attempts}${how}.`,
      source,
      sourceFile,
      ...(trial ? { trial } : {}),
    });
  }

  #fail(sample?: Sample): CodingResult {
    const last = this.#best ?? (sample && { sample });
    const why = last?.trial?.summary ?? last?.sample.problem ?? 'no program was written';
    const times = this.#attempts === 1 ? 'one attempt' : `${this.#attempts} attempts`;
    return this.#report({
      outcome: 'failed',
      summary: `The task could not be done in ${times}; of the last program: ${why}.`,
      ...(last?.sample.source ? { source: last.sample.source } : {}),
      ...(last?.trial ? { trial: last.trial } : {}),
    });
  }

  #report(part: Pick<CodingResult, 'outcome' | 'summary' | 'source' | 'sourceFile' | 'trial'>): CodingResult {
    const { folder, run } = this.#options;
    const result: CodingResult = {
      ...part,
      plan: this.#plan,
      packages: this.#packages,
      attempts: this.#attempts,
      folder: folder.folder,
      report: folder.path('report.md'),
      usage: this.#asking.usage,
    };
    if (result.source !== undefined) folder.write('program.py', result.source);
    folder.write(
      'report.md',
      renderReport(run, result, { history: this.#history, exchanges: this.#asking.exchanges }),
    );
    return result;
  }

  #now(): string {
    return new Date(this.#nowMs()).toISOString();
  }
}

/** How far a program came: one whose tests failed further than one that fell, and that further than one that cannot run. */
function rankOf({ sample, trial }: { sample: SampleReport; trial?: Trial }): number {
  if (!trial) return -1;
  return (
    trial.tests.filter(({ passed }) => passed).length * 10 +
    (trial.tests.length > 0 ? 100 : 0) +
    (sample.score ?? 0) / 10
  );
}

/** What a run of a folder that is gone on with must not be: done. */
export function refuseFinished({ state }: CodingRunRecord, folder: string): void {
  if (state !== 'solved' && state !== 'written') return;
  throw new ColloquyError(`${folder} is done: there is nothing to go on with; see report.md in it`, {
    code: 'run-done',
  });
}
