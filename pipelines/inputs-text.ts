import type { Input, ModuleContext } from './module.ts';

/** What a model is given to work on: the inputs, each under its name where there are several, and the supplement. */
export function inputsText({ inputs, step }: Pick<ModuleContext, 'inputs' | 'step'>): string {
  const parts = inputs.map(({ name, text }) => (inputs.length === 1 ? text : `# ${name}\n\n${text}`));
  if (step.supplement !== undefined) parts.push(step.supplement);
  return parts.join('\n\n');
}

/** The same where inputs are not given as one text. */
export function withSupplement(inputs: readonly Input[], supplement: string | undefined): readonly Input[] {
  return supplement === undefined ? inputs : [...inputs, { name: 'note', text: supplement }];
}
