import type { Workshop } from './coder.ts';
import type { SampleReport, Trial } from './events.ts';
import { againWords, codeWords, mendWords, repairWords } from './prompts.ts';
import { codeOf } from './reply-code.ts';

/** A program that a model wrote. */
export interface Sample extends SampleReport {
  /** Empty where there was no code in the reply. */
  readonly source: string;
}

/** What an attempt is about. */
export interface Order {
  readonly attempt: number;
  readonly plan: string;
  readonly packages: readonly string[];
  /** The program that failed before, which is to be mended. */
  readonly last?:
    | { readonly source: string; readonly report: SampleReport; readonly trial?: Trial | undefined }
    | undefined;
  readonly earlier: readonly string[];
}

/**
 * Writes a program at each temperature, at the same time where the service allows it, and returns them best first
 * by the linter's score; of equals the cooler one is better. What cannot run by what the linter found is
 * mended once by the linter's model. Rejects with ProviderError.
 */
export async function writeSamples(
  shop: Workshop,
  order: Order,
  temperatures: readonly number[],
): Promise<Sample[]> {
  const write = (temperature: number, index: number): Promise<Sample> =>
    writeSample(shop, order, index + 1, temperature);
  const samples: Sample[] = [];
  if (shop.asking.canAskAtOnce('coder')) samples.push(...(await allOrFirstFailure(temperatures.map(write))));
  else
    for (const [index, temperature] of temperatures.entries()) samples.push(await write(temperature, index));
  const ranked = samples.sort((one, other) => scoreOf(other) - scoreOf(one) || one.sample - other.sample);
  const mended = await mendBest(shop, ranked, order.attempt);
  return withoutTwins([...mended, ...ranked]);
}

/** One program. A reply without code is a sample without source. */
export async function writeSample(
  shop: Workshop,
  { attempt, plan, packages, last, earlier }: Order,
  sample: number,
  temperature: number,
): Promise<Sample> {
  const first = codeWords(shop.words, plan, packages);
  const words =
    last && last.source !== ''
      ? repairWords(first, { ...last, trial: last.trial, earlier })
      : last?.report.problem === undefined
        ? first
        : againWords(first, last.report.problem);
  const id = `attempt-${attempt}-sample-${sample}`;
  const { reply, temperature: used } = await shop.asking.ask({ id, role: 'coder', temperature, ...words });
  return judge(shop, codeOf(reply), {
    attempt,
    sample,
    ...(used === undefined ? {} : { temperature: used }),
  });
}

/** The others are waited for: what they write is paid for, and kept for when the run is gone on with. */
async function allOrFirstFailure<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(promises);
  const failed = settled.find((each) => each.status === 'rejected');
  if (failed) throw failed.reason;
  return settled.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
}

async function mendBest(shop: Workshop, [best]: readonly Sample[], attempt: number): Promise<Sample[]> {
  const errors = best?.findings.some(({ isError }) => isError);
  if (!shop.linter || !best || best.source === '' || !errors) return [];
  shop.observe({ type: 'phase', phase: 'mend', attempt });
  const { reply } = await shop.asking.ask({
    id: `attempt-${attempt}-mended`,
    role: 'linter',
    temperature: shop.config.linter.temperature,
    ...mendWords(best.source, best.findings),
  });
  const code = codeOf(reply);
  if (code === undefined) return [];
  // Behind the samples of the attempt, whose numbers are taken.
  const mended = await judge(shop, code, { attempt, sample: shop.config.coding_samples + 1 });
  return scoreOf(mended) > scoreOf(best) ? [mended] : [];
}

async function judge(
  { linter, pylint, folder, observe }: Workshop,
  source: string | undefined,
  place: Pick<SampleReport, 'attempt' | 'sample' | 'temperature'>,
): Promise<Sample> {
  const linted = source === undefined ? undefined : await linter?.(source);
  const score =
    (linted?.parses === true && source !== undefined ? await pylint?.(source) : undefined) ?? linted?.score;
  const problem =
    source === undefined
      ? 'there was no fenced block of Python in the reply'
      : linted && !linted.parses
        ? `it is no Python: line ${linted.findings[0]?.line ?? 1}: ${linted.findings[0]?.message ?? ''}`
        : undefined;
  const file = `attempts/${place.attempt}/sample-${place.sample}.py`;
  if (source !== undefined) folder.write(file, source);
  const report: SampleReport = {
    ...place,
    ...(score === undefined ? {} : { score }),
    findings: linted?.findings ?? [],
    ...(problem === undefined ? {} : { problem }),
    ...(source === undefined ? {} : { file }),
  };
  observe({ type: 'sample', ...report });
  return { ...report, source: source ?? '' };
}

/** What cannot be run comes last, and what is no code at all behind it. */
function scoreOf({ score = 10, problem, source }: Sample): number {
  if (source === '') return -2;
  return problem === undefined ? score : -1;
}

function withoutTwins(samples: readonly Sample[]): Sample[] {
  return samples.filter(
    ({ source }, index) => samples.findIndex((other) => other.source === source) === index,
  );
}
