import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { seededRandom } from '../agents/random.ts';
import { figure, median, printTable } from './relay/figures.ts';
import { cpuSeconds, residentMiB, temporaryFolder } from './relay/processes.ts';
import { isSetting, startProxy } from './relay/proxy.ts';
import { checkMeeting } from './soak/check.ts';
import { Clearance } from './soak/clearance.ts';
import { holdMeeting, type Account } from './soak/meeting.ts';
import { MemoryWatch, openDescriptors } from './soak/memory.ts';
import { planMeeting } from './soak/trouble.ts';

// Two hundred meetings at a time whose sides come, go, stand still, die, and come back by their secret. Does
// the proxy's memory grow, and is there a turn that somebody saw and the journal does not have once?
const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '3600' },
    meetings: { type: 'string', default: '200' },
    /** The most that memory may grow after the warm-up, in MiB: the rise of the line through it. */
    growth: { type: 'string', default: '32' },
    seed: { type: 'string', default: '1' },
  },
});
const [seconds, atOnce, bound, seed] = [values.seconds, values.meetings, values.growth, values.seed].map(
  Number,
) as [number, number, number, number];
/** The first part of the time, in which the engine finds the size of its heap. */
const warmUp = Math.min(0.5, Math.max(0.1, 120 / seconds));
/** How long the last meetings may take to end. */
const patienceMs = 180_000;
const settings = isSetting('resume_seconds') ? { resume_seconds: 5 } : {};
const proxy = await startProxy({ folder: temporaryFolder(), settings });
const descriptorsBefore = openDescriptors(proxy.pid);
const random = seededRandom(seed);
const counts = new Map<string, number>();
const count = (what: string, by = 1): void => void counts.set(what, (counts.get(what) ?? 0) + by);
const memory = new MemoryWatch(proxy.pid);
const clearance = new Clearance();
const problems: string[] = [];
const going = new Set<string>();
const began = performance.now();
const until = began + seconds * 1_000;
let meetings = 0;
void proxy.ended.then((code) => {
  if (going.size > 0) giveUp(`the proxy ended in the middle of it, with code ${code}`);
});

const tables = Array.from({ length: atOnce }, async () => {
  await sleep(random() * 2_000);
  while (performance.now() < until) {
    const plan = planMeeting(++meetings, random);
    going.add(plan.id);
    const account = await holdMeeting(plan, { ports: proxy.ports, random, count });
    await check(account);
    going.delete(plan.id);
  }
});
await sleep(seconds * 1_000);
memory.stop();
await Promise.race([Promise.all(tables), sleep(patienceMs, undefined, { ref: false })]);
for (const id of going) problems.push(`${id} did not end`);
going.clear();
await sleep(1_000);
const descriptorsAfter = openDescriptors(proxy.pid);
const mebibytesAfter = residentMiB(proxy.pid) ?? NaN;
const cpu = cpuSeconds(proxy.pid) / ((performance.now() - began) / 1_000);
// It ends when the last transcript is written.
const code = await proxy.stop(patienceMs);
clearance.stop();
await sleep(3_000);
for (const folder of clearance.clear()) problems.push(`${path.basename(folder)} has no complete transcript`);
if (code !== 0) problems.push(`the proxy left with code ${code}`);
for (const id of readdirSync(proxy.transcripts)) {
  if (existsSync(path.join(proxy.transcripts, id, 'seats.json')))
    problems.push(`${id} left a seats.json behind`);
}
report();

async function check(account: Account): Promise<void> {
  const { id, kind } = account.plan;
  const folder = path.join(proxy.transcripts, id);
  const { problems: found, turns, stoppedAtMs } = await checkMeeting(folder, account);
  problems.push(...found.map((problem) => `${id} (${kind}): ${problem}`));
  count(`meetings (${kind})`);
  count('turns', turns);
  if (stoppedAtMs !== undefined) clearance.add(folder, stoppedAtMs);
}

function report(): void {
  for (const [what, number] of [...counts].sort()) console.log(`${what.padEnd(30)}${number}`);
  console.log(`${'open files, before and after'.padEnd(30)}${descriptorsBefore}, ${descriptorsAfter}`);
  const lags = clearance.lags.map((lag) => lag / 1_000);
  console.log(
    `a transcript was complete      ${figure(median(lags))} s after the end, ${figure(Math.max(...lags))} at most`,
  );
  console.log(`processor time of the proxy    ${(cpu * 100).toFixed(0)} %\n`);
  const tenths = memory.parts(10).map((mebibytes) => figure(mebibytes));
  printTable(
    ['MiB', 'start', ...tenths.map((_, index) => `${index + 1}/10`), 'most', 'when all is over'],
    [['proxy', figure(memory.first), ...tenths, figure(memory.most), figure(mebibytesAfter)]],
  );
  const { perMinute, inAll } = memory.growthAfter(warmUp);
  const after = `after the first ${(warmUp * 100).toFixed(0)} %`;
  console.log(
    `\ngrowth ${after}: ${inAll.toFixed(1)} MiB (${perMinute.toFixed(2)} a minute), at most ${bound} allowed`,
  );
  if (inAll > bound) problems.push('memory grew more than that');
  // A few for the log and for what is just being closed.
  if (descriptorsAfter > descriptorsBefore + 10) problems.push('files or sockets were left open');
  console.log(`problems: ${problems.length}`);
  for (const problem of problems.slice(0, 20)) console.log(`  ${problem}`);
  process.exit(problems.length > 0 ? 1 : 0);
}

function giveUp(reason: string): void {
  problems.push(reason);
  memory.stop();
  console.log(problems.join('\n'));
  process.exit(1);
}
