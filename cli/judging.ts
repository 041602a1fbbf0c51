import { JudgeBench } from '../batch/judges/judge-bench.ts';
import { judgeHeld } from '../batch/judges/judge-held.ts';
import type { BatchFolder } from '../batch/state.ts';
import { formatNumber } from '../journal/render/sentences.ts';
import type { BatchPlan } from './batch-plan.ts';
import { roughTokens } from './estimate.ts';
import { sayAboveProgress } from './say-above-progress.ts';

export interface JudgingOptions {
  readonly plan: BatchPlan;
  readonly politeMs: number;
  /** Ask again where no verdict could be used. */
  readonly again?: boolean;
}

/** The judges of an experiment; undefined where it has none. Rejects with ColloquyError. */
export async function createBench({
  plan,
  politeMs,
  again = false,
}: JudgingOptions): Promise<JudgeBench | undefined> {
  const judges = await plan.judges();
  if (judges.length === 0) return undefined;
  return new JudgeBench({
    judges,
    politeMs,
    again,
    countTokens: roughTokens,
    onProblem: sayAboveProgress,
  });
}

/** Has the meetings judged that are held already. Returns how many are still without some verdict. */
export async function judgeWhatIsHeld(
  bench: JudgeBench,
  plan: BatchPlan,
  folder: BatchFolder,
  { atOnce, signal }: { readonly atOnce: number; readonly signal: AbortSignal },
): Promise<{ readonly due: number; readonly left: number }> {
  const draw = (text: string): void => {
    if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K${text}`);
  };
  const result = await judgeHeld({
    ids: plan.jobs.map(({ id }) => id),
    meetings: folder.meetings,
    failed: folder.failed,
    bench,
    atOnce,
    limits: plan.matrix.limits.batch,
    elapsedMs: () => folder.elapsedMs,
    signal,
    onProgress: (judged, due) =>
      draw(`Judging what is held: ${formatNumber(judged)} of ${formatNumber(due)} meetings`),
  });
  draw('');
  return result;
}

/** "Verdicts: 88 given, 1 that could not be used.", a line, or nothing where nothing was asked. */
export function describeVerdicts({ counts: { given, invalid, failed } }: JudgeBench): string {
  const parts = [
    `${formatNumber(given)} given`,
    ...(invalid > 0 ? [`${formatNumber(invalid)} that could not be used`] : []),
    ...(failed > 0 ? [`${formatNumber(failed)} that could not be had`] : []),
  ];
  const again = failed > 0 ? ' The same command asks again for those.' : '';
  return given + invalid + failed === 0 ? '' : `Verdicts: ${parts.join(', ')}.${again}\n`;
}
