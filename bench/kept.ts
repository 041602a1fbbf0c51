import { mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { figure, median, printTable } from './relay/figures.ts';
import { colloquy, jetStreams, redisStreams, type Contestant } from './relay/keepers.ts';
import { cpuSeconds, idleSeconds, pinMyself, requireProgram, temporaryFolder } from './relay/processes.ts';
import { startFlow } from './relay/stream.ts';

// Messages of 64 bytes that are kept in a file, a second: this relay, whose every message is in a journal
// before it is passed on to the other side, beside two servers that keep streams of messages. Each server on
// one processor and the load on another; nothing counts that was not acknowledged.
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '2' },
    /** Of the two, as ratio. */
    target: { type: 'string', default: '1.5' },
  },
});
const [rounds, seconds, target] = [values.rounds, values.seconds, values.target].map(Number) as [
  number,
  number,
  number,
];
const [serverCore, loadCore] = [0, 1];
const warmUpMs = 1_000;
/** How many messages may be on their way; each server gets the number it is fastest with. */
const windows = [512, 2_048, 8_192];

interface Rate {
  readonly perSecond: number;
  readonly perCpuSecond: number;
  /** Share of its processor that the server used, that was left unused, and that other programs took. */
  readonly server: number;
  readonly unused: number;
  readonly others: number;
  /** Share of the other processor that the load used. */
  readonly load: number;
}

requireProgram('taskset', 'util-linux');
const folder = temporaryFolder();
pinMyself(loadCore);
const contestants = [colloquy, ...jetStreams, redisStreams];
const best = new Map<Contestant, number>();
for (const contestant of contestants) {
  const tries = [];
  for (const window of windows) tries.push({ window, ...(await run(contestant, window, 500)) });
  best.set(contestant, tries.sort((one, other) => other.perSecond - one.perSecond)[0]?.window as number);
}
const rates = new Map<Contestant, Rate[]>(contestants.map((contestant) => [contestant, []]));
for (let round = 0; round < rounds; round++) {
  for (const contestant of contestants) {
    rates.get(contestant)?.push(await run(contestant, best.get(contestant) as number, seconds * 1_000));
  }
}

console.log(`messages of 64 bytes kept in a file, medians of ${rounds} interleaved rounds of ${seconds} s\n`);
const own = rates.get(colloquy) as Rate[];
printTable(
  [
    '',
    'a second',
    'a CPU second',
    'on their way',
    'its CPU',
    'others on it',
    "the load's CPU",
    'ratio',
    'target',
    '',
  ],
  contestants.map((contestant) => {
    const all = rates.get(contestant) as Rate[];
    const of = (key: keyof Rate): number => median(all.map((rate) => rate[key]));
    const ratio = median(all.map(({ perSecond }, round) => (own[round] as Rate).perSecond / perSecond));
    return [
      contestant.name,
      figure(of('perSecond')),
      figure(of('perCpuSecond')),
      String(best.get(contestant)),
      ...(['server', 'others', 'load'] as const).map((key) => `${(of(key) * 100).toFixed(0)} %`),
      ...(contestant === colloquy
        ? []
        : [ratio.toFixed(2), `>= ${target}`, ratio >= target ? 'met' : 'missed']),
    ];
  }),
);
for (const contestant of contestants) {
  const of = (key: keyof Rate): number => median((rates.get(contestant) as Rate[]).map((rate) => rate[key]));
  if (of('unused') > 0.1)
    console.log(`${contestant.name}: its processor was idle at times, the load is too small`);
  if (of('others') > 0.05)
    console.log(`${contestant.name}: other programs took of its processor, run it again`);
}

async function run(contestant: Contestant, window: number, ms: number): Promise<Rate> {
  const scratch = path.join(folder, 'run');
  mkdirSync(scratch);
  const { server, keeper, count } = await contestant.start(scratch, serverCore);
  try {
    const flow = startFlow(keeper, window);
    const look = () => ({
      ...{ at: performance.now() / 1_000, kept: flow.kept() },
      ...{ server: cpuSeconds(server.pid), unused: idleSeconds(serverCore) },
    });
    await sleep(warmUpMs);
    const before = look();
    const load = process.cpuUsage();
    await sleep(ms);
    const after = look();
    const { user, system } = process.cpuUsage(load);
    const per = (key: keyof typeof before): number => (after[key] - before[key]) / (after.at - before.at);
    const [perSecond, own, unused] = [per('kept'), per('server'), per('unused')];
    const rate = {
      ...{ perSecond, perCpuSecond: perSecond / own, server: own, unused },
      others: Math.max(0, 1 - own - unused),
      load: (user + system) / 1_000_000 / (after.at - before.at),
    };
    const kept = await flow.end();
    const held = await count();
    if (held !== kept) throw new Error(`${contestant.name} acknowledged ${kept} messages and holds ${held}`);
    return rate;
  } finally {
    // What it would still write about a run is of no interest.
    await server.stop(200);
    rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  }
}
