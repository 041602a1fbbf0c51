import { seededRandom } from '../../agents/random.ts';

export interface Interval {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

export interface BootstrapOptions {
  readonly seed: number;
  /** How often the sample is drawn again. */
  readonly resamples?: number;
  /** 0.95: so much of what was drawn lies in the interval. */
  readonly confidence?: number;
}

/**
 * The percentile interval of a statistic. Undefined without a sample; of a single observation the interval is that
 * one. Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), section 13.3.
 */
export function bootstrapInterval(
  sample: readonly number[],
  options: BootstrapOptions,
  statistic: (sample: readonly number[]) => number = mean,
): Interval | undefined {
  return bootstrapIntervals(sample, options, (drawn) => new Map([['', statistic(drawn)]])).get('');
}

/**
 * The same of statistics that are computed together, by name, of observations of any kind. A sample drawn again that
 * gives a statistic no finite value is left out of the interval of that one.
 */
export function bootstrapIntervals<Observation>(
  sample: readonly Observation[],
  { seed, resamples = 2_000, confidence = 0.95 }: BootstrapOptions,
  statistics: (sample: readonly Observation[]) => ReadonlyMap<string, number>,
): ReadonlyMap<string, Interval> {
  if (sample.length === 0) return new Map();
  const random = seededRandom(seed);
  const estimates = statistics(sample);
  const drawn = new Map([...estimates.keys()].map((name): [string, number[]] => [name, []]));
  for (let count = 0; count < resamples; count++) {
    const again = sample.map(() => sample[Math.floor(random() * sample.length)] as Observation);
    for (const [name, value] of statistics(again)) {
      if (Number.isFinite(value)) drawn.get(name)?.push(value);
    }
  }
  const tail = (1 - confidence) / 2;
  return new Map(
    [...estimates].map(([name, estimate]) => {
      const sorted = Float64Array.from(drawn.get(name) ?? []).sort();
      if (sorted.length === 0) return [name, { estimate, low: estimate, high: estimate }];
      return [name, { estimate, low: quantile(sorted, tail), high: quantile(sorted, 1 - tail) }];
    }),
  );
}

export function mean(sample: readonly number[]): number {
  return sample.reduce((sum, value) => sum + value, 0) / sample.length;
}

/** Between two neighbours, in proportion. */
function quantile(sorted: Float64Array, share: number): number {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)] as number;
  const above = sorted[Math.ceil(at)] as number;
  return below + (above - below) * (at - Math.floor(at));
}
