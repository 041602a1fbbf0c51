import type { RunStep } from '../archive-api.ts';
import type { GraphStep } from './archive-run-graph.ts';

/** What the folder of a run says of its steps. */
export interface ReadRun {
  readonly steps: readonly RunStep[];
  readonly graph: readonly GraphStep[];
}

/** Whether a process is at work in it, and whether it has come to an end. */
export interface RunLife {
  readonly isRunning: boolean;
  readonly hasEnded: boolean;
}

const longestOutput = 100_000;

/** An output as a page shows it: its beginning, where it is long. */
export function shownOutput(text: string): Pick<RunStep, 'output' | 'isCut'> {
  return { output: text.slice(0, longestOutput), isCut: text.length > longestOutput };
}
