import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTier } from '../../sidecar/choose-tier.ts';
import { probeGroups, type Probe, type ProbeGroup } from '../../sidecar/probes/probe.ts';
import { appliesTo, probes, runProbes, type ProbeResult } from '../../sidecar/probes.ts';
import { createDenoTier } from '../../sidecar/tiers/deno.ts';
import type { Tier, TierName } from '../../sidecar/tiers/tier.ts';
import { EarlyResults } from '../support/early-results.ts';
import { OpenPyodide, runControl, whyNoControl, type ControlResult } from '../support/probe-controls.ts';

const isolatingTiers = ['bubblewrap', 'deno', 'runsc'] as const satisfies readonly TierName[];
/** For all probes of a tier together, since what is asked for first may come last. */
const allProbesMs = 240_000;

/** Deno's permissions have to hold by themselves: not every machine has bubblewrap to put around them. */
const ofDenoAlone: readonly ProbeGroup[] = ['secrets', 'files', 'network', 'embedded'];

const candidates: readonly {
  readonly title: string;
  readonly tier: Tier;
  readonly groups?: readonly ProbeGroup[];
}[] = [
  ...isolatingTiers.map((name) => ({
    title: `the ${name} tier`,
    tier: createTier(name, { python: '/usr/bin/python3' }),
  })),
  {
    title: 'the deno tier without bubblewrap around it',
    tier: createDenoTier({ inBubblewrap: false }),
    groups: ofDenoAlone,
  },
];
const tiers = await Promise.all(
  candidates.map(async (candidate) => ({ ...candidate, lack: await candidate.tier.prepare() })),
);

for (const { title, tier, groups = probeGroups, lack } of tiers) {
  describe.skipIf(lack !== undefined)(
    lack === undefined ? title : `${title}, which is not here: ${lack}`,
    () => {
      const chosen = probes.filter((probe) => appliesTo(probe, tier) && groups.includes(probe.group));
      const results = new EarlyResults<Probe, ProbeResult>();
      beforeAll(() =>
        results.start((tell) =>
          runProbes(tier, { only: (probe) => chosen.includes(probe) }, (result) =>
            tell(result.probe, result),
          ),
        ),
      );
      afterAll(() => results.ended(), allProbesMs);
      for (const probe of chosen) {
        it(`withstands code that ${probe.description}`, { timeout: allProbesMs }, async () => {
          const { status, detail } = await results.of(probe);
          const right = probe.knownWeakness === undefined ? ['held'] : ['held', 'known'];
          expect(right, `${status}: ${detail}`).toContain(status);
        });
      }
    },
  );
}

describe('where there is no wall', () => {
  const pyodide = new OpenPyodide();
  const controlled = probes.map((probe) => ({ probe, why: whyNoControl(probe) }));
  const results = new EarlyResults<Probe, ControlResult>();
  beforeAll(() => {
    const waiting = controlled.flatMap(({ probe, why }) => (why === undefined ? [probe] : []));
    results.start(async (tell) => {
      const work = async (): Promise<void> => {
        for (let probe = waiting.shift(); probe; probe = waiting.shift())
          tell(probe, await runControl(probe, pyodide));
      };
      await Promise.all([work(), work()]);
    });
  });
  afterAll(async () => {
    await results.ended();
    await pyodide.close();
  }, allProbesMs);

  for (const { probe, why } of controlled) {
    const title = `code succeeds that ${probe.description}${why === undefined ? '' : `; not shown: ${why}`}`;
    it.skipIf(why !== undefined)(title, { timeout: allProbesMs }, async ({ skip }) => {
      const { gain, output } = await results.of(probe);
      const isMissing = /not supported|not implemented|No such (file|device)/.test(output);
      if (gain === undefined && isMissing) skip(`this kernel has nothing of the kind: ${output.trim()}`);
      expect(gain, `it got nothing: ${output}`).toBeDefined();
    });
  }
});
