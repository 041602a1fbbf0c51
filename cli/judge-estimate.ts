import type { SeatedJudge } from '../batch/judges/judge-bench.ts';
import { describeTask } from '../batch/judges/brief.ts';
import { costOf } from '../journal/cost.ts';
import { roughTokens } from './estimate.ts';

/** A verdict of a few sentences and some numbers. */
const usualVerdictTokens = 200;
/** What stands around a turn in the transcript. */
const turnFrameTokens = 20;

/** What one judge may take for one meeting, if its first answer can be used. */
export interface ExpectedVerdicts {
  readonly verdicts: number;
  readonly read: number;
  readonly written: number;
  /** US dollars; absent where no price is known. */
  readonly cost?: number;
}

/** `turnTokens`: the length of a message. */
export function expectVerdicts(
  { persona, rubric, orders, repeat, price }: SeatedJudge,
  { messages, turnTokens }: { readonly messages: number; readonly turnTokens: number },
): ExpectedVerdicts {
  const verdicts = orders.length * repeat;
  const input = roughTokens(describeTask(persona, rubric)) + messages * (turnTokens + turnFrameTokens);
  const read = verdicts * input;
  const written = verdicts * usualVerdictTokens;
  const cost = price && costOf({ input: read, output: written, cached: 0 }, price);
  return { verdicts, read, written, ...(cost === undefined ? {} : { cost }) };
}
