import { describeCondition, isCondition } from './conditions.ts';
import { needsOf } from './graph.ts';
import type { Step } from './pipeline.ts';

/** The graph of a pipeline in Mermaid's language, top down. */
export function toMermaid(
  steps: readonly Pick<Step, 'module' | 'inputs' | 'output_name' | 'when'>[],
): string {
  // Names may be words of the language; numbers are none.
  const ids = new Map(steps.map(({ output_name: name }, at) => [name, `s${at}`]));
  const nodes = steps.map(
    ({ output_name: name, module }) =>
      `  ${ids.get(name)}["${escapeLabel(name)}<br/><i>${escapeLabel(module)}</i>"]`,
  );
  const edges = steps.flatMap((step) =>
    needsOf(step).map((need) => {
      const label =
        step.when && isCondition(step, need) ? `|"${escapeLabel(describeCondition(step.when))}"|` : '';
      const arrow = step.inputs.includes(need) ? '-->' : '-.->';
      return `  ${ids.get(need)} ${arrow}${label} ${ids.get(step.output_name)}`;
    }),
  );
  return ['flowchart TD', ...nodes, ...edges, ''].join('\n');
}

/** As entities of Mermaid, which end a label or begin markup otherwise. Source: its documentation of flowcharts. */
function escapeLabel(text: string): string {
  return text.replace(/[^\w .,:=()!?-]/gu, (character) => `#${character.codePointAt(0)};`);
}
