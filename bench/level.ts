import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Bouncers, endMeeting, sitDown, type Pair } from './relay/bounce.ts';
import { figure, median, printTable } from './relay/figures.ts';
import { holdInstantMeeting } from './relay/instant-agents.ts';
import { cpuSeconds, residentMiB, temporaryFolder } from './relay/processes.ts';
import { startProxy, type RunningProxy } from './relay/proxy.ts';
import { relayCore, stayAwake } from './relay/quiet.ts';

// Whether cost stays level: the thousandth turn of a meeting beside the first, and the thousandth meeting
// beside the first, after each other and at once. Journals and transcripts on; all after a warm-up.
const { values } = parseArgs({ options: { rounds: { type: 'string', default: '9' } } });
const rounds = Number(values.rounds);
const text = 'x'.repeat(63);
/** What is compared is the median of so many turns, or meetings. */
const some = 100;
const thousand = 1_000;
const folder = temporaryFolder();
stayAwake();
const rows: string[][] = [];

await withProxy('turns', async (proxy) => {
  const hold = (name: string): Promise<number[]> => bounceOnce(proxy, name, thousand + some);
  for (let round = 0; round < 4; round++) await hold(`warm-up-${round}`);
  compareTurns('turn of a meeting, µs', await repeat((round) => hold(`bare-${round}`)));
});
await withProxy('agents', async (proxy) => {
  const hold = (name: string): Promise<number[]> =>
    holdInstantMeeting(proxy.ports, name, thousand + some, text);
  for (let round = 0; round < 4; round++) await hold(`warm-up-${round}`);
  compareTurns('turn of a meeting of agents, µs', await repeat((round) => hold(`agents-${round}`)));
});
await withProxy('meetings', async (proxy) => {
  for (let meeting = 0; meeting < 4 * some; meeting++) await holdShort(proxy, `warm-up-${meeting}`);
  const times: number[] = [];
  const cpu: number[] = [];
  for (let meeting = 0; meeting < thousand + some; meeting++) {
    if (meeting % some === 0) cpu.push(cpuSeconds(proxy.pid));
    const began = performance.now();
    await holdShort(proxy, `meeting-${meeting}`);
    times.push(performance.now() - began);
  }
  cpu.push(cpuSeconds(proxy.pid));
  compare('meeting of 20 turns, ms', median(times.slice(0, some)), median(times.slice(thousand)));
  const ofGroup = (group: number): number =>
    (((cpu[group + 1] as number) - (cpu[group] as number)) * 1_000) / some;
  compare("its relay's processor time, ms", ofGroup(0), ofGroup(thousand / some));
});
await withProxy('at-once', async (proxy) => {
  const others: Pair[] = [];
  const pair = await sitDown(proxy.ports, 'the-one');
  const bouncers = new Bouncers(pair, text);
  for (let round = 0; round < 10; round++) await bouncers.bounce(thousand);
  const alone = await repeat(() => bouncers.bounce(thousand));
  const before = residentMiB(proxy.pid) as number;
  while (others.length < thousand - 1) others.push(await sitDown(proxy.ports, `other-${others.length}`));
  const memory = (((residentMiB(proxy.pid) as number) - before) * 1_024) / others.length;
  const amongOthers = await repeat(() => bouncers.bounce(thousand));
  compare(
    'turn, alone and among 999 meetings, µs',
    median(alone.map(median)),
    median(amongOthers.map(median)),
  );
  rows.push(['memory of each of those, KiB', '', figure(memory)]);
  for (const { a, b } of [pair, ...others]) for (const socket of [a, b]) socket.destroy();
});

console.log(`medians of ${some} turns or meetings each, and of ${rounds} rounds\n`);
printTable(['', 'first', 'thousandth', 'ratio'], rows);
// Ends what kept the processors awake.
process.exit();

async function withProxy(name: string, work: (proxy: RunningProxy) => Promise<void>): Promise<void> {
  mkdirSync(path.join(folder, name));
  const proxy = await startProxy({ folder: path.join(folder, name), core: relayCore });
  try {
    await work(proxy);
  } finally {
    await proxy.stop(30_000);
  }
}

async function bounceOnce(proxy: RunningProxy, meeting: string, turns: number): Promise<number[]> {
  const pair = await sitDown(proxy.ports, meeting);
  const microseconds = await new Bouncers(pair, text).bounce(turns);
  await endMeeting(pair);
  return microseconds;
}

async function holdShort(proxy: RunningProxy, meeting: string): Promise<void> {
  await bounceOnce(proxy, meeting, 20);
}

async function repeat(work: (round: number) => Promise<number[]>): Promise<number[][]> {
  const results = [];
  for (let round = 0; round < rounds; round++) results.push(await work(round));
  return results;
}

function compareTurns(what: string, meetings: readonly number[][]): void {
  const of = (from: number): number =>
    median(meetings.map((turns) => median(turns.slice(from, from + some))));
  compare(what, of(0), of(thousand - some / 2));
}

function compare(what: string, first: number, thousandth: number): void {
  rows.push([what, figure(first), figure(thousandth), (thousandth / first).toFixed(2)]);
}
