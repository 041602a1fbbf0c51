import { distance } from 'fastest-levenshtein';
import type * as z from 'zod';
import type { ConfigProblem } from './errors.ts';
import type { PositionedYaml } from './positions.ts';

/**
 * What is wrong with `value`, in the order of the file. `sources` tells which keys came from elsewhere: a
 * variable or a flag.
 */
export function describeProblems(
  error: z.ZodError,
  value: unknown,
  schema: z.ZodType,
  yaml: PositionedYaml,
  sources: ReadonlyMap<string, string> = new Map(),
): ConfigProblem[] {
  return error.issues.flatMap((issue) => describeIssue(issue, value, schema, yaml, sources));
}

/** By line; what has none, flags and variables, comes last. */
export function byPosition(one: ConfigProblem, other: ConfigProblem): number {
  const lineOf = ({ where }: ConfigProblem): number => Number(/:(\d+):\d+$/.exec(where)?.[1] ?? Infinity);
  return lineOf(one) === lineOf(other) ? 0 : lineOf(one) - lineOf(other);
}

function describeIssue(
  issue: z.core.$ZodIssue,
  merged: unknown,
  schema: z.ZodType,
  yaml: PositionedYaml,
  sources: ReadonlyMap<string, string>,
): ConfigProblem[] {
  if (issue.code === 'unrecognized_keys') {
    const known = Object.keys(shapeAt(schema, issue.path));
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      const where = sources.get(path.join('.')) ?? yaml.locate(path, 'key');
      return { where, message: `unknown key ${show(key)}${suggestion(known, key)}` };
    });
  }
  const key = issue.path.join('.');
  const source = sources.get(key);
  const where = source ?? yaml.locate(issue.path, 'value');
  if (issue.code === 'invalid_type' && issue.expected === 'undefined') {
    return [{ where: source ?? yaml.locate(issue.path, 'key'), message: `${key} ${issue.message}` }];
  }
  const problem = describeValue(issue, lookUp(merged, issue.path), isSecret(schema, issue.path));
  // A flag or a variable has a name of its own.
  return [{ where, message: key === '' || source !== undefined ? problem : `${key} ${problem}` }];
}

function describeValue(issue: z.core.$ZodIssue, value: unknown, secret: boolean): string {
  // An address may carry a password.
  const isHidden = secret || (issue.code === 'invalid_format' && String(value).includes('@'));
  const shown =
    isHidden || (typeof value === 'number' && !Number.isFinite(value)) ? '' : `, not ${show(value)}`;
  switch (issue.code) {
    case 'invalid_type':
      if (value === undefined) return 'is missing';
      return `must be ${issue.expected === 'int' ? 'a whole number' : article(issue.expected)}${shown}`;
    case 'invalid_value':
      return oneOf(issue.values.map(String), value);
    case 'too_small':
      return ['string', 'array'].includes(issue.origin)
        ? 'must not be empty'
        : `must be at least ${issue.minimum}${shown}`;
    case 'too_big':
      return `must be at most ${issue.maximum}${shown}`;
    case 'invalid_format':
      // What a pattern is for stands in its message.
      if (issue.format === 'regex') return `${issue.message}${shown}`;
      return `must be a ${issue.format === 'url' ? 'URL such as https://host/v1' : issue.format}${shown}`;
    case 'invalid_union':
      return describeUnion(issue.errors.flat(), value, secret);
    case 'custom':
      return issue.message;
    default:
      return `is not right: ${issue.message}`;
  }
}

/** A value that one branch takes but for its size is told so; else what all the branches would take. */
function describeUnion(issues: readonly z.core.$ZodIssue[], value: unknown, secret: boolean): string {
  const closest = issues.find(({ code }) => code !== 'invalid_type');
  if (closest) return describeValue(closest, value, secret);
  const types = issues.flatMap((issue) => {
    if (issue.code !== 'invalid_type') return [];
    return issue.path.length > 0 ? [`a list of ${issue.expected}s`] : [article(issue.expected)];
  });
  return `must be ${[...new Set(types)].join(' or ')}${secret ? '' : `, not ${show(value)}`}`;
}

export function oneOf(values: readonly string[], value: unknown): string {
  return `must be one of ${values.join(', ')}, not ${show(value)}${suggestion(values, String(value))}`;
}

/** Quoted, so that no control character reaches a terminal, and cut: it is the mistake that matters. */
function show(value: unknown): string {
  const text = JSON.stringify(value)?.replace(/[\u007f-\u009f]/g, '\ufffd') ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

/** One letter in three may be wrong, rounded up, three at most, and never all of them. */
function suggestion(known: readonly string[], given: string): string {
  const near = known
    .map((word) => ({ word, away: distance(word, given) }))
    .filter(({ word, away }) => away <= Math.min(3, Math.ceil(word.length / 3), word.length - 1))
    .sort((one, other) => one.away - other.away)[0];
  return near ? `, did you mean "${near.word}"?` : '';
}

function article(type: string): string {
  const names: Record<string, string> = {
    object: 'a mapping',
    record: 'a mapping',
    array: 'a list',
    boolean: 'true or false',
  };
  return names[type] ?? `a ${type}`;
}

/** The schema that a key leads to, without its default. */
function schemaAt(schema: z.ZodType, path: readonly PropertyKey[]): z.ZodType | undefined {
  const inner = unwrap(schema);
  if (path.length === 0) return inner;
  const { shape, valueType, element } = inner.def as {
    shape?: Record<string, z.ZodType>;
    valueType?: z.ZodType;
    element?: z.ZodType;
  };
  const next = shape?.[String(path[0])] ?? valueType ?? element;
  return next && schemaAt(next, path.slice(1));
}

function shapeAt(schema: z.ZodType, path: readonly PropertyKey[]): Record<string, z.ZodType> {
  return (schemaAt(schema, path)?.def as { shape?: Record<string, z.ZodType> } | undefined)?.shape ?? {};
}

function unwrap(schema: z.ZodType): z.ZodType {
  const { innerType } = schema.def as { innerType?: z.ZodType };
  return innerType ? unwrap(innerType) : schema;
}

/** Whether a value must not be shown. */
export function isSecret(schema: z.ZodType, path: readonly PropertyKey[]): boolean {
  const parent = shapeAt(schema, path.slice(0, -1));
  return parent[String(path.at(-1))]?.meta()?.['secret'] === true;
}

export function lookUp(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (inner as Record<PropertyKey, unknown> | null | undefined)?.[key],
    value,
  );
}
