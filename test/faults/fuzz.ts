import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../../config/paths.ts';
import { readJournal } from '../../journal/read.ts';
import { honestMeeting } from './attacks.ts';
import { Dice } from './dice.ts';
import { HonestPair, wordsOf } from './honest-pair.ts';
import { measurementVariable, type Measurement } from './measure.ts';
import { ProxyProcess } from './proxy-process.ts';
import { visit } from './stranger.ts';

export interface FuzzReport {
  readonly problems: readonly string[];
  readonly kinds: ReadonlyMap<string, number>;
  /** Meetings that strangers held with each other. */
  readonly meetings: number;
  readonly honestTurns: number;
  /** After a tenth of the connections, and after all of them, when all strangers are gone. */
  readonly before: Measurement;
  readonly after: Measurement;
  readonly milliseconds: number;
}

export interface FuzzOptions {
  readonly seed: number;
  readonly connections: number;
  readonly atOnce: number;
}

/** How long a seat stays empty for whoever lost it, and how long a greeting may take. */
const secondsOfGrace = 1;

/** Sends strangers to a proxy while two hold a meeting there, and looks at what they did to it. */
export async function fuzz({ seed, connections, atOnce }: FuzzOptions): Promise<FuzzReport> {
  const began = performance.now();
  const folder = mkdtempSync(path.join(tmpdir(), 'colloquy-fuzz-'));
  const transcripts = path.join(folder, 'transcripts');
  const measurementFile = path.join(folder, 'measurement.json');
  const preload = pathToFileURL(path.join(packageRoot, 'dist/test/faults/measure.js')).href;
  const proxy = new ProxyProcess({
    folder,
    transcripts,
    args: ['--max-messages', '0', '--first', 'a'],
    settings: { greeting_seconds: secondsOfGrace, resume_seconds: secondsOfGrace, goodbye_seconds: 1 },
    nodeArgs: ['--expose-gc', '--import', preload],
    env: { [measurementVariable]: measurementFile },
  });
  const kinds = new Map<string, number>();
  const problems: string[] = [];
  try {
    await proxy.start();
    const pair = new HonestPair(proxy.ports, 5);
    const dice = new Dice(`strangers ${seed}`);
    const numbers = Array.from({ length: connections }, (_, index) => index);
    const send = async (some: readonly number[]): Promise<void> => {
      const left = some.values();
      const visitAll = async (): Promise<void> => {
        for (const number of left) {
          const own = dice.named(String(number));
          const kind = await visit(own.happens(0.5) ? proxy.ports.a : proxy.ports.b, own);
          kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
        }
      };
      await Promise.all(Array.from({ length: atOnce }, visitAll));
    };
    const warmUp = Math.ceil(connections / 10);
    await send(numbers.slice(0, warmUp));
    const before = await measureAtRest(proxy, measurementFile);
    await send(numbers.slice(warmUp));
    const after = await measureAtRest(proxy, measurementFile);
    if (after.sockets !== before.sockets) problems.push(`${after.sockets} sockets, ${before.sockets} before`);
    await pair.end();
    problems.push(...pair.problems.slice(0, 5));
    const ending = await proxy.end('SIGTERM');
    if (ending !== 0) problems.push(`the proxy ended with ${ending}`);
    if (/"level":[56]0/.test(proxy.log)) problems.push(`the proxy says: ${proxy.log.slice(0, 2_000)}`);
    const names = existsSync(transcripts) ? readdirSync(transcripts) : [];
    for (const name of names) problems.push(...(await checkEnding(path.join(transcripts, name))));
    problems.push(...(await checkWords(path.join(transcripts, honestMeeting), pair.said)));
    const milliseconds = performance.now() - began;
    return {
      problems,
      kinds,
      meetings: names.length - 1,
      honestTurns: pair.said,
      before,
      after,
      milliseconds,
    };
  } finally {
    await proxy.end('SIGKILL');
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** Waits until no stranger can be there any more. */
async function measureAtRest(proxy: ProxyProcess, file: string): Promise<Measurement> {
  let last: Measurement | undefined;
  const end = performance.now() + 10_000;
  for (await sleep(secondsOfGrace * 1_500); ; await sleep(100)) {
    rmSync(file, { force: true });
    proxy.signal('SIGUSR2');
    while (!existsSync(file) && performance.now() < end) await sleep(10);
    if (!existsSync(file)) throw new Error(`the proxy does not answer: ${proxy.log.slice(-2_000)}`);
    const measurement = JSON.parse(readFileSync(file, 'utf8')) as Measurement;
    // Sockets of its own and those of the pair; nothing of a meeting that is being written.
    const isAtRest = last?.sockets === measurement.sockets && measurement.heapBytes >= last.heapBytes * 0.99;
    if (isAtRest || performance.now() > end) return measurement;
    last = measurement;
  }
}

async function checkEnding(folder: string): Promise<string[]> {
  const name = path.basename(folder);
  const { events, badLines, torn, unknown } = await readJournal(path.join(folder, 'journal.jsonl'));
  const stops = events.filter(({ type }) => type === 'stop').length;
  const hasGap = unknown === 0 && events.some(({ seq }, index) => seq !== index + 1);
  return [
    ...badLines.map(({ line, problem }) => `${name}: line ${line}: ${problem}`),
    ...(torn ? [`${name}: a torn line`] : []),
    ...(hasGap ? [`${name}: a gap in its numbers`] : []),
    ...(stops === 1 && events.at(-1)?.type === 'stop' ? [] : [`${name}: ${stops} ends`]),
    ...(existsSync(path.join(folder, 'seats.json')) ? [`${name}: seats.json was left behind`] : []),
  ];
}

async function checkWords(folder: string, said: number): Promise<string[]> {
  const { events } = await readJournal(path.join(folder, 'journal.jsonl'));
  const turns = events.filter((event) => event.type === 'turn');
  const isSame = turns.length === said && turns.every(({ text }, index) => text === wordsOf(index + 1));
  return isSame ? [] : [`the honest meeting has ${turns.length} turns of ${said}, or others`];
}
