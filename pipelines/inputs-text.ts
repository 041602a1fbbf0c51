import type { ModuleContext } from './module.ts';

/** What a model is given to work on: the inputs, each under its name where there are several, and the supplement. */
export function inputsText({ inputs, step }: Pick<ModuleContext, 'inputs' | 'step'>): string {
  const parts = inputs.map(({ name, text }) => (inputs.length === 1 ? text : `# ${name}\n\n${text}`));
  if (step.supplement !== undefined) parts.push(step.supplement);
  return parts.join('\n\n');
}
