import type { JSX } from 'preact';
import type { RunGraph, RunStep } from '../../archive-api.ts';

interface RunGraphViewProps {
  readonly graph: RunGraph;
  readonly steps: readonly RunStep[];
}

/** Which step waits for which, and what each is at. A press on one goes to it; the list below says the same in words. */
export function RunGraphView({ graph, steps }: RunGraphViewProps): JSX.Element {
  const byName = new Map(steps.map((step) => [step.name, step]));
  return (
    <div class="graph scrolls" tabIndex={0} role="region" aria-label="Graph of the steps">
      <svg
        viewBox={`0 0 ${graph.width} ${graph.height}`}
        width={graph.width}
        height={graph.height}
        role="group"
        aria-label="Steps, those that come first on top"
      >
        <defs>
          <marker
            id="arrow"
            viewBox="0 0 8 8"
            refX="7"
            refY="4"
            markerWidth="7"
            markerHeight="7"
            orient="auto"
          >
            <path d="M0 0L8 4L0 8z" />
          </marker>
        </defs>
        {graph.edges.map(({ from, to, points, isCondition }) => (
          <path
            key={`${from} ${to}`}
            class={isCondition ? 'edge condition' : 'edge'}
            d={points.map(({ x, y }, at) => `${at === 0 ? 'M' : 'L'}${x} ${y}`).join('')}
            marker-end="url(#arrow)"
          />
        ))}
        {graph.nodes.map(({ step: name, x, y, width, height }) => {
          const step = byName.get(name);
          const state = step?.state ?? 'waiting';
          const word = state === 'blocked' ? 'not run' : state;
          return (
            <a key={name} href={`#step-${name}`} class={`node is-${state}`}>
              <rect x={x} y={y} width={width} height={height} rx="8" />
              <text x={x + width / 2} y={y + 22}>
                {name}
              </text>
              <text class="module" x={x + width / 2} y={y + 40}>
                {step?.module === name ? word : `${step?.module ?? ''} · ${word}`}
              </text>
            </a>
          );
        })}
      </svg>
    </div>
  );
}
