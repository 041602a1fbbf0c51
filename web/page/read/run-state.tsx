import type { JSX } from 'preact';
import type { RunState, StepState } from '../../archive-api.ts';

/** What a run or a step is at: a colour, a sign and a word, of which the word would do. */
export function RunStateBadge({ state }: { readonly state: RunState | StepState }): JSX.Element {
  return <span class={`run-state is-${state}`}>{state === 'blocked' ? 'not run' : state}</span>;
}
