import { describe, expect, it } from 'vitest';
import { holdRun } from '../faults/harness.ts';
import { createScenario, type FaultKind } from '../faults/scenario.ts';
import { whyNoSmallDisk } from '../faults/small-disk.ts';

const noDisk = whyNoSmallDisk();
if (noDisk !== undefined) it.skip(`no disk is filled: ${noDisk}`);

/** The machine that runs the tests has two cores; most of a run is waiting. */
const atOnce = 5;
const seeds = Array.from({ length: 25 }, (_, index) => index + 1);

describe('meetings over a bad network, with processes that die, freeze and come back', () => {
  it(`lose nothing, double nothing and mix nothing up (seeds ${seeds[0]} to ${seeds.at(-1)})`, async () => {
    const without = new Set<FaultKind>(noDisk === undefined ? [] : ['fill-disk']);
    const wrong: string[] = [];
    const happened = new Set<string>();
    let turns = 0;
    const left = seeds.values();
    const work = async (): Promise<void> => {
      for (const seed of left) {
        const report = await holdRun(createScenario(seed, { without }));
        for (const what of report.happened.keys()) happened.add(what);
        turns += report.turns;
        // Again with: node dist/bench/faults.js --runs 1 --keep --seed N
        wrong.push(...report.problems.map((problem) => `seed ${seed}: ${problem}`));
      }
    };
    await Promise.all(Array.from({ length: atOnce }, work));
    expect(wrong).toEqual([]);
    expect(turns).toBeGreaterThan(seeds.length * 8);
    for (const what of ['kill-proxy', 'kill-agent', 'cut-network', 'cut', 'frozen', 'doubled', 'replayed']) {
      expect(happened, what).toContain(what);
    }
  }, 300_000);
});
