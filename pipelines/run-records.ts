import * as z from 'zod';

/** What stands in the files of a run's folder. */

export const stepSchema = z.object({
  v: z.literal(1),
  /** `running` where nobody runs it any more: it was interrupted. */
  state: z.enum(['running', 'done', 'skipped', 'failed']),
  key: z.string(),
  startedAt: z.string(),
  ms: z.number(),
  attempts: z.number(),
  fromCache: z.boolean(),
  error: z.string().optional(),
  /** Why it was skipped. */
  why: z.string().optional(),
});

/** What became of a step. */
export type StepRecord = z.infer<typeof stepSchema>;

export const runSchema = z.object({
  v: z.literal(1),
  pipeline: z.string(),
  request: z.string().optional(),
  startedAt: z.string(),
  software: z.string(),
  /** Where the pipeline stood when the run began. */
  file: z.string().optional(),
  /** Who wrote for the steps that name no service: `SERVICE:MODEL`. */
  service: z.string().optional(),
  /** Files of modules that were named. */
  modules: z.array(z.string()).optional(),
  /** How long it was at work, in milliseconds, without those who were killed. */
  ms: z.number().optional(),
  /** Absent as long as it runs, or where it was killed. */
  endedAt: z.string().optional(),
  outcome: z.enum(['done', 'failed', 'interrupted']).optional(),
});
export type RunRecord = z.infer<typeof runSchema>;

const count = z.number().min(0);
export const exchangeSchema = z.object({
  service: z.string(),
  model: z.string(),
  system: z.string(),
  text: z.string(),
  reply: z.string(),
  finish: z.string(),
  usage: z
    .object({ input: count, output: count, cached: count, stored: count.optional() })
    .transform(({ stored, ...rest }) => (stored === undefined ? rest : { ...rest, stored }))
    .optional(),
  ms: z.number(),
  startedAt: z.string().optional(),
  attempt: z.number().optional(),
});
/** What was asked of a model in a step, as it is read again. */
export type KeptExchange = z.infer<typeof exchangeSchema>;

export const workSchema = z.object({ key: z.string(), value: z.unknown() });
/** What a step has done once, by what it depended on. */
export type KeptWork = z.infer<typeof workSchema>;
