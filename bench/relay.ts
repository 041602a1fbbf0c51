import path from 'node:path';
import { parseArgs } from 'node:util';
import { packageRoot } from '../config/paths.ts';
import { messageOf } from '../wire/errors.ts';
import { figure, median, printTable } from './relay/figures.ts';
import { compile, measure, whyNoGenerator, type Run } from './relay/generator.ts';
import { findProgram, temporaryFolder } from './relay/processes.ts';
import { memoryFigures, targets, type Target } from './relay/targets.ts';

// What the relay costs beside HAProxy, which moves bytes and keeps nothing, and NATS. Every message of this
// relay is in a journal before it is passed on. Relays on one processor, the load generator on another.
const { values } = parseArgs({
  options: {
    /** Where the load generator is. */
    generator: { type: 'string', default: path.join(packageRoot, '..', 'shared', 'bench', 'relay') },
    rounds: { type: 'string', default: '5' },
    /** Seconds of each run, after 0.7 s to warm up. */
    seconds: { type: 'string', default: '1' },
    /** Names or beginnings of names, with commas between them. */
    cells: { type: 'string' },
    /** A run is repeated, up to seven times, when others took more of its time than so many percent. */
    calm: { type: 'string', default: '2' },
    /** One short round however busy the machine is, without the slow readers: whether all works, not how fast. */
    quick: { type: 'boolean', default: false },
    /** More flags for the proxy. */
    flags: { type: 'string', default: '' },
  },
});
const rounds = values.quick ? 1 : Number(values.rounds);
const seconds = values.quick ? 0.4 : Number(values.seconds);
const wanted = values.cells?.split(',');
const isWanted = (cell: string): boolean =>
  wanted?.some((name) => cell === name || cell.startsWith(`${name}-`)) ??
  (!values.quick || !cell.startsWith('slow'));
const known = [...new Set([...targets, ...memoryFigures].map(({ cell }) => cell)), 'thr-64-1', 'thr-64-100'];
const cells = known.filter(isWanted);
const folder = temporaryFolder();
const options = {
  folder: path.resolve(values.generator),
  scratch: path.join(folder, 'generator'),
  calm: values.quick ? 100 : Number(values.calm),
  proxyFlags: values.flags,
};
const problem =
  cells.length === 0
    ? `no such cell: ${known.join(', ')}`
    : (whyNoGenerator(options.folder) ?? compile(options));
if (problem !== undefined) {
  console.error(problem);
  process.exit(1);
}
const peers = Object.entries({ haproxy: 'haproxy', nats: 'nats-server' })
  .filter(([, program]) => {
    const found = findProgram(program) !== undefined;
    if (!found) console.log(`left out: ${program} is not installed (apt-get install ${program})`);
    return found;
  })
  .map(([relay]) => relay);
const relays = ['colloquy', ...peers];
const runs: Run[] = [];
// Memory needs no more than three looks at it.
for (const [some, times] of [
  [cells.filter((cell) => /^(?:pp|thr)/.test(cell)), rounds],
  [cells.filter((cell) => !/^(?:pp|thr)/.test(cell)), Math.min(rounds, 3)],
] as const) {
  if (some.length === 0) continue;
  const plan = { cells: some, relays, rounds: times, seconds };
  try {
    runs.push(...(await measure(options, plan, (count) => showProgress(count, plan))));
  } catch (error) {
    console.error(messageOf(error));
    process.exit(1);
  }
}
if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');

const lost = runs.filter(({ ok, relay }) => !ok && relay === 'colloquy');
const last = [...new Map(runs.map((run) => [`${run.round}/${run.cell}/${run.relay}`, run])).values()];
console.log(`medians of ${rounds} interleaved rounds of ${seconds} s; ratios of the same round`);
console.log(`runs ${runs.length}, noisy even when repeated ${last.filter(({ noisy }) => noisy).length}\n`);
printTable(
  ['', 'what', 'colloquy', 'peer', '', 'ratio', 'target', ''],
  [
    ...targets.filter(({ cell, peer }) => cells.includes(cell) && relays.includes(peer)),
    ...withoutTarget(),
  ].map(rowOf),
);
const memory = memoryFigures.filter(({ cell }) => cells.includes(cell));
if (memory.length > 0) {
  console.log();
  printTable(
    ['', 'what', ...relays],
    memory.map(({ cell, what, key }) => [
      cell,
      what,
      ...relays.map((relay) => figure(median(figuresOf(cell, relay, key).map(([, value]) => value)))),
    ]),
  );
}
for (const { cell, round, err } of lost) console.log(`failed: ${cell}, round ${round + 1}: ${err}`);
for (const relay of peers) {
  const failed = runs.filter((run) => !run.ok && run.relay === relay);
  if (failed.length > 0) {
    console.log(`${relay} failed ${failed.length} times, first in ${failed[0]?.cell}: ${failed[0]?.err}`);
  }
}
if (lost.length > 0) process.exitCode = 1;

function withoutTarget(): Target[] {
  return cells
    .filter((cell) => cell.startsWith('thr-64-') && peers.includes('haproxy'))
    .map((cell) => ({ cell, what: 'MB/s', key: 'mb_per_s', peer: 'haproxy' }));
}

function rowOf({ cell, what, key, peer, atLeast, atMost }: Target): string[] {
  const own = figuresOf(cell, 'colloquy', key);
  const others = new Map(figuresOf(cell, peer, key));
  const ratio = median(
    own.map(([round, value]) => value / (others.get(round) ?? NaN)).filter(Number.isFinite),
  );
  const isMet = atLeast === undefined ? ratio <= (atMost ?? Infinity) : ratio >= atLeast;
  const target = atLeast === undefined ? (atMost === undefined ? '' : `<= ${atMost}`) : `>= ${atLeast}`;
  return [
    cell,
    what,
    figure(median(own.map(([, value]) => value))),
    figure(median([...others.values()])),
    peer,
    ratio.toFixed(2),
    target,
    target === '' || Number.isNaN(ratio) ? '' : isMet ? 'met' : 'missed',
  ];
}

/** By round. */
function figuresOf(cell: string, relay: string, key: string): [number, number][] {
  return last
    .filter((run) => run.ok && run.cell === cell && run.relay === relay)
    .map((run) => [run.round, run[key] as number]);
}

function showProgress(count: number, plan: { cells: readonly string[]; rounds: number }): void {
  if (!process.stderr.isTTY) return;
  process.stderr.write(`\r${count} of ${plan.cells.length * plan.rounds * relays.length} runs`);
}
