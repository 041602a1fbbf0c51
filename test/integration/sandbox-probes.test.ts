import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTier } from '../../sidecar/choose-tier.ts';
import type { Probe } from '../../sidecar/probes/probe.ts';
import { appliesTo, probes, runProbes, type ProbeResult } from '../../sidecar/probes.ts';
import type { Tier, TierName } from '../../sidecar/tiers/tier.ts';
import { OpenPyodide, runControl, whyNoControl } from '../support/probe-controls.ts';

const isolatingTiers = ['bubblewrap', 'deno', 'runsc'] as const satisfies readonly TierName[];
/** For all probes of a tier together, since the first of them may be asked for last. */
const allProbesMs = 240_000;

const tiers = await Promise.all(
  isolatingTiers.map(async (name) => {
    const tier = createTier(name, { python: '/usr/bin/python3' });
    return { tier, lack: await tier.prepare() };
  }),
);

for (const { tier, lack } of tiers) {
  describe.skipIf(lack !== undefined)(
    `the ${tier.name} tier${lack === undefined ? '' : `, which is not here: ${lack}`}`,
    () => {
      const results = new Results();
      beforeAll(() => results.start(tier));
      for (const probe of probes.filter((each) => appliesTo(each, tier))) {
        it(`withstands code that ${probe.description}`, { timeout: allProbesMs }, async () => {
          const { status, detail } = await results.of(probe);
          expect(status, detail).toBe(
            probe.knownWeakness === undefined ? 'held' : expect.stringMatching(/held|known/),
          );
        });
      }
    },
  );
}

describe('where there is no wall', () => {
  const pyodide = new OpenPyodide();
  afterAll(() => pyodide.close());

  for (const probe of probes) {
    const why = whyNoControl(probe);
    const title = `code succeeds that ${probe.description}${why === undefined ? '' : `; not shown: ${why}`}`;
    it.skipIf(why !== undefined)(title, { timeout: 60_000 }, async ({ skip }) => {
      const { gain, output } = await runControl(probe, pyodide);
      const isMissing = /not supported|not implemented|No such (file|device)|ENOSYS/.test(output);
      if (gain === undefined && isMissing) skip(`this kernel has nothing of the kind: ${output.trim()}`);
      expect(gain, `it got nothing: ${output}`).toBeDefined();
    });
  }
});

/** Of probes that run on their own while the tests ask for them one after the other. */
class Results {
  readonly #known = new Map<Probe, ProbeResult>();
  readonly #waiting = new Map<Probe, (result: ProbeResult) => void>();
  #ended: Promise<unknown> = Promise.resolve();

  start(tier: Tier): void {
    this.#ended = runProbes(tier, {}, (result) => {
      this.#known.set(result.probe, result);
      this.#waiting.get(result.probe)?.(result);
    });
    this.#ended.catch(() => {});
  }

  async of(probe: Probe): Promise<ProbeResult> {
    const known = this.#known.get(probe);
    if (known) return known;
    return new Promise((resolve, reject) => {
      this.#waiting.set(probe, resolve);
      this.#ended.catch(reject);
    });
  }
}
