import * as z from 'zod';
import { coderServices, samplingStrategies } from './coder-roles.ts';

/** Every key of config/coder.yml: how a coding task is worked on, and who does what in it. */

const service = z.enum(coderServices).optional();
const model = z.string().min(1).optional();

const role = (name: string, temperature: number) =>
  z
    .strictObject({
      service: service.describe(`the service of the ${name}; left out: service above`),
      model: model.describe(`the model of the ${name}; left out: model above`),
      temperature: z
        .number()
        .min(0)
        .max(2)
        .default(temperature)
        .describe(`sampling temperature of the ${name}, where its service takes one`),
    })
    .prefault({});

export const coderSchema = z.strictObject({
  service: service.describe('who writes, unless a role below says otherwise'),
  model: model.describe('its model; left out: as config/SERVICE.yml says'),
  execute_code: z
    .boolean()
    .default(true)
    .describe('run the program in the sandbox; false: it is only written'),
  install_dependencies: z
    .boolean()
    .default(true)
    .describe('have packages named and installed; false: the standard library must do'),
  apply_linter: z.boolean().default(true).describe('lint and score what is written'),
  check_package_index: z
    .boolean()
    .default(true)
    .describe('ask the package index whether it has a package before it is installed'),
  coding_samples: z.int().min(1).max(20).default(3).describe('how many programs are written in an attempt'),
  sampling_strategy: z
    .enum(samplingStrategies)
    .default('lint-score')
    .describe(
      'lint-score: the best by the linter is run first; first-passing: each is run as it is written; none: one is written',
    ),
  sampling_temperature_multiplier: z
    .number()
    .min(1)
    .max(10)
    .default(1.5)
    .describe('each sample is written at the temperature of the one before times this, at most 2'),
  dependency_samples: z
    .int()
    .min(1)
    .max(20)
    .default(3)
    .describe('how often packages are asked for; those that half of the answers name count'),
  max_coding_attempts: z
    .int()
    .min(1)
    .max(100)
    .default(5)
    .describe('how often code is written, the error of the last attempt at hand'),
  dependency_install_attempts: z
    .int()
    .min(1)
    .max(20)
    .default(3)
    .describe('how often an installation is tried, the error of the last one at hand'),
  program_seconds: z
    .number()
    .min(0.1)
    .max(3_600)
    .default(60)
    .describe('how long the program may run, and its tests'),
  planner: role('planner', 0.4),
  coder: role('coder', 0.3),
  linter: role('linter', 0.1),
  dependency_tracker: role('dependency tracker', 0.6),
});

export type CoderConfig = z.infer<typeof coderSchema>;
