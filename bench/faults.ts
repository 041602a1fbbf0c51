import { parseArgs } from 'node:util';
import { fuzz } from '../test/faults/fuzz.ts';
import { holdRun, type RunReport } from '../test/faults/harness.ts';
import { createScenario, faultKinds, type FaultKind } from '../test/faults/scenario.ts';
import { whyNoSmallDisk } from '../test/faults/small-disk.ts';

// Meetings over a bad network, with processes that die, freeze and come back: nothing may be lost or doubled.
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '500' },
    /** Of the first run; the next ones follow it. */
    seed: { type: 'string', default: '1' },
    'at-once': { type: 'string', default: '6' },
    /** Kinds of faults, with commas between them, or `network`. */
    without: { type: 'string', default: '' },
    /** What the proxies logged in runs that went wrong, and where their journals are. */
    keep: { type: 'boolean', default: false },
    /** Instead of runs: so many connections of strangers who send nonsense. */
    fuzz: { type: 'string' },
  },
});
if (values.fuzz !== undefined) await fuzzOnce(Number(values.seed), Number(values.fuzz));
else await holdRuns();

async function fuzzOnce(seed: number, connections: number): Promise<void> {
  const { problems, kinds, meetings, honestTurns, before, after, milliseconds } = await fuzz({
    ...{ seed, connections, atOnce: 48 },
  });
  for (const problem of problems) console.log(problem);
  const mebibytes = (bytes: number): string => (bytes / 1_048_576).toFixed(1);
  console.log(
    `connections                   ${[...kinds].map(([kind, count]) => `${kind} ${count}`).join(', ')}`,
  );
  console.log(`meetings of strangers         ${meetings}`);
  console.log(`turns of the honest meeting   ${honestTurns}`);
  console.log(`sockets, a tenth and all      ${before.sockets}, ${after.sockets}`);
  console.log(`heap (MiB)                    ${mebibytes(before.heapBytes)}, ${mebibytes(after.heapBytes)}`);
  console.log(
    `memory (MiB)                  ${mebibytes(before.residentBytes)}, ${mebibytes(after.residentBytes)}`,
  );
  console.log(`time                          ${seconds(milliseconds)}`);
  if (problems.length > 0) process.exitCode = 1;
}
async function holdRuns(): Promise<void> {
  const [runs, seed, atOnce] = [values.runs, values.seed, values['at-once']].map(Number) as [
    number,
    number,
    number,
  ];
  const without = new Set(values.without.split(',').filter((kind) => kind !== '')) as Set<
    FaultKind | 'network'
  >;
  const noDisk = whyNoSmallDisk();
  if (noDisk !== undefined && !without.has('fill-disk')) {
    console.log(`fill-disk is left out: ${noDisk}`);
    without.add('fill-disk');
  }

  const reports: RunReport[] = [];
  const began = performance.now();
  const seedsLeft = Array.from({ length: runs }, (_, index) => seed + index).values();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (const seed of seedsLeft) {
        const report = await holdRun(createScenario(seed, { without }), { keep: values.keep });
        reports.push(report);
        if (report.problems.length > 0) complain(report);
      }
    }),
  );

  const bad = reports.filter(({ problems }) => problems.length > 0);
  const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
  const longest = Math.max(...reports.map(({ milliseconds }) => milliseconds));
  const happened = (what: string): number => sum(reports.map((report) => report.happened.get(what) ?? 0));
  console.log(`runs                          ${reports.length}, with problems ${bad.length}`);
  console.log(
    `meetings                      ${sum(reports.map(({ scenario }) => scenario.meetings.length))}`,
  );
  console.log(`turns                         ${sum(reports.map(({ turns }) => turns))}`);
  for (const what of [...faultKinds, 'cut', 'frozen', 'doubled', 'replayed']) {
    console.log(`${what.padEnd(30)}${happened(what)}`);
  }
  console.log(`time, the longest run         ${seconds(performance.now() - began)}, ${seconds(longest)}`);
  if (bad.length > 0) {
    console.log(`seeds with problems           ${bad.map(({ scenario }) => scenario.seed).join(' ')}`);
    process.exitCode = 1;
  }
}

function complain({ scenario, problems, log, folder }: RunReport): void {
  console.log(`seed ${scenario.seed} (again with --runs 1 --seed ${scenario.seed}):`);
  for (const problem of problems.slice(0, 8)) console.log(`  ${problem}`);
  console.log(`  faults: ${JSON.stringify(scenario.faults)}`);
  console.log(`  network: ${JSON.stringify(scenario.network)}`);
  if (values.keep) console.log(`  kept in ${folder}\n${log.replace(/^/gm, '  | ')}`);
}

function seconds(milliseconds: number): string {
  return `${(milliseconds / 1_000).toFixed(1)} s`;
}
