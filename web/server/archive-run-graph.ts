import { arrangeGraph, type Size } from '../../pipelines/arrange-graph.ts';
import type { RunGraph } from '../archive-api.ts';

export interface GraphStep {
  readonly name: string;
  readonly module: string;
  readonly needs: readonly string[];
  /** What decides whether it runs, and is no input. */
  readonly condition?: string | undefined;
}

/** CSS pixels. Widths are guessed: fonts differ, and nothing here can measure them. */
const characterWidth = 7.4;
const nodeHeight = 52;
/** Beside its module a node says its state. */
const stateCharacters = 10;

/** Where the steps stand in a picture, those that come first on top. */
export function layOutGraph(steps: readonly GraphStep[]): RunGraph {
  const sizes = new Map(steps.map((step) => [step.name, sizeOf(step)]));
  const edges = steps.flatMap(({ name, needs, condition }) => [
    ...needs.map((need) => ({ from: need, to: name, isCondition: false })),
    ...(condition === undefined || needs.includes(condition)
      ? []
      : [{ from: condition, to: name, isCondition: true }]),
  ]);
  const drawn = edges.filter(({ from }) => sizes.has(from));
  const arranged = arrangeGraph(sizes, drawn);
  return {
    width: arranged.width,
    height: arranged.height,
    nodes: [...sizes].map(([step, { width, height }]) => {
      const { x, y } = arranged.nodes.get(step) ?? { x: 0, y: 0 };
      return { step, x: x - width / 2, y: y - height / 2, width, height };
    }),
    edges: drawn.map((edge, at) => ({ ...edge, points: [...(arranged.edges[at]?.points ?? [])] })),
  };
}

function sizeOf({ name, module }: GraphStep): Size {
  const characters = Math.max(name.length, module.length + stateCharacters);
  return { width: Math.max(110, characters * characterWidth + 28), height: nodeHeight };
}
