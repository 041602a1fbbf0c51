import type { CodingTaskOptions } from '../cli/coding-task.ts';
import type { CodingRun } from '../coder/coder.ts';
import type { CodingEvent } from '../coder/events.ts';

/**
 * Starts a coding task: plan, packages, programs, linting, running, mending. What cannot be done as it was wished is
 * told as all else is, by `result` and to whoever reads the events: ConfigError, ColloquyError `usage`.
 */
export function runCodingTask(options: CodingTaskOptions): CodingRun {
  // All that settings need to be read takes its time to load, and is for those alone who have a task.
  const started = import('../cli/coding-task.ts').then((module) => module.runCodingTask(options));
  const result = started.then((run) => run.result);
  // Who reads the events hears of it there.
  result.catch(() => {});
  return { result, [Symbol.asyncIterator]: () => eventsOf(started) };
}

async function* eventsOf(started: Promise<CodingRun>): AsyncGenerator<CodingEvent, void, void> {
  yield* await started;
}
