import net, { type AddressInfo } from 'node:net';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { Bouncers, sitDown, type Pair } from './relay/bounce.ts';
import { figure, median, printTable } from './relay/figures.ts';
import { holdInstantMeeting } from './relay/instant-agents.ts';
import { cpuSeconds, temporaryFolder } from './relay/processes.ts';
import { startProxy, type RunningProxy } from './relay/proxy.ts';
import { relayCore, stayAwake } from './relay/quiet.ts';

// What a turn costs from end to end: two agents whose provider answers at once, the relay, its journal and
// the transcripts; beside two bare sockets that bounce a line. Each row adds one part to the row above it.
// Agents and bare sockets are in this process, the relay is one of its own, as ever.
const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '5' }, turns: { type: 'string', default: '4000' } },
});
const [rounds, turns] = [Number(values.rounds), Number(values.turns)];
const text = 'x'.repeat(63);

interface Sample {
  readonly microseconds: readonly number[];
  readonly hereUs: number;
  readonly relayUs: number;
}

const folder = temporaryFolder();
stayAwake();
const proxyIn = (name: string, args: readonly string[] = []): Promise<RunningProxy> => {
  mkdirSync(path.join(folder, name));
  return startProxy({ folder: path.join(folder, name), args, core: relayCore });
};
const forgetful = await proxyIn('forgetful', ['-n']);
const keeping = await proxyIn('keeping');
let meetings = 0;
const rungs: readonly { name: string; proxy?: RunningProxy; hold: () => Promise<number[]> }[] = [
  { name: 'two bare sockets', hold: async () => bounce(await connectDirectly()) },
  {
    name: 'with the relay between them',
    proxy: forgetful,
    hold: async () => bounce(await sitDown(forgetful.ports, `meeting-${++meetings}`)),
  },
  {
    name: 'with journal and transcripts',
    proxy: keeping,
    hold: async () => bounce(await sitDown(keeping.ports, `meeting-${++meetings}`)),
  },
  {
    name: 'with agents in place of the sockets',
    proxy: keeping,
    hold: () => holdInstantMeeting(keeping.ports, `meeting-${++meetings}`, turns, text),
  },
];
const samples = new Map<string, Sample[]>(rungs.map(({ name }) => [name, []]));
// The first round is for warming up.
for (let round = 0; round <= rounds; round++) {
  for (const { name, proxy, hold } of rungs) {
    const [here, there] = [process.cpuUsage(), proxy ? cpuSeconds(proxy.pid) : 0];
    const microseconds = await hold();
    const { user, system } = process.cpuUsage(here);
    const relayUs = proxy ? ((cpuSeconds(proxy.pid) - there) * 1_000_000) / turns : 0;
    const sample = { microseconds, hereUs: (user + system) / turns, relayUs };
    if (round > 0) samples.get(name)?.push(sample);
  }
}
await Promise.all([forgetful.stop(), keeping.stop()]);

console.log(`a turn of 64 bytes, medians of ${rounds} interleaved rounds of ${turns} turns\n`);
let above = 0;
let bare = 0;
printTable(
  ['', 'µs a turn', 'added', 'ratio', 'p99', 'CPU of the two', 'CPU of the relay'],
  rungs.map(({ name, proxy }) => {
    const all = samples.get(name) as Sample[];
    const of = (value: (sample: Sample) => number): number => median(all.map(value));
    const us = of(({ microseconds }) => median(microseconds));
    const row = [
      name,
      figure(us),
      above === 0 ? '' : figure(us - above),
      figure(us / (bare || us)),
      figure(
        of(
          ({ microseconds }) =>
            [...microseconds].sort((x, y) => x - y)[Math.floor(microseconds.length * 0.99)] as number,
        ),
      ),
      figure(of(({ hereUs }) => hereUs)),
      proxy ? figure(of(({ relayUs }) => relayUs)) : '',
    ];
    above = us;
    bare ||= us;
    return row;
  }),
);
// Ends what kept the processors awake.
process.exit();

async function bounce(pair: Pair): Promise<number[]> {
  const microseconds = await new Bouncers(pair, text).bounce(turns);
  for (const socket of [pair.a, pair.b]) socket.destroy();
  return microseconds;
}

async function connectDirectly(): Promise<Pair> {
  const server = net.createServer({ noDelay: true });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const other = new Promise<net.Socket>((resolve) => server.once('connection', resolve));
  const a = net.connect({ port: (server.address() as AddressInfo).port, host: '127.0.0.1', noDelay: true });
  const pair = { a, b: await other };
  server.close();
  return pair;
}
