import { needsOf } from './graph.ts';
import type { Step } from './pipeline.ts';

/** The graph of a pipeline in Mermaid's language, top down. Names hold nothing that would need escaping. */
export function toMermaid(
  steps: readonly Pick<Step, 'module' | 'inputs' | 'output_name' | 'when'>[],
): string {
  const ids = new Map(steps.map(({ output_name: name }, at) => [name, `s${at}`]));
  const nodes = steps.map(
    ({ output_name: name, module }) => `  ${ids.get(name)}["${name}<br/><i>${module}</i>"]`,
  );
  const edges = steps.flatMap((step) =>
    needsOf(step).map((need) => {
      const isCondition = step.when?.output === need && !step.inputs.includes(need);
      return `  ${ids.get(need)} ${isCondition ? '-. when .->' : '-->'} ${ids.get(step.output_name)}`;
    }),
  );
  return ['flowchart TD', ...nodes, ...edges, ''].join('\n');
}
