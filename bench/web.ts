import http from 'node:http';
import type { Socket } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { programPath } from '../config/paths.ts';
import { Bouncers, sitDown, type Pair } from './relay/bounce.ts';
import { figure, median, printTable } from './relay/figures.ts';
import {
  connectTo,
  cpuSeconds,
  freePort,
  residentMiB,
  startServer,
  temporaryFolder,
} from './relay/processes.ts';
import { startProxy } from './relay/proxy.ts';
import { relayCore, stayAwake } from './relay/quiet.ts';

// What it costs the relay that people watch. Meetings in which models write, word by word; viewers who look at some
// of them each, one of whom takes nothing; and one pair whose turns are timed, in rounds with and without viewers.
const { values } = parseArgs({
  options: {
    meetings: { type: 'string', default: '50' },
    viewers: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '9' },
    /** Of each round. */
    turns: { type: 'string', default: '20000' },
    /** Words a second of each meeting, about what a hosted model writes. */
    words: { type: 'string', default: '40' },
  },
});
const [meetings, viewers, rounds, turns] = [values.meetings, values.viewers, values.rounds, values.turns].map(
  Number,
) as [number, number, number, number];
/** Each viewer looks at so many meetings. */
const watched = 5;
const wordMs = 1_000 / Number(values.words);
const wordsOfTurn = 60;

const folder = temporaryFolder();
stayAwake();
const proxy = await startProxy({ folder: path.join(folder, 'proxy'), core: relayCore });
const port = await freePort();
const page = startServer([
  ...[process.execPath, programPath, 'web', '--quiet', `--port=${port}`],
  `--transcripts=${proxy.transcripts}`,
]);
(await connectTo(port)).destroy();
const pairs: Pair[] = [];
for (let index = 0; index < meetings; index++) pairs.push(await sitDown(proxy.ports, `streamed-${index}`));
const timed = new Bouncers(await sitDown(proxy.ports, 'timed'), 'x'.repeat(63));
const stopTalking = pairs.map((pair, index) => talk(pair, index));
for (let round = 0; round < 3; round++) await timed.bounce(turns);

const without: number[] = [];
const withViewers: number[] = [];
const relayMemory: number[] = [];
const pageMemory: number[] = [];
const relayCpu = { without: 0, withViewers: 0 };
let heard = 0;
for (let round = 0; round < rounds * 2; round++) {
  const isWatched = round % 2 === 1;
  const open = isWatched ? await watch() : [];
  const cpu = cpuSeconds(proxy.pid);
  const times = await timed.bounce(turns);
  (isWatched ? withViewers : without).push(median(times));
  relayCpu[isWatched ? 'withViewers' : 'without'] += cpuSeconds(proxy.pid) - cpu;
  if (isWatched) {
    // The stalled one is given time to hold something up.
    await sleep(500);
    relayMemory.push(residentMiB(proxy.pid) ?? NaN);
    pageMemory.push(residentMiB(page.pid) ?? NaN);
  }
  for (const socket of open) socket.destroy();
  await sleep(300);
}
for (const stop of stopTalking) stop();

const ratio = median(withViewers.map((time, round) => time / (without[round] ?? NaN)));
console.log(
  `${meetings} meetings of ${values.words} words a second, ${viewers} viewers of ${watched} each, one of them stalled; medians of ${rounds} interleaved rounds\n`,
);
printTable(
  ['', 'without viewers', 'with viewers', 'ratio'],
  [
    ['turn through the relay, µs', figure(median(without)), figure(median(withViewers)), ratio.toFixed(2)],
    [
      'its processor time, s',
      figure(relayCpu.without),
      figure(relayCpu.withViewers),
      (relayCpu.withViewers / relayCpu.without).toFixed(2),
    ],
    [
      'memory of the relay, MiB, first and last',
      figure(relayMemory[0] ?? NaN),
      figure(relayMemory.at(-1) ?? NaN),
      '',
    ],
    [
      'memory of the page’s server, the same',
      figure(pageMemory[0] ?? NaN),
      figure(pageMemory.at(-1) ?? NaN),
      '',
    ],
    ['MB that viewers were sent', '', figure(heard / 1e6), ''],
  ],
);
await page.stop();
await proxy.stop();
// Ends what kept the processors awake.
process.exit();

/** Two who write to each other, word by word, for ever. Returns what ends it. */
function talk({ a, b }: Pair, index: number): () => void {
  let written = index % wordsOfTurn;
  let turn = index;
  for (const socket of [a, b]) socket.resume();
  const timer = setInterval(() => {
    const speaker = turn % 2 === 0 ? a : b;
    speaker.write('/delta: word \n');
    if (++written < wordsOfTurn) return;
    speaker.write(`${'word '.repeat(wordsOfTurn)}\n`);
    written = 0;
    turn++;
  }, wordMs);
  return () => clearInterval(timer);
}

async function watch(): Promise<{ destroy(): void }[]> {
  const open: { destroy(): void }[] = [];
  for (let viewer = 0; viewer < viewers; viewer++) {
    for (let at = 0; at < watched; at++) {
      const meeting = `streamed-${(viewer * watched + at) % meetings}`;
      open.push(viewer === 0 ? await stall(meeting) : read(`/api/meetings/${meeting}/events`));
    }
  }
  open.push(read('/api/now'));
  // What was said before is read first.
  await sleep(1_000);
  return open;
}

function read(where: string): http.ClientRequest {
  const request = http.get({ host: '127.0.0.1', port, path: where, agent: false }, (response) => {
    response.on('data', (piece: Buffer) => (heard += piece.length));
    response.on('error', () => {});
  });
  return request.on('error', () => {});
}

/** Asks, and takes nothing of the answer. */
async function stall(meeting: string): Promise<Socket> {
  const socket = await connectTo(port);
  socket.on('error', () => {}).pause();
  socket.write(`GET /api/meetings/${meeting}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`);
  return socket;
}
