import type { Provider } from '../agents/provider.ts';
import { replyReliably, type Patience } from '../agents/reliable.ts';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import { needsOf } from './graph.ts';
import type { Exchange, Module, ModuleContext, Prompt } from './module.ts';
import type { ModelConfig, Pipeline, Step } from './pipeline.ts';
import { keyOf, type RunFolder, type StepCache, type StepRecord } from './run-folder.ts';

/** What happens in a run, as it happens. */
export type RunEvent =
  | { readonly type: 'started' | 'kept' | 'skipped' | 'blocked'; readonly step: string }
  /** A piece of what its model writes. */
  | { readonly type: 'text'; readonly step: string; readonly text: string }
  /** What was shown of the text is void: it comes again. */
  | { readonly type: 'restart'; readonly step: string }
  | { readonly type: 'status'; readonly step: string; readonly text: string }
  | { readonly type: 'exchange'; readonly step: string; readonly exchange: Exchange }
  | { readonly type: 'done'; readonly step: string; readonly ms: number; readonly fromCache: boolean }
  | { readonly type: 'failed'; readonly step: string; readonly error: string };

export interface RunOptions {
  readonly modules: ReadonlyMap<string, Module>;
  readonly folder: RunFolder;
  /** Absent: every step is run, whatever was run before. */
  readonly cache?: StepCache;
  readonly request?: string | undefined;
  /** What writes for a step. Rejects with ColloquyError where it cannot. */
  readonly provide: (model: ModelConfig | undefined) => Promise<{ provider: Provider; patience: Patience }>;
  /** Asks a person; absent where there is none. */
  readonly ask?: (question: string, signal: AbortSignal) => Promise<string>;
  readonly observe?: (event: RunEvent) => void;
  /** These are run anew, and all that depends on them. */
  readonly anew?: ReadonlySet<string>;
  /** Only these are run; the others must have been. */
  readonly only?: ReadonlySet<string>;
  readonly signal: AbortSignal;
  readonly nowMs?: () => number;
}

export interface RunResult {
  /** By output name, of the steps that have one. */
  readonly outputs: ReadonlyMap<string, string>;
  /** Why a step failed, by its output name. */
  readonly failures: ReadonlyMap<string, string>;
}

/**
 * Runs the steps of a pipeline, each as soon as those it needs are done. What was done before in this folder, with the
 * same inputs and settings, is kept. A step that fails holds up those that need it, and no other.
 */
export async function runPipeline(pipeline: Pipeline, options: RunOptions): Promise<RunResult> {
  return new Run(pipeline, options).toEnd();
}

type Outcome =
  | { readonly type: 'output'; readonly text: string }
  | { readonly type: 'skipped' }
  | { readonly type: 'failed' };

class Run {
  readonly #pipeline: Pipeline;
  readonly #options: RunOptions;
  readonly #outcomes = new Map<string, Promise<Outcome>>();
  readonly #outputs = new Map<string, string>();
  readonly #failures = new Map<string, string>();

  constructor(pipeline: Pipeline, options: RunOptions) {
    this.#pipeline = pipeline;
    this.#options = options;
  }

  async toEnd(): Promise<RunResult> {
    await Promise.all(this.#pipeline.steps.map((step) => this.#outcomeOf(step)));
    this.#options.signal.throwIfAborted();
    return { outputs: this.#outputs, failures: this.#failures };
  }

  #outcomeOf(step: Step): Promise<Outcome> {
    const name = step.output_name;
    const known = this.#outcomes.get(name);
    if (known) return known;
    const outcome = this.#follow(step);
    this.#outcomes.set(name, outcome);
    return outcome;
  }

  /** Waits for what the step needs, and does it. */
  async #follow(step: Step): Promise<Outcome> {
    const name = step.output_name;
    const needs = await Promise.all(
      needsOf(step).map(async (need) => ({ need, outcome: await this.#outcomeOf(this.#stepOf(need)) })),
    );
    if (this.#options.signal.aborted || needs.some(({ outcome }) => outcome.type === 'failed')) {
      this.#observe({ type: 'blocked', step: name });
      return { type: 'failed' };
    }
    const inputs = step.inputs.flatMap((input) => {
      const text = this.#outputs.get(input);
      return text === undefined ? [] : [{ name: input, text }];
    });
    const isStarved = step.inputs.length > 0 && inputs.length === 0;
    if (isStarved || !this.#isWanted(step)) return this.#skip(step);
    const outcome = await this.#perform(step, inputs);
    if (outcome.type === 'output') this.#outputs.set(name, outcome.text);
    return outcome;
  }

  #isWanted({ when }: Step): boolean {
    if (!when) return true;
    const decides = this.#outputs.get(when.output) ?? '';
    const has = (pattern: string): boolean => new RegExp(pattern, 'u').test(decides);
    return (
      (when.matches === undefined || has(when.matches)) &&
      (when.matches_not === undefined || !has(when.matches_not))
    );
  }

  #skip({ output_name: step }: Step): Outcome {
    this.#observe({ type: 'skipped', step });
    return { type: 'skipped' };
  }

  async #perform(step: Step, inputs: ModuleContext['inputs']): Promise<Outcome> {
    const name = step.output_name;
    const { folder, cache, only, anew, modules, request } = this.#options;
    const module = modules.get(step.module);
    if (!module) throw new Error(`no module ${step.module}`);
    const own = module.name === 'start_module' ? { request } : {};
    const key = keyOf({
      module: module.name,
      version: module.version,
      inputs,
      step: settingsOf(step),
      ...own,
    });
    const before = folder.readStep(name);
    const isOutside = only !== undefined && !only.has(name);
    const isAnew = anew?.has(name) === true || only?.has(name) === true;
    if (before?.record.state === 'done' && !isAnew && (isOutside || before.record.key === key)) {
      this.#observe({ type: 'kept', step: name });
      return { type: 'output', text: before.output };
    }
    if (isOutside) {
      return this.#fail(step, `${name} was never run, and is needed; run it first, or leave out --only`);
    }
    const cached = isAnew || module.version === undefined ? undefined : cache?.read(key);
    const startedAtMs = this.#nowMs();
    this.#observe({ type: 'started', step: name });
    let attempts = 0;
    const record = (rest: Pick<StepRecord, 'state' | 'fromCache'> & { error?: string }): StepRecord => ({
      v: 1,
      key,
      startedAt: new Date(startedAtMs).toISOString(),
      ms: this.#nowMs() - startedAtMs,
      attempts,
      ...rest,
    });
    if (cached !== undefined) {
      folder.writeStep(name, record({ state: 'done', fromCache: true }), cached);
      this.#observe({ type: 'done', step: name, ms: 0, fromCache: true });
      return { type: 'output', text: cached };
    }
    for (;;) {
      attempts++;
      try {
        const text = await this.#attempt(module, step, inputs);
        const done = record({ state: 'done', fromCache: false });
        folder.writeStep(name, done, text);
        if (module.version !== undefined) cache?.write(key, text);
        this.#observe({ type: 'done', step: name, ms: done.ms, fromCache: false });
        return { type: 'output', text };
      } catch (error) {
        if (this.#options.signal.aborted) return { type: 'failed' };
        if (attempts <= step.retries) {
          this.#observe({ type: 'status', step: name, text: `${messageOf(error)}; tried again` });
          continue;
        }
        const times = attempts > 1 ? ` (tried ${attempts} times)` : '';
        const outcome = this.#fail(step, `${messageOf(error)}${times}`);
        folder.writeStep(name, record({ state: 'failed', fromCache: false, error: messageOf(error) }), '');
        return outcome;
      }
    }
  }

  async #attempt(module: Module, step: Step, inputs: ModuleContext['inputs']): Promise<string> {
    const { folder, signal, ask, request } = this.#options;
    const name = step.output_name;
    const limit = new AbortController();
    const both = AbortSignal.any([signal, limit.signal]);
    const late = new ColloquyError(`it took more than ${step.timeout} s, the timeout of the step`, {
      code: 'step-timeout',
    });
    const timer = step.timeout > 0 ? setTimeout(() => limit.abort(late), step.timeout * 1_000) : undefined;
    const over = new Promise<never>((_, reject) => {
      both.addEventListener('abort', () => reject(both.reason as Error), { once: true });
    });
    over.catch(() => {});
    try {
      const work = module.run({
        step,
        inputs,
        request,
        write: (prompt) => this.#write(step, prompt, both),
        ask: async (question) => ask?.(question, both),
        status: (text) => this.#observe({ type: 'status', step: name, text }),
        outputFolder: folder.outputFolder,
        stepFolder: folder.stepFolder(name),
        signal: both,
      });
      return await Promise.race([work, over]);
    } finally {
      clearTimeout(timer);
    }
  }

  async #write(step: Step, { system, text, model }: Prompt, signal: AbortSignal): Promise<string> {
    const name = step.output_name;
    const { provider, patience } = await this.#options.provide(model ?? step.model_config);
    const startedAtMs = this.#nowMs();
    let reply = '';
    const request = { system, messages: [{ role: 'user' as const, content: text }], signal };
    const stream = replyReliably(provider, request, patience, {
      onStatus: (status) => this.#observe({ type: 'status', step: name, text: status }),
      onRestart: () => {
        reply = '';
        this.#observe({ type: 'restart', step: name });
      },
    });
    for await (const piece of stream) {
      if (piece.type === 'text') {
        reply += piece.text;
        this.#observe({ type: 'text', step: name, text: piece.text });
      }
      if (piece.type !== 'end') continue;
      const exchange: Exchange = {
        service: provider.name,
        model: provider.model,
        system,
        text,
        reply,
        finish: piece.finish,
        ...(piece.usage ? { usage: piece.usage } : {}),
        ms: this.#nowMs() - startedAtMs,
      };
      this.#options.folder.writeExchange(name, exchange);
      this.#observe({ type: 'exchange', step: name, exchange });
    }
    return reply;
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

/** What of a step changes what comes out of it. */
function settingsOf({ model_config, supplement, with: settings }: Step): unknown {
  return { model_config, supplement, settings };
}
