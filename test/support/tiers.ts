import { onTestFinished } from 'vitest';
import { createTier } from '../../sidecar/choose-tier.ts';
import { Interpreter } from '../../sidecar/interpreter.ts';
import type { Limits, Tier, TierName } from '../../sidecar/tiers/tier.ts';

export const python = '/usr/bin/python3';

export const smallLimits: Limits = {
  seconds: 20,
  cpuSeconds: 10,
  memoryMiB: 512,
  outputKiB: 64,
  processes: 64,
  openFiles: 256,
  diskMiB: 64,
};

/** The tiers that can be tried on this machine, and why the others cannot. */
export async function findTiers(names: readonly TierName[] = ['bubblewrap', 'deno', 'runsc']): Promise<{
  readonly present: readonly Tier[];
  readonly absent: readonly { name: TierName; why: string }[];
}> {
  const present: Tier[] = [];
  const absent: { name: TierName; why: string }[] = [];
  for (const name of names) {
    const tier = createTier(name, { python });
    const why = await tier.prepare();
    if (why === undefined) present.push(tier);
    else absent.push({ name, why });
  }
  return { present, absent };
}

/** An interpreter that is gone when the test is. */
export async function startInterpreter(tier: Tier, changes: Partial<Limits> = {}): Promise<Interpreter> {
  const interpreter = await Interpreter.start(tier, { ...smallLimits, ...changes });
  onTestFinished(() => interpreter.close());
  return interpreter;
}
