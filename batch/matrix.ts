import path from 'node:path';
import * as z from 'zod';
import { ConfigError, type ConfigProblem } from '../config/errors.ts';
import { byPosition, describeProblems } from '../config/issues.ts';
import { readPositionedYaml, type PositionedYaml } from '../config/positions.ts';
import { readTextFile } from '../config/read-text.ts';
import { clashingCriteria, judgeWish } from './judges/judge-wish.ts';
import { count, partName, serviceShape, words } from './service-wish.ts';

const limit = z.number().min(0).default(0);
const service = z.strictObject({
  name: words.optional(),
  ...serviceShape,
});

const setting = z.strictObject({
  name: words.optional(),
  hello: words.optional(),
  first: z.enum(['a', 'b', 'random']).optional(),
  max_messages: count.optional(),
  tell_turns_left: z.boolean().optional(),
  loops: z.enum(['auto', 'on', 'off']).optional(),
  /** Whether code that they write is run, and how many tests that pass end the meeting. */
  execute: z.boolean().optional(),
  passes: z.int().min(0).optional(),
});

const exclusion = z.strictObject({
  a: words.optional(),
  b: words.optional(),
  service_a: words.optional(),
  service_b: words.optional(),
  seed: z.int().optional(),
  setting: words.optional(),
});

const matrixSchema = z.strictObject({
  name: partName,
  personas: z.strictObject({ a: z.array(words).min(1), b: z.array(words).min(1) }),
  services: z
    .strictObject({
      a: z
        .array(z.union([words, service]))
        .min(1)
        .optional(),
      b: z
        .array(z.union([words, service]))
        .min(1)
        .optional(),
    })
    .default({}),
  seeds: z.array(z.int()).min(1).optional(),
  repeat: count.default(1),
  settings: z.array(setting).min(1).default([{}]),
  exclude: z.array(exclusion).default([]),
  limits: z
    .strictObject({
      meeting: z.strictObject({ tokens: limit, cost: limit, seconds: limit }).prefault({}),
      batch: z.strictObject({ tokens: limit, cost: limit, seconds: limit }).prefault({}),
    })
    .prefault({}),
  /** By service, for all meetings together. */
  requests: z
    .record(
      z.string(),
      z.strictObject({ per_minute: z.number().min(0).default(0), at_once: z.int().min(0).default(0) }),
    )
    .default({}),
  retries: z.int().min(0).default(2),
  judges: z.array(judgeWish).default([]),
});

/** What an experiment varies, as it stands in its file. */
export type Matrix = z.infer<typeof matrixSchema>;
export type ServiceWish = string | z.infer<typeof service>;
export type Setting = z.infer<typeof setting>;

/** A matrix that can say where each part of it stands. */
export interface LoadedMatrix {
  readonly matrix: Matrix;
  readonly locate: PositionedYaml['locate'];
}

/** Throws ConfigError with all that is wrong, each with its line. */
export function loadMatrix(file: string, cwd: string): LoadedMatrix {
  const absolute = path.resolve(cwd, file);
  const shown = path.relative(cwd, absolute) || file;
  const yaml = readPositionedYaml(readTextFile(absolute, shown), shown);
  if (yaml.isBroken) throw new ConfigError(yaml.problems);
  const parsed = matrixSchema.safeParse(yaml.value ?? {});
  const issues = parsed.error ? describeProblems(parsed.error, yaml.value, matrixSchema, yaml) : [];
  const problems = [...yaml.problems, ...issues, ...(parsed.data ? strayWishes(parsed.data, yaml) : [])];
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems.sort(byPosition));
  return { matrix: parsed.data, locate: (at, what) => yaml.locate(at, what) };
}

/** What a service is called in `exclude`, in names and in tables. */
export function labelOf(wish: ServiceWish | undefined): string {
  if (wish === undefined || typeof wish === 'string') return wish ?? '';
  const { name, service, model, config } = wish;
  return name ?? ([service, model].filter(Boolean).join(':') || (config ?? ''));
}

/** What a setting is called where it has no name: its place in the list, from 1. */
export function settingName({ name }: Setting, at: number): string {
  return name ?? String(at + 1);
}

/** What is written twice would be held twice; what excludes nothing is most likely misspelt. */
function strayWishes(matrix: Matrix, yaml: PositionedYaml): ConfigProblem[] {
  const { personas, services, seeds, settings, exclude } = matrix;
  const names = settings.map(settingName);
  const lists: readonly (readonly [readonly PropertyKey[], readonly (string | number)[]])[] = [
    [['personas', 'a'], personas.a],
    [['personas', 'b'], personas.b],
    [['services', 'a'], (services.a ?? []).map(labelOf)],
    [['services', 'b'], (services.b ?? []).map(labelOf)],
    [['seeds'], seeds ?? []],
    [['settings'], names],
    [['judges'], matrix.judges.map(({ name }) => name)],
  ];
  const twice = lists.flatMap(([at, values]) =>
    values.flatMap((value, index) =>
      values.indexOf(value) === index
        ? []
        : [
            {
              where: yaml.locate([...at, index], 'value'),
              message: `${at.join('.')} has ${JSON.stringify(value)} twice; delete one, or give one another name`,
            },
          ],
    ),
  );
  const known: Readonly<Record<string, readonly (string | number)[]>> = {
    a: personas.a,
    b: personas.b,
    service_a: (services.a ?? []).map(labelOf),
    service_b: (services.b ?? []).map(labelOf),
    seed: seeds ?? Array.from({ length: matrix.repeat }, (_, at) => at + 1),
    setting: names,
  };
  const idle = exclude.flatMap((each, at) => {
    if (Object.keys(each).length === 0) {
      return [{ where: yaml.locate(['exclude', at], 'value'), message: 'excludes everything; say what' }];
    }
    return Object.entries(each).flatMap(([key, value]) =>
      value === undefined || known[key]?.includes(value)
        ? []
        : [
            {
              where: yaml.locate(['exclude', at, key], 'value'),
              message: `exclude.${key} is ${JSON.stringify(value)}, which the matrix does not have`,
            },
          ],
    );
  });
  const clashes = clashingCriteria(matrix.judges).map(({ judge, at, message }) => ({
    where: yaml.locate(['judges', judge, 'rubric', at], 'value'),
    message,
  }));
  return [...twice, ...idle, ...clashes];
}
