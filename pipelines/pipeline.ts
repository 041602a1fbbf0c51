import path from 'node:path';
import * as z from 'zod';
import { ConfigError, type ConfigProblem } from '../config/errors.ts';
import { byPosition, describeProblems } from '../config/issues.ts';
import { readPositionedYaml, type PositionedYaml } from '../config/positions.ts';
import { readTextFile } from '../config/read-text.ts';
import { serviceNames } from '../config/service-names.ts';
import { checkGraph } from './graph.ts';
import { checkModuleSettings } from './module-settings.ts';

const name = z
  .string()
  .regex(/^[a-z][a-z0-9_-]*$/i, 'must begin with a letter and hold letters, digits, - and _ only')
  .max(64);

/** A pipeline within a pipeline would be its own step. */
const writers = serviceNames.filter((name) => name !== 'pipeline');

const modelSchema = z.strictObject({
  service: z.enum(writers).optional().describe('who writes'),
  model: z.string().min(1).optional().describe('with which model'),
  temperature: z.number().min(0).max(2).optional().describe('how freely'),
  top_p: z.number().min(0).max(1).optional().describe('nucleus sampling'),
  max_tokens: z.int().min(1).optional().describe('longest reply, in tokens'),
  seed: z.int().optional().describe('for the same reply again, where the service has it'),
  stop: z.array(z.string()).optional().describe('texts that end a reply'),
  num_ctx: z.int().min(1).optional().describe('ollama: context window, in tokens'),
  replies: z.string().min(1).optional().describe('scripted: the file of replies'),
});

const whenSchema = z
  .strictObject({
    output: name.describe('the output that decides'),
    matches: z.string().optional().describe('run only if this regular expression is found in it'),
    matches_not: z.string().optional().describe('run only if it is not'),
  })
  .check(({ value, issues }) => {
    for (const key of ['matches', 'matches_not'] as const) {
      const problem = value[key] === undefined ? undefined : problemOf(value[key]);
      if (problem !== undefined) issues.push({ code: 'custom', message: problem, input: value, path: [key] });
    }
    if (value.matches === undefined && value.matches_not === undefined) {
      issues.push({ code: 'custom', message: 'needs matches or matches_not', input: value });
    }
  });

/** 23 days: beyond, the clock of Node takes it for no time at all. */
const longestTimeoutSeconds = 2_000_000;

const stepSchema = z.strictObject({
  module: name.describe('what does the step: a built-in module, or a file in prompts/ or modules/'),
  inputs: z.array(name).default([]).describe('outputs of other steps'),
  output_name: name.describe('what the output is called'),
  model_config: modelSchema.optional().describe('the model of this step'),
  supplement: z.string().min(1).optional().describe('text that is added to the inputs'),
  when: whenSchema.optional().describe('a condition; without it the step always runs'),
  retries: z.int().min(0).max(20).default(0).describe('how often it is tried again when it fails'),
  timeout: z
    .number()
    .min(0)
    .max(longestTimeoutSeconds)
    .default(0)
    .describe('seconds it may take; 0: no limit'),
  with: z.record(z.string(), z.unknown()).optional().describe('settings of the module'),
});
export type Step = z.infer<typeof stepSchema>;
export type ModelConfig = z.infer<typeof modelSchema>;

const pipelineSchema = z.array(stepSchema).min(1);

export interface Pipeline {
  readonly name: string;
  readonly file: string;
  /** As it stands in the file. */
  readonly text: string;
  readonly steps: readonly Step[];
  readonly yaml: PositionedYaml;
}

export interface PipelineChecks {
  /** The names that a step may use. */
  readonly modules: readonly string[];
  /** What a module takes under `with`; undefined where it does not say. */
  readonly settingsOf?: (module: string) => z.ZodType | undefined;
}

/**
 * Reads a pipeline, a list of steps in YAML, and checks its graph and the settings of its modules. Throws
 * ConfigError with all that is wrong.
 */
export function loadPipeline(file: string, { modules, settingsOf }: PipelineChecks): Pipeline {
  const shown = path.relative('', file) || file;
  const text = readTextFile(file, shown);
  const yaml = readPositionedYaml(text, shown);
  if (yaml.isBroken) throw new ConfigError(yaml.problems);
  if (!Array.isArray(yaml.value)) {
    throw new ConfigError([
      { where: `${shown}:1:1`, message: 'must be a list of steps, each with module and output_name' },
    ]);
  }
  const parsed = pipelineSchema.safeParse(yaml.value);
  if (!parsed.success) {
    const problems = describeProblems(parsed.error, yaml.value, pipelineSchema, yaml).map(nameStep);
    throw new ConfigError([...yaml.problems, ...problems].sort(byPosition));
  }
  const problems = [
    ...yaml.problems,
    ...checkGraph(parsed.data, modules, yaml),
    ...(settingsOf ? checkModuleSettings(parsed.data, settingsOf, yaml) : []),
  ];
  if (problems.length > 0) throw new ConfigError(problems.sort(byPosition));
  return { name: path.parse(file).name, file, text, steps: parsed.data, yaml };
}

/** Of `1.when` nobody knows what the 1 is: people count from 1, and by steps. */
function nameStep({ where, message }: ConfigProblem): ConfigProblem {
  const [, index, key, rest = ''] = /^(\d+)(?:\.(\S+))? (.*)$/s.exec(message) ?? [];
  if (index === undefined) return { where, message };
  const step = `step ${Number(index) + 1}`;
  return { where, message: key === undefined ? `${step} ${rest}` : `${key} of ${step} ${rest}` };
}

function problemOf(pattern: string): string | undefined {
  try {
    new RegExp(pattern, 'u');
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
