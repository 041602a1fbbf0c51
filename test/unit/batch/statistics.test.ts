import { describe, expect, it } from 'vitest';
import { bootstrapInterval, bootstrapIntervals, mean } from '../../../batch/statistics/bootstrap.ts';
import { rankPlayers, type Match } from '../../../batch/statistics/bradley-terry.ts';
import { cohensKappa, fleissKappa } from '../../../batch/statistics/kappa.ts';

const times = <T>(count: number, value: T): T[] => Array.from({ length: count }, () => value);

describe('Bradley and Terry', () => {
  /** Wins of the row over the column, American League East 1987. Source: Agresti, Categorical Data Analysis, section 10.6. */
  const teams = ['Milwaukee', 'Detroit', 'Toronto', 'New York', 'Boston', 'Cleveland', 'Baltimore'];
  const wins = [
    [0, 7, 9, 7, 7, 9, 11],
    [6, 0, 7, 5, 11, 9, 9],
    [4, 6, 0, 7, 7, 8, 12],
    [6, 8, 6, 0, 6, 7, 10],
    [6, 2, 6, 7, 0, 7, 12],
    [4, 4, 5, 6, 6, 0, 6],
    [2, 4, 1, 3, 1, 7, 0],
  ];

  it('agree with what R computes for the baseball teams of Agresti', () => {
    const matches = wins.flatMap((row, one) =>
      row.flatMap((count, other) =>
        times<Match>(count, { a: teams[one] as string, b: teams[other] as string, winner: 'a' }),
      ),
    );
    const { players, isDetermined } = rankPlayers(matches);
    const strengths = new Map(players.map(({ player, strength }) => [player, strength]));
    const ability = (team: string): number =>
      Math.log((strengths.get(team) ?? NaN) / (strengths.get('Baltimore') ?? NaN));
    // Source: BradleyTerry2, "Bradley-Terry Models in R", section 3.1, abilities against Baltimore.
    expect(teams.map((team) => ability(team).toFixed(4))).toEqual([
      ...['1.5814', '1.4364', '1.2945', '1.2476', '1.1077', '0.6839', '0.0000'],
    ]);
    expect(players.map(({ player }) => player)).toEqual(teams);
    expect(isDetermined).toBe(true);
    expect(players[0]).toMatchObject({ wins: 50, losses: 28, ties: 0 });
  });

  it('count a tie as half a win for each', () => {
    const match = (winner: Match['winner']): Match => ({ a: 'x', b: 'y', winner });
    const { players } = rankPlayers([...times(3, match('a')), match('b'), ...times(2, match('tie'))]);
    // Four to two: twice as strong, whatever the unit.
    expect((players[0]?.strength ?? 0) / (players[1]?.strength ?? 0)).toBeCloseTo(2, 8);
    expect(players).toMatchObject([
      { player: 'x', wins: 3, losses: 1, ties: 2 },
      { player: 'y', wins: 1, losses: 3, ties: 2 },
    ]);
  });

  it('with ties in the middle come to what an optimizer finds, whoever has won all', () => {
    const match = (a: string, b: string, winner: Match['winner'] = 'a'): Match => ({ a, b, winner });
    const matches = [
      ...times(3, match('x', 'y')),
      match('x', 'z'),
      match('x', 'z', 'tie'),
      ...times(2, match('y', 'z')),
      match('z', 'y'),
    ];
    const strengthsOf = (all: readonly Match[], priorTies: number): string[] =>
      [...rankPlayers(all, { priorTies }).players]
        .sort((one, other) => (one.player < other.player ? -1 : 1))
        .map(({ strength }) => strength.toFixed(4));
    // SciPy 1.17, optimize.minimize (BFGS) of the negative logarithm of the likelihood with the ties.
    expect(strengthsOf(matches, 1)).toEqual(['3.1679', '0.6118', '0.5160']);
    expect(strengthsOf(matches, 3)).toEqual(['2.3302', '0.6907', '0.6213']);
    expect(strengthsOf(times(5, match('x', 'y')), 1)).toEqual(['3.9674', '0.2521']);
  });

  it('say where the matches do not tell how strong somebody is', () => {
    const { players, isDetermined } = rankPlayers([
      { a: 'always', b: 'x', winner: 'a' },
      { a: 'x', b: 'y', winner: 'a' },
      { a: 'x', b: 'y', winner: 'b' },
    ]);
    expect(isDetermined).toBe(false);
    expect(players[0]?.player).toBe('always');
    expect(players.every(({ strength }) => Number.isFinite(strength))).toBe(true);
    expect(rankPlayers([])).toEqual({ players: [], isDetermined: false });
  });
});

describe('kappa', () => {
  it('of two judges is 0.4 for twenty grants that both accept and fifteen that both refuse out of fifty', () => {
    const pairs = [
      ...times(20, ['yes', 'yes'] as const),
      ...times(5, ['yes', 'no'] as const),
      ...times(10, ['no', 'yes'] as const),
      ...times(15, ['no', 'no'] as const),
    ];
    // By hand: 0.7 agreed, 0.5 × 0.6 + 0.5 × 0.4 = 0.5 by chance.
    expect(cohensKappa(pairs)).toBeCloseTo(0.4, 12);
    expect(cohensKappa([])).toBeUndefined();
    expect(cohensKappa(times(3, ['yes', 'yes'] as const))).toBeUndefined();
  });

  it('of two judges and three answers is what NumPy makes of their table', () => {
    const table = [
      [11, 3, 1],
      [2, 9, 4],
      [1, 2, 7],
    ];
    const pairs = table.flatMap((row, one) =>
      row.flatMap((count, other) => times(count, [String(one), String(other)] as const)),
    );
    expect(cohensKappa(pairs)).toBeCloseTo(0.509_433_962, 9);
  });

  it('of fourteen judges is 0.210 for the ten subjects of the usual example', () => {
    const table = [
      [0, 0, 0, 0, 14],
      [0, 2, 6, 4, 2],
      [0, 0, 3, 5, 6],
      [0, 3, 9, 2, 0],
      [2, 2, 8, 1, 1],
      [7, 7, 0, 0, 0],
      [3, 2, 6, 3, 0],
      [2, 5, 3, 2, 2],
      [6, 5, 2, 1, 0],
      [0, 2, 2, 3, 7],
    ];
    const subjects = table.map((row) => row.flatMap((count, category) => times(count, String(category))));
    // Source: Wikipedia, "Fleiss' kappa", worked example; by hand 0.3780 agreed, 0.2128 by chance.
    expect(fleissKappa(subjects)).toBeCloseTo(0.21, 3);
    expect(fleissKappa([['x', 'x']])).toBeUndefined();
    expect(() => fleissKappa([['x', 'y'], ['x']])).toThrow('the same number of judges');
  });
});

describe('the bootstrap', () => {
  /** Days that mice lived. Source: Efron and Tibshirani, An Introduction to the Bootstrap, table 2.1. */
  const mice = [94, 197, 16, 38, 99, 141, 23];

  it('comes near the interval of all samples there can be', () => {
    // Each of the 7^7 samples is as likely as the other.
    let sums = [0];
    for (let drawn = 0; drawn < mice.length; drawn++)
      sums = sums.flatMap((sum) => mice.map((days) => sum + days));
    const all = Float64Array.from(sums).sort();
    const exact = (share: number): number =>
      (all[Math.round(share * (all.length - 1))] as number) / mice.length;
    const interval = bootstrapInterval(mice, { seed: 1, resamples: 20_000 });
    expect(interval?.estimate).toBeCloseTo(86.857, 3);
    expect(Math.abs((interval?.low ?? 0) - exact(0.025))).toBeLessThan(1);
    expect(Math.abs((interval?.high ?? 0) - exact(0.975))).toBeLessThan(1);
  });

  it('is the same for the same seed, another for another, and wider with more confidence', () => {
    const first = bootstrapInterval(mice, { seed: 7 });
    expect(bootstrapInterval(mice, { seed: 7 })).toEqual(first);
    expect(bootstrapInterval(mice, { seed: 8 })).not.toEqual(first);
    const surer = bootstrapInterval(mice, { seed: 7, confidence: 0.99 });
    expect(surer?.low).toBeLessThan(first?.low ?? 0);
    expect(surer?.high).toBeGreaterThan(first?.high ?? 0);
  });

  it('draws one sample for all statistics, and leaves out of an interval what has no value', () => {
    const sample = mice.map((days) => ({ days }));
    const both = bootstrapIntervals(
      sample,
      { seed: 7 },
      (drawn) =>
        new Map([
          ['mean', mean(drawn.map(({ days }) => days))],
          ['mean of the long lived', mean(drawn.map(({ days }) => days).filter((days) => days > 100))],
        ]),
    );
    expect(both.get('mean')).toEqual(bootstrapInterval(mice, { seed: 7 }));
    const { estimate, low, high } = both.get('mean of the long lived') ?? { estimate: 0, low: 0, high: 0 };
    expect([estimate, low, high]).toEqual([169, 141, 197]);
  });

  it('takes any statistic, and knows nothing of an empty sample', () => {
    expect(bootstrapInterval([], { seed: 1 })).toBeUndefined();
    expect(bootstrapInterval([3], { seed: 1 })).toEqual({ estimate: 3, low: 3, high: 3 });
    const interval = bootstrapInterval([1, 2, 9], { seed: 1 }, (sample) => Math.max(...sample));
    expect(interval).toMatchObject({ estimate: 9, high: 9 });
    expect(mean([1, 2, 9])).toBe(4);
  });
});
