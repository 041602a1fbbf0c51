import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { programPath } from '../config/paths.ts';
import { createQuery } from '../journal/search-query.ts';
import { searchMeetings } from '../journal/search.ts';

// What `colloquy transcript search` takes to look through 10,000 meetings of 20 turns, with personas of the
// usual length: words that stand in one meeting, in a hundredth of all, in none, and a regular expression.
const meetings = 10_000;
const turns = 20;
const personaCharacters = 4_000;

const folder = mkdtempSync(path.join(tmpdir(), 'colloquy-search-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 }));
let bytes = 0;
for (let meeting = 0; meeting < meetings; meeting++) bytes += writeMeeting(meeting);
console.log(`${meetings} meetings of ${turns} turns, ${(bytes / 1_048_576).toFixed(0)} MiB of journals`);

const searches: readonly (readonly [string, readonly string[], boolean])[] = [
  ['in one meeting', ['heliotrope'], false],
  ['in every hundredth', ['quince', 'marmalade'], false],
  ['in none, with an accent', ['Ängström'], false],
  ['in none, nothing but accents', ['é'], false],
  ['a regular expression', ['helio(trope|graph)s?'], true],
];
for (const [name, words, isPattern] of searches) {
  const times: number[] = [];
  let hits = 0;
  for (let round = 0; round < 3; round++) {
    const started = performance.now();
    hits = 0;
    for await (const found of searchMeetings(folder, createQuery(words, isPattern)))
      hits += found.hits.length;
    times.push(performance.now() - started);
  }
  const [, median = 0] = times.sort((one, other) => one - other);
  console.log(`${name.padEnd(30)} ${median.toFixed(0).padStart(6)} ms   ${hits} turns`);
}
const started = performance.now();
const args = [programPath, 'transcript', 'search', 'heliotrope', `--transcripts=${folder}`];
const { status } = spawnSync(process.execPath, args, { stdio: 'ignore' });
if (status !== 0) throw new Error(`colloquy transcript search left with code ${status}`);
console.log(`${'the whole command'.padEnd(30)} ${(performance.now() - started).toFixed(0).padStart(6)} ms`);

/** Returns how many bytes its journal has. */
function writeMeeting(number: number): number {
  const name = `20260101-${String(number).padStart(6, '0')}-ada-bert`;
  const persona = { text: 'You are a speaker. '.repeat(personaCharacters / 19), sha256: '0'.repeat(64) };
  const t = '2026-01-01T00:00:00.000Z';
  const events: object[] = [
    {
      ...{ type: 'meeting', meeting: name, software: 'colloquy' },
      settings: { hello: '/start', first: 'a', maxMessages: turns, maxSeconds: 0 },
      seats: { a: { name: 'Ada', persona }, b: { name: 'Bert', persona } },
    },
    { type: 'start', seat: 'a', hello: '/start' },
  ];
  for (let turn = 1; turn <= turns; turn++) {
    const text = `${sentenceOf(number * turns + turn)}${rareWords(number, turn)}`;
    events.push({
      type: 'turn',
      seat: turn % 2 === 1 ? 'a' : 'b',
      turn,
      text,
      meta: { ms: 900, finish: 'stop' },
    });
  }
  events.push({ type: 'stop', reason: 'max-messages' });
  const journal = events
    .map((event, at) => `${JSON.stringify({ v: 1, seq: at + 1, t, ...event })}\n`)
    .join('');
  mkdirSync(path.join(folder, name));
  writeFileSync(path.join(folder, name, 'journal.jsonl'), journal);
  return Buffer.byteLength(journal);
}

function rareWords(number: number, turn: number): string {
  if (number === 4_321 && turn === 7) return ' A heliotrope, of all things.';
  return number % 100 === 0 && turn === 3 ? ' Quince, in marmalade.' : '';
}

/** Some forty words, other ones each time. */
function sentenceOf(seed: number): string {
  const words =
    'the of a river table when said evening would perhaps stone question answer under never light'.split(' ');
  let state = seed;
  const next = (): number => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) >> 8;
  return Array.from({ length: 40 }, () => words[next() % words.length]).join(' ') + '.';
}
