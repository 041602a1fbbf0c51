import type * as z from 'zod';
import type { ConfigProblem } from '../config/errors.ts';
import { describeProblems } from '../config/issues.ts';
import type { PositionedYaml } from '../config/positions.ts';
import type { Step } from './pipeline.ts';

/** What is wrong with what steps say to their modules under `with`, where a module says what it takes. */
export function checkModuleSettings(
  steps: readonly Pick<Step, 'module' | 'output_name' | 'with'>[],
  settingsOf: (module: string) => z.ZodType | undefined,
  yaml: PositionedYaml,
): ConfigProblem[] {
  return steps.flatMap((step, at) => {
    const { module, output_name: name, with: given = {} } = step;
    const schema = settingsOf(module);
    // A whole mapping may have a default.
    if (!schema || (step.with === undefined && schema.safeParse(undefined).success)) return [];
    const within: PositionedYaml = {
      ...yaml,
      locate: (path, what) => yaml.locate([at, 'with', ...path], what),
    };
    const { error } = strictly(schema).safeParse(given);
    const problems = error ? describeProblems(error, given, strictly(schema), within) : [];
    return problems.map(({ where, message }) => ({
      where,
      message: `${message} (with of the step ${name}, module ${module})`,
    }));
  });
}

/** Whoever forgot `strictObject` did not mean that misspelt keys are passed over. */
function strictly(schema: z.ZodType): z.ZodType {
  const { innerType } = schema.def as { innerType?: z.ZodType };
  if (innerType) return strictly(innerType);
  return 'strict' in schema ? (schema as z.ZodObject).strict() : schema;
}
