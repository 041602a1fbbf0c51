import { measured } from '../telemetry/telemetry.ts';
import { messageOf } from '../wire/errors.ts';
import { isAnswered } from './ask-model.ts';
import { attemptStep } from './attempt-step.ts';
import { whySkipped } from './conditions.ts';
import { needsOf } from './graph.ts';
import type { Exchange, Module, ModuleContext } from './module.ts';
import type { Pipeline, Step } from './pipeline.ts';
import type { RunEvent, RunOptions, RunResult } from './run-options.ts';
import type { StepRecord } from './run-records.ts';
import { keyOf } from './step-cache.ts';

/**
 * Runs the steps of a pipeline, each as soon as those it needs are done. What was done before in this folder, with the
 * same inputs and settings, is kept. A step that fails holds up those that need it, and no other. Rejects with the
 * reason of the signal, or with ColloquyError where the folder cannot be written: then nothing more is asked.
 */
export async function runPipeline(pipeline: Pipeline, options: RunOptions): Promise<RunResult> {
  return measured(
    { type: 'workflow', name: pipeline.name },
    () => new Run(pipeline, options).toEnd(),
    ({ failures }) => ({ error: failures.size > 0 ? 'step-failed' : undefined }),
  );
}

type Outcome =
  | { readonly type: 'output'; readonly text: string }
  | { readonly type: 'skipped' }
  | { readonly type: 'failed' };

class Run {
  readonly #pipeline: Pipeline;
  readonly #options: RunOptions;
  /** Aborted where nothing can be kept any more: what would be asked would be paid for in vain. */
  readonly #broken = new AbortController();
  readonly #signal: AbortSignal;
  readonly #outcomes = new Map<string, Promise<Outcome>>();
  readonly #outputs = new Map<string, string>();
  readonly #failures = new Map<string, string>();
  /** Steps whose output no other run takes over. */
  readonly #unshared = new Set<string>();

  constructor(pipeline: Pipeline, options: RunOptions) {
    this.#pipeline = pipeline;
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#broken.signal]);
  }

  async toEnd(): Promise<RunResult> {
    await Promise.all(this.#pipeline.steps.map((step) => this.#outcomeOf(step)));
    this.#signal.throwIfAborted();
    return { outputs: this.#outputs, failures: this.#failures };
  }

  #outcomeOf(step: Step): Promise<Outcome> {
    const name = step.output_name;
    const known = this.#outcomes.get(name);
    if (known) return known;
    const outcome = this.#follow(step).catch((error: unknown): Outcome => {
      this.#broken.abort(error);
      return { type: 'failed' };
    });
    this.#outcomes.set(name, outcome);
    return outcome;
  }

  /** Waits for what the step needs, and does it. */
  async #follow(step: Step): Promise<Outcome> {
    const name = step.output_name;
    const needs = await Promise.all(
      needsOf(step).map(async (need) => ({ need, outcome: await this.#outcomeOf(this.#stepOf(need)) })),
    );
    if (this.#signal.aborted || needs.some(({ outcome }) => outcome.type === 'failed')) {
      this.#observe({ type: 'blocked', step: name });
      return { type: 'failed' };
    }
    const inputs = step.inputs.flatMap((input) => {
      const text = this.#outputs.get(input);
      return text === undefined ? [] : [{ name: input, text }];
    });
    let why: string | undefined;
    try {
      why = whySkipped(step, inputs.length, this.#outputs);
    } catch (error) {
      return this.#failUndecided(step, messageOf(error));
    }
    if (why !== undefined) return this.#skip(step, why);
    const outcome = await this.#perform(step, inputs);
    if (outcome.type === 'output') this.#outputs.set(name, outcome.text);
    return outcome;
  }

  #skip({ output_name: step }: Step, why: string): Outcome {
    const startedAt = new Date(this.#nowMs()).toISOString();
    const nothing = { ms: 0, attempts: 0, fromCache: false };
    this.#options.folder.writeStep(step, { v: 1, state: 'skipped', key: '', startedAt, ...nothing, why }, '');
    this.#observe({ type: 'skipped', step, why });
    return { type: 'skipped' };
  }

  #failUndecided(step: Step, error: string): Outcome {
    const startedAt = new Date(this.#nowMs()).toISOString();
    const nothing = { ms: 0, attempts: 0, fromCache: false };
    const failed = { v: 1, state: 'failed', key: '', startedAt, ...nothing, error } as const;
    this.#options.folder.writeStep(step.output_name, failed, '');
    return this.#fail(step, error);
  }

  async #perform(step: Step, inputs: ModuleContext['inputs']): Promise<Outcome> {
    const name = step.output_name;
    const { folder, cache, only, anew, modules, identify } = this.#options;
    const module = modules.get(step.module);
    if (!module) throw new Error(`no module ${step.module}`);
    const key = this.#keyOf(step, module, inputs);
    const before = folder.readStep(name);
    const isOutside = only !== undefined && !only.has(name);
    const isAnew = anew?.has(name) === true || only?.has(name) === true;
    if (before?.record.state === 'done' && !isAnew && (isOutside || before.record.key === key)) {
      this.#observe({ type: 'kept', step: name });
      return { type: 'output', text: before.output };
    }
    if (isOutside) return this.#leaveOut(step);
    const cacheKey = keyOf([key, identify?.(step.model_config)]);
    const cached = isAnew || module.version === undefined ? undefined : cache?.read(cacheKey);
    const startedAtMs = this.#nowMs();
    this.#observe({ type: 'started', step: name });
    // Whoever was killed goes on with the same attempt.
    const isInterrupted = before?.record.state === 'running' && before.record.key === key && !isAnew;
    const attemptsBefore = (before?.record.attempts ?? 0) - (isInterrupted ? 1 : 0);
    let attempts = 0;
    const record = (rest: Pick<StepRecord, 'state' | 'fromCache'> & { error?: string }): StepRecord => ({
      v: 1,
      key,
      startedAt: new Date(startedAtMs).toISOString(),
      ms: this.#nowMs() - startedAtMs,
      attempts: attemptsBefore + attempts,
      ...rest,
    });
    if (cached !== undefined) {
      module.restore?.(
        { step, outputFolder: folder.outputFolder, stepFolder: folder.stepFolder(name) },
        cached,
      );
      folder.writeStep(name, record({ state: 'done', fromCache: true }), cached);
      this.#observe({ type: 'done', step: name, ms: 0, fromCache: true });
      return { type: 'output', text: cached };
    }
    for (;;) {
      attempts++;
      folder.writeStep(name, record({ state: 'running', fromCache: false }), '');
      try {
        const attempt = attemptsBefore + attempts;
        const goesOn = isInterrupted && attempts === 1;
        const paid = goesOn ? this.#paidFor(name, attempt) : [];
        const text = await attemptStep({
          ...{ step, module, inputs, attempt, paid, goesOn },
          options: this.#options,
          signal: this.#signal,
          keep: (write) => this.#keep(write),
          onUnshared: () => void this.#unshared.add(name),
        });
        this.#signal.throwIfAborted();
        const done = record({ state: 'done', fromCache: false });
        this.#keep(() => folder.writeStep(name, done, text));
        if (module.version !== undefined && !this.#unshared.has(name))
          this.#remember(name, () => cache?.write(cacheKey, text));
        this.#observe({ type: 'done', step: name, ms: done.ms, fromCache: false });
        return { type: 'output', text };
      } catch (error) {
        if (isFull(error)) this.#broken.abort(error);
        if (this.#signal.aborted) return { type: 'failed' };
        if (attempts <= step.retries) {
          this.#observe({ type: 'status', step: name, text: `${messageOf(error)}; tried again` });
          continue;
        }
        const times = attempts > 1 ? ` (tried ${attempts} times)` : '';
        const failed = record({ state: 'failed', fromCache: false, error: messageOf(error) });
        folder.writeStep(name, failed, '');
        return this.#fail(step, `${messageOf(error)}${times}`);
      }
    }
  }

  /** What was answered in an attempt that somebody interrupted, in its order. */
  #paidFor(step: string, attempt: number): Exchange[] {
    const exchanges = this.#options.folder.readExchanges(step);
    return exchanges.filter((exchange) => exchange.attempt === attempt && isAnswered(exchange));
  }

  #keyOf(step: Step, module: Module, inputs: ModuleContext['inputs']): string {
    const { request } = this.#options;
    const own = module.name === 'start_module' ? { request } : {};
    return keyOf({ module: module.name, version: module.version, inputs, step: settingsOf(step), ...own });
  }

  /** With `only`: what the steps that are run need must be there; of the others nothing is expected. */
  #leaveOut(step: Step): Outcome {
    const { only = new Set() } = this.#options;
    const name = step.output_name;
    const isNeeded = this.#pipeline.steps.some(
      (each) => only.has(each.output_name) && needsOf(each).includes(name),
    );
    if (isNeeded)
      return this.#fail(step, `${name} was never run, and is needed; run it first, or leave out --only`);
    this.#observe({ type: 'blocked', step: name });
    return { type: 'failed' };
  }

  /** What cannot be kept must not be paid for a second time: the whole run ends. */
  #keep<T>(write: () => T): T {
    try {
      return write();
    } catch (error) {
      this.#broken.abort(error);
      throw error;
    }
  }

  /** For other runs: this one can do without. */
  #remember(step: string, write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#observe({ type: 'status', step, text: `not kept for other runs: ${messageOf(error)}` });
    }
  }

  #fail({ output_name: step }: Step, error: string): Outcome {
    this.#failures.set(step, error);
    this.#observe({ type: 'failed', step, error });
    return { type: 'failed' };
  }

  #stepOf(name: string): Step {
    const step = this.#pipeline.steps.find((each) => each.output_name === name);
    if (!step) throw new Error(`no step ${name}`);
    return step;
  }

  #observe(event: RunEvent): void {
    this.#options.observe?.(event);
  }

  #nowMs(): number {
    return this.#options.nowMs?.() ?? Date.now();
  }
}

/** Trying again would cost as much, and fail the same way. */
function isFull(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes((error as NodeJS.ErrnoException).code ?? '');
}

/** What of a step changes what comes out of it. */
function settingsOf({ model_config, supplement, with: settings }: Step): unknown {
  return { model_config, supplement, settings };
}
