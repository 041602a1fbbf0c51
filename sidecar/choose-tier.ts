import type { ExecutionConfig } from '../config/schema.ts';
import { ColloquyError } from '../wire/errors.ts';
import { selfTest } from './self-test.ts';
import { createBubblewrapTier } from './tiers/bubblewrap.ts';
import { createDenoTier } from './tiers/deno.ts';
import { createOpenTier } from './tiers/none.ts';
import { createRunscTier } from './tiers/runsc.ts';
import type { Limits, Tier, TierName } from './tiers/tier.ts';

/** What `auto` tries, best first. */
const automaticTiers = ['bubblewrap', 'deno'] as const satisfies readonly TierName[];

export type TierChoice = Pick<ExecutionConfig, 'tier' | 'minimum_tier' | 'python'>;

/**
 * The best tier that passes its self-test. Rejects with ColloquyError `no-tier`, which says of each why
 * not: nothing is ever run in a weaker one instead.
 */
export async function chooseTier(choice: TierChoice, limits: Limits): Promise<Tier> {
  const problems: string[] = [];
  for (const name of namesToTry(choice)) {
    const tier = createTier(name, choice);
    if (name === 'none-i-accept-the-risk') return tier;
    const problem = (await tier.prepare()) ?? (await selfTest(tier, limits));
    if (problem === undefined) return tier;
    problems.push(`${name}: ${problem}`);
  }
  throw new ColloquyError(
    `no code can be run safely on this machine. ${problems.join('. ')}. "colloquy doctor" tells more`,
    { code: 'no-tier' },
  );
}

export function createTier(name: TierName, { python }: Pick<TierChoice, 'python'>): Tier {
  switch (name) {
    case 'bubblewrap':
      return createBubblewrapTier({ python });
    case 'deno':
      return createDenoTier();
    case 'runsc':
      return createRunscTier({ python });
    case 'none-i-accept-the-risk':
      return createOpenTier({ python });
  }
}

export function toLimits({ limits }: Pick<ExecutionConfig, 'limits'>): Limits {
  return {
    seconds: limits.seconds,
    cpuSeconds: limits.cpu_seconds,
    memoryMiB: limits.memory_mb,
    outputKiB: limits.output_kb,
    processes: limits.processes,
    openFiles: limits.open_files,
    diskMiB: limits.disk_mb,
  };
}

/** What a choice allows, best first. */
export function namesToTry({ tier, minimum_tier: minimum }: TierChoice): readonly TierName[] {
  if (tier !== 'auto') return [tier];
  return automaticTiers.slice(0, automaticTiers.indexOf(minimum) + 1);
}
