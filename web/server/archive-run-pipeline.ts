import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';
import * as z from 'zod';
import type { RunStep } from '../archive-api.ts';
import { readInside } from './archive-files.ts';
import { shownOutput, type ReadRun, type RunLife } from './archive-run-steps.ts';

const name = z.string().regex(/^[a-z][a-z0-9_-]{0,63}$/i);
const pipelineSchema = z.array(
  z.object({
    module: name,
    output_name: name,
    inputs: z.array(name).default([]),
    when: z.object({ output: name }).optional(),
  }),
);

const recordSchema = z.object({
  state: z.enum(['running', 'done', 'skipped', 'failed']),
  ms: z.number().optional(),
  attempts: z.int().optional(),
  fromCache: z.boolean().optional(),
  error: z.string().optional(),
  why: z.string().optional(),
});

const exchangeSchema = z.object({
  service: z.string(),
  model: z.string(),
  usage: z.object({ input: z.number(), output: z.number() }).optional(),
});

const longestBytes = 8 * 1024 * 1024;
const mostExchanges = 200;

/** The steps of a pipeline's run, in the order of its file. */
export async function readPipelineSteps(folder: string, life: RunLife): Promise<ReadRun> {
  const pipeline = parsePipeline((await readInside(folder, 'pipeline.yml', longestBytes)) ?? '');
  const steps: RunStep[] = [];
  for (const { output_name: step, module } of pipeline) {
    steps.push({ name: step, module, ...(await readStep(folder, step, life)) });
  }
  const graph = pipeline.map((step) => ({
    name: step.output_name,
    module: step.module,
    needs: step.inputs,
    condition: step.when?.output,
  }));
  return { steps, graph };
}

async function readStep(
  folder: string,
  step: string,
  { isRunning, hasEnded }: RunLife,
): Promise<Omit<RunStep, 'name' | 'module'>> {
  const below = `steps/${step}`;
  const record = parseJson(await readInside(folder, `${below}/step.json`, longestBytes), recordSchema);
  const output = await readInside(folder, `${below}/output.md`, longestBytes);
  const exchanges = await readExchanges(folder, `${below}/exchanges`);
  const used = exchanges.flatMap(({ usage }) => (usage ? [usage.input + usage.output] : []));
  // A step that was asked of a model has begun, whatever became of its record.
  const unrecorded = exchanges.length > 0 ? 'running' : hasEnded ? 'blocked' : 'waiting';
  const state = record?.state ?? unrecorded;
  const error = record?.error ?? record?.why;
  return {
    state: state === 'running' && !isRunning ? 'interrupted' : state,
    ...(record?.ms === undefined ? {} : { ms: record.ms }),
    ...(record?.attempts === undefined ? {} : { attempts: record.attempts }),
    ...(record?.fromCache === undefined ? {} : { fromCache: record.fromCache }),
    ...(error === undefined ? {} : { error }),
    ...(record?.state === 'done' && output !== undefined ? shownOutput(output) : { isCut: false }),
    models: [
      ...new Set(exchanges.map(({ service, model }) => (model === '' ? service : `${service}:${model}`))),
    ],
    ...(used.length === 0 ? {} : { tokens: used.reduce((sum, tokens) => sum + tokens, 0) }),
  };
}

async function readExchanges(folder: string, below: string): Promise<z.infer<typeof exchangeSchema>[]> {
  const names = await readdir(path.join(folder, below)).catch(() => []);
  const exchanges = [];
  for (const file of names.filter((each) => /^\d+\.json$/.test(each)).slice(0, mostExchanges)) {
    const exchange = parseJson(await readInside(folder, `${below}/${file}`, longestBytes), exchangeSchema);
    if (exchange) exchanges.push(exchange);
  }
  return exchanges;
}

function parsePipeline(text: string): z.infer<typeof pipelineSchema> {
  try {
    return pipelineSchema.safeParse(parse(text)).data ?? [];
  } catch {
    return [];
  }
}

function parseJson<T>(text: string | undefined, schema: z.ZodType<T>): T | undefined {
  if (text === undefined) return undefined;
  try {
    return schema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
