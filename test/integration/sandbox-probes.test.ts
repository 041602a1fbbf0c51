import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTier } from '../../sidecar/choose-tier.ts';
import type { Probe } from '../../sidecar/probes/probe.ts';
import { appliesTo, probes, runProbes, type ProbeResult } from '../../sidecar/probes.ts';
import type { TierName } from '../../sidecar/tiers/tier.ts';
import { EarlyResults } from '../support/early-results.ts';
import { OpenPyodide, runControl, whyNoControl, type ControlResult } from '../support/probe-controls.ts';

const isolatingTiers = ['bubblewrap', 'deno', 'runsc'] as const satisfies readonly TierName[];
/** For all probes of a tier together, since what is asked for first may come last. */
const allProbesMs = 240_000;

const tiers = await Promise.all(
  isolatingTiers.map(async (name) => {
    const tier = createTier(name, { python: '/usr/bin/python3' });
    return { tier, lack: await tier.prepare() };
  }),
);

for (const { tier, lack } of tiers) {
  const title = `the ${tier.name} tier${lack === undefined ? '' : `, which is not here: ${lack}`}`;
  describe.skipIf(lack !== undefined)(title, () => {
    const results = new EarlyResults<Probe, ProbeResult>();
    beforeAll(() => results.start((tell) => runProbes(tier, {}, (result) => tell(result.probe, result))));
    for (const probe of probes.filter((each) => appliesTo(each, tier))) {
      it(`withstands code that ${probe.description}`, { timeout: allProbesMs }, async () => {
        const { status, detail } = await results.of(probe);
        const right = probe.knownWeakness === undefined ? ['held'] : ['held', 'known'];
        expect(right, `${status}: ${detail}`).toContain(status);
      });
    }
  });
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
  afterAll(() => pyodide.close());

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
