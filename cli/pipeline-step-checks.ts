import { ConfigError, type ConfigProblem } from '../config/errors.ts';
import { loadPersona } from '../personas/persona.ts';
import type { Module } from '../pipelines/module.ts';
import type { Pipeline, Step } from '../pipelines/pipeline.ts';
import { ColloquyError } from '../wire/errors.ts';
import { parseServiceSpec } from './service-spec.ts';

/**
 * What is wrong with settings of shipped modules that no schema can see: a persona that is not there, a service that
 * nobody knows, an input that is none. Found late, it would cost the steps before.
 */
export function checkSteps(
  { steps, yaml }: Pick<Pipeline, 'steps' | 'yaml'>,
  { modules, cwd }: { readonly modules: ReadonlyMap<string, Module>; readonly cwd: string },
): ConfigProblem[] {
  return steps.flatMap((step, at) => {
    // Somebody's own module of that name takes what it likes.
    if (modules.get(step.module)?.file !== undefined) return [];
    const problems = step.module === 'meeting' ? meetingProblems(step, cwd) : changeProblems(step);
    return problems.map(({ path, message }) => ({
      where: yaml.locate([at, 'with', ...path], 'value'),
      message: `${message} (step ${step.output_name})`,
    }));
  });
}

/** Whether a shipped meeting has a seat for which neither the step nor its persona names a service. */
export function hasSilentSeat(
  { module, with: settings, model_config: model }: Step,
  { modules, cwd }: { readonly modules: ReadonlyMap<string, Module>; readonly cwd: string },
): boolean {
  if (module !== 'meeting' || modules.get(module)?.file !== undefined) return false;
  if (settings?.['services'] !== undefined || model?.service !== undefined) return false;
  const personas = settings?.['personas'] as readonly string[];
  return personas.some((each) => loadPersona(each, { cwd }).service === undefined);
}

interface Problem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function meetingProblems({ with: settings }: Step, cwd: string): Problem[] {
  const persona = (given: string): unknown => loadPersona(given, { cwd });
  const service = (given: string): unknown => parseServiceSpec(given, 'services');
  return [
    ...problemsOf(settings?.['personas'], 'personas', persona),
    ...problemsOf(settings?.['services'], 'services', service),
  ];
}

function problemsOf(given: unknown, key: string, read: (each: string) => unknown): Problem[] {
  const texts = Array.isArray(given) ? given : [];
  return texts.flatMap((text: unknown, index) => {
    if (typeof text !== 'string') return [];
    try {
      read(text);
      return [];
    } catch (error) {
      return whatIsWrong(error).map((message) => ({ path: [key, index], message }));
    }
  });
}

function whatIsWrong(error: unknown): string[] {
  if (error instanceof ConfigError) return error.problems.map(({ where, message }) => `${where} ${message}`);
  if (error instanceof ColloquyError) return [error.message];
  throw error;
}

function changeProblems({ module, inputs, with: settings }: Step): Problem[] {
  const from = settings?.['changes_from'];
  if (module !== 'modify_codebase' || typeof from !== 'string' || inputs.includes(from)) return [];
  const known = inputs.length === 0 ? 'it has none' : `there are ${inputs.join(', ')}`;
  return [
    { path: ['changes_from'], message: `changes_from names ${from}, which is none of its inputs; ${known}` },
  ];
}
