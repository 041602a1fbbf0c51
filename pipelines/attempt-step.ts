import * as z from 'zod';
import { measured } from '../telemetry/telemetry.ts';
import { ColloquyError } from '../wire/errors.ts';
import { askModel, type Writer } from './ask-model.ts';
import type { Exchange, Module, ModuleContext, Prompt } from './module.ts';
import type { Step } from './pipeline.ts';
import type { RunEvent, RunOptions } from './run-options.ts';
import { keyOf } from './step-cache.ts';
import { limitTime } from './step-limit.ts';

export interface AttemptOptions {
  readonly step: Step;
  readonly module: Module;
  readonly inputs: ModuleContext['inputs'];
  /** From 1. */
  readonly attempt: number;
  /** What need not be asked: it was answered before this attempt was interrupted. Used up. */
  readonly paid: Exchange[];
  /** It was begun before, and was interrupted. */
  readonly goesOn: boolean;
  readonly options: RunOptions;
  readonly signal: AbortSignal;
  /** Writes what must not be lost; where that fails, the whole run ends. */
  readonly keep: <T>(write: () => T) => T;
  /** The output is for this run alone. */
  readonly onUnshared: () => void;
}

/** Tries once to do a step, and resolves with its output. Rejects with what went wrong, its timeout among it. */
export async function attemptStep(attempt: AttemptOptions): Promise<string> {
  return measured({ type: 'agent', name: attempt.step.output_name }, () => attemptOnce(attempt));
}

async function attemptOnce(attempt: AttemptOptions): Promise<string> {
  const { step, module, signal } = attempt;
  const limit = limitTime(step.timeout, signal);
  try {
    const work = module.run(contextOf(attempt, limit.signal));
    const output: unknown = await Promise.race([work, limit.over]);
    if (typeof output === 'string') return output;
    const what = output === null || output === undefined ? 'nothing' : `a value of the type ${typeof output}`;
    throw new ColloquyError(`the module ${module.name} gave ${what} as its output, which must be a text`, {
      code: 'bad-module',
    });
  } finally {
    limit.end();
  }
}

function contextOf(attempt: AttemptOptions, signal: AbortSignal): ModuleContext {
  const { step, inputs, options, keep, onUnshared } = attempt;
  const { folder, request, seat, openProject, holdMeeting } = options;
  const name = step.output_name;
  const work = new KeptWorks(attempt);
  return {
    step,
    inputs,
    request,
    seat,
    write: (prompt) => write(attempt, prompt, signal),
    ask: (question) => askPerson(attempt, work, question, signal),
    once: (schema, dependsOn, doIt) => work.once(schema, dependsOn, doIt),
    status: (text) => options.observe?.({ type: 'status', step: name, text }),
    openProject: async () => (openProject ?? missing('a sandbox'))(),
    holdMeeting: async (wish) => (holdMeeting ?? missing('a relay'))(wish),
    record: (exchange) => {
      keep(() => folder.beginExchange(name, exchange));
      options.observe?.({ type: 'exchange', step: name, exchange });
    },
    forThisRunOnly: onUnshared,
    outputFolder: folder.outputFolder,
    stepFolder: folder.stepFolder(name),
    signal,
  };
}

/** Whoever has answered before the step was interrupted is not asked again; nobody may be somebody by then. */
async function askPerson(
  { options, step }: AttemptOptions,
  work: KeptWorks,
  question: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  const kept = work.next(z.string(), question);
  if (kept.value !== undefined) {
    const text = 'what a person said before the interruption is kept';
    options.observe?.({ type: 'status', step: step.output_name, text });
    return kept.value;
  }
  const said = await options.ask?.(question, signal);
  if (said !== undefined) kept.keep(said);
  return said;
}

/** What an attempt has done, in the order in which it was begun. */
class KeptWorks {
  readonly #attempt: AttemptOptions;
  #count = 0;

  constructor(attempt: AttemptOptions) {
    this.#attempt = attempt;
    if (!attempt.goesOn) attempt.keep(() => attempt.options.folder.clearWork(attempt.step.output_name));
  }

  async once<T>(schema: z.ZodType<T>, dependsOn: unknown, work: () => Promise<T>): Promise<T> {
    const kept = this.next(schema, dependsOn);
    if (kept.value !== undefined) return kept.value;
    const value = await work();
    kept.keep(value);
    return value;
  }

  /** `value` is undefined where that was not done yet, or depended on something else. */
  next<T>(schema: z.ZodType<T>, dependsOn: unknown): { value: T | undefined; keep: (value: T) => void } {
    const { step, options, goesOn, keep } = this.#attempt;
    const name = step.output_name;
    const number = ++this.#count;
    const key = keyOf(dependsOn);
    const before = goesOn ? options.folder.readWork(name, number) : undefined;
    return {
      value: before?.key === key ? schema.safeParse(before.value).data : undefined,
      keep: (value) => keep(() => options.folder.writeWork(name, number, { key, value })),
    };
  }
}

async function write(
  { step, attempt, paid, options, keep }: AttemptOptions,
  prompt: Prompt,
  signal: AbortSignal,
): Promise<string> {
  const name = step.output_name;
  const observe = (event: RunEvent): void => options.observe?.(event);
  const writer = await options.provide(prompt.model ?? step.model_config);
  const next = paid.shift();
  if (next && isSame(next, prompt, writer)) {
    observe({ type: 'status', step: name, text: 'an answer that came before the interruption is kept' });
    return next.reply;
  }
  paid.length = 0;
  return askModel(prompt, attempt, writer, signal, {
    keep: (exchange) => {
      const keepAgain = keep(() => options.folder.beginExchange(name, exchange));
      return (later) => keep(() => keepAgain(later));
    },
    onText: (text) => observe({ type: 'text', step: name, text }),
    onStatus: (text) => observe({ type: 'status', step: name, text }),
    onRestart: () => observe({ type: 'restart', step: name }),
    onExchange: (exchange) => observe({ type: 'exchange', step: name, exchange }),
    nowMs: () => options.nowMs?.() ?? Date.now(),
  });
}

function missing(what: string): () => never {
  return () => {
    throw new ColloquyError(`this step needs ${what}, and there is none here`, { code: 'not-here' });
  };
}

function isSame(exchange: Exchange, { system, text }: Prompt, { provider }: Writer): boolean {
  return (
    exchange.service === provider.name &&
    exchange.model === provider.model &&
    exchange.system === system &&
    exchange.text === text
  );
}
