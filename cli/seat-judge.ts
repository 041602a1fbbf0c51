import type { RequestGate } from '../agents/request-limit.ts';
import type { SeatedJudge } from '../batch/judges/judge-bench.ts';
import { ordersOf, type JudgeWish } from '../batch/judges/judge-wish.ts';
import type { Price } from '../config/prices.ts';
import type { ServiceConfig } from '../config/schema.ts';
import type { Persona } from '../personas/persona.ts';
import type { Writer } from '../pipelines/ask-model.ts';
import { windowTokensOf } from './create-context.ts';
import { createProvider, parametersOf, patienceOf } from './create-provider.ts';

/** What may change without another verdict: where the service is, and how long it may take. */
const nothingToDoWith: ReadonlySet<string> = new Set([
  ...['base_url', 'keep_alive', 'timeout_seconds', 'idle_seconds', 'max_retries', 'max_wait_seconds'],
  ...['context_tokens', 'context_strategy', 'show_reasoning', 'characters_per_second'],
]);

export interface JudgeSurroundings {
  /** The settings of its service with that seed. Rejects with ConfigError and UsageError. */
  readonly load: (seed: number) => Promise<{ readonly persona: Persona; readonly config: ServiceConfig }>;
  readonly limitOf: (config: ServiceConfig) => RequestGate | undefined;
  readonly priceOf: (provider: string, model: string) => Price | undefined;
}

/** Gives a judge of an experiment all that it needs. Rejects with ColloquyError. */
export async function seatJudge(
  wish: JudgeWish,
  { load, limitOf, priceOf }: JudgeSurroundings,
): Promise<SeatedJudge> {
  const { persona, config } = await load(1);
  const model = 'model' in config ? config.model : '';
  const price = priceOf(config.service, model);
  const windowTokens = await windowTokensOf(config);
  const parameters = Object.entries(parametersOf(config)).filter(([key]) => !nothingToDoWith.has(key));
  const writers = new Map<number, Promise<Writer>>();
  const seat = async (repetition: number): Promise<Writer> => {
    const own = repetition === 1 ? config : (await load(repetition)).config;
    return { provider: await createProvider(own), patience: patienceOf(own), limit: limitOf(own) };
  };
  return {
    name: wish.name,
    persona: persona.own,
    rubric: wish.rubric,
    orders: ordersOf(wish),
    repeat: wish.repeat,
    provider: config.service,
    model,
    parameters,
    ...(price ? { price } : {}),
    ...(windowTokens === undefined ? {} : { windowTokens }),
    seat(repetition) {
      const made = writers.get(repetition) ?? seat(repetition);
      writers.set(repetition, made);
      return made;
    },
  };
}
