import vm from 'node:vm';
import { ColloquyError } from '../wire/errors.ts';
import type { Step } from './pipeline.ts';

/** A pattern may be as long as it likes; a picture has little room. */
const longestPattern = 32;

/**
 * Why a step is not to be run, undefined where it is. `inputs`: how many of its inputs are there. Throws ColloquyError where
 * that cannot be said.
 */
export function whySkipped(
  { when, inputs: wanted }: Pick<Step, 'when' | 'inputs'>,
  inputs: number,
  outputs: ReadonlyMap<string, string>,
): string | undefined {
  if (wanted.length > 0 && inputs === 0) return 'all its inputs were skipped';
  if (!when) return undefined;
  const { output, matches, matches_not: unwanted } = when;
  const has = (pattern: string): boolean => isFound(pattern, outputs.get(output) ?? '');
  if (matches !== undefined && !has(matches)) return `${output} does not match ${matches}`;
  if (unwanted !== undefined && has(unwanted)) return `${output} matches ${unwanted}`;
  return undefined;
}

const longestSearchMs = 2_000;

/**
 * What a model wrote can keep a pattern such as `(a+)+$` busy for ever, and with it the whole program. Throws ColloquyError
 * `slow-pattern`.
 */
function isFound(pattern: string, text: string): boolean {
  try {
    const search = 'new RegExp(pattern, "u").test(text)';
    return vm.runInNewContext(search, { pattern, text }, { timeout: longestSearchMs }) === true;
  } catch (error) {
    const seconds = longestSearchMs / 1_000;
    throw new ColloquyError(
      `the pattern ${pattern} was not done with the output after ${seconds} s; write a simpler one`,
      { code: 'slow-pattern', cause: error },
    );
  }
}

/** Whether the output `need` decides if the step is run. */
export function isCondition({ when }: Pick<Step, 'when'>, need: string): boolean {
  return when?.output === need;
}

/** "if it matches yes", for a line between two steps. */
export function describeCondition({ matches, matches_not: unwanted }: NonNullable<Step['when']>): string {
  const shorten = (pattern: string): string =>
    pattern.length > longestPattern ? `${pattern.slice(0, longestPattern)}…` : pattern;
  return [
    ...(matches === undefined ? [] : [`if it matches ${shorten(matches)}`]),
    ...(unwanted === undefined ? [] : [`unless it matches ${shorten(unwanted)}`]),
  ].join(', ');
}
