import { appendFile, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { journalItems, journalStart, readJournal } from '../../../journal/read.ts';
import { meetingEvent, stamp, toLines, turnEvent } from '../../support/journal.ts';
import { temporaryFolder } from '../../support/temporary.ts';

async function journalOf(content: string | Buffer): Promise<string> {
  const file = path.join(await temporaryFolder(), 'journal.jsonl');
  await writeFile(file, content);
  return file;
}

test('reads back every event as it was written', async () => {
  const events = stamp([
    meetingEvent({
      lang: 'en',
      seed: 7,
      parameters: { temperature: 0.5 },
      persona: { text: 'P', sha256: 'x' },
    }),
    { type: 'seated', seat: 'a', name: 'Ada', dialect: 'framed' },
    { type: 'start', seat: 'a', hello: '/start' },
    {
      ...turnEvent(1, 'Γειά\nσου\u2028'),
      control: 'bye',
      meta: { ms: 12, usage: { input: 1, output: 2, cached: 0 } },
    },
    { type: 'control', seat: 'b', verb: 'end' },
    { type: 'note', seat: 'b', text: 'n' },
    { type: 'truncated', seat: 'a', count: 2, start: 1 },
    { type: 'lost', seat: 'b', detail: 'reset', partial: 'half' },
    { type: 'status', seat: 'a', text: 's' },
    { type: 'stop', reason: 'end', detail: 'd' },
  ]);
  const reading = await readJournal(await journalOf(toLines(events)));
  expect(reading.events).toEqual(events);
  expect(reading.badLines).toEqual([]);
  expect(reading.torn).toBeUndefined();
});

test('reports a last line without its newline as torn, wherever it was cut', async () => {
  const [first = '', second = ''] = toLines(stamp([meetingEvent(), turnEvent(1, 'größer')])).split(/(?<=\n)/);
  const start = Buffer.byteLength(first);
  const bytes = Buffer.from(first + second);
  const file = await journalOf('');
  for (let end = start + 1; end < bytes.length; end++) {
    await writeFile(file, bytes.subarray(0, end));
    const reading = await readJournal(file);
    expect(reading.events).toHaveLength(1);
    expect(reading.torn).toEqual({ offset: start, bytes: end - start });
    expect(reading.next.offset).toBe(start);
  }
});

test('goes on where it stopped once the file has grown', async () => {
  const file = await journalOf(toLines(stamp([meetingEvent()])));
  const { next } = await readJournal(file);
  await appendFile(file, toLines(stamp([turnEvent(1, 'one')], 2)) + 'garbage\n');
  const more = await readJournal(file, next);
  expect(more.events.map(({ seq }) => seq)).toEqual([2]);
  expect(more.badLines).toEqual([{ line: 3, text: 'garbage', problem: 'not JSON' }]);
  expect(more.next.offset).toBe((await readFile(file)).length);
});

test('keeps lines it cannot read aside, each with its number and its fault', async () => {
  const [turn] = stamp([turnEvent(1, 'x')]);
  const lines = [
    Buffer.from('{"v":2}\n\n'),
    Buffer.from(JSON.stringify({ ...turn, seat: 'c' }) + '\n'),
    Buffer.concat([Buffer.from('"'), Buffer.from([0xff]), Buffer.from('"\n')]),
    Buffer.from(JSON.stringify({ ...turn, t: 'yesterday' }) + '\n'),
    Buffer.from(toLines(stamp([turnEvent(2, 'good')]))),
  ];
  const reading = await readJournal(await journalOf(Buffer.concat(lines)));
  expect(reading.badLines.map(({ line, problem }) => [line, problem.split(':')[0]])).toEqual([
    [1, 'v'],
    [2, 'not JSON'],
    [3, 'seat'],
    [4, 'not UTF-8'],
    [5, 't'],
  ]);
  expect(reading.events).toHaveLength(1);
});

test('counts the events of later versions and passes them over', async () => {
  const later = { v: 1, seq: 1, t: new Date(0).toISOString(), type: 'telepathy', text: 'x' };
  const reading = await readJournal(
    await journalOf(`${JSON.stringify(later)}\n${toLines(stamp([turnEvent(1, 'y')]))}`),
  );
  expect(reading.unknown).toBe(1);
  expect(reading.badLines).toEqual([]);
  expect(reading.events).toHaveLength(1);
});

test('puts together lines that are longer than what is read at a time', async () => {
  const events = stamp([
    turnEvent(1, 'ä'.repeat(100_000)),
    turnEvent(2, 'b'.repeat(65_536)),
    turnEvent(3, 'c'),
  ]);
  const reading = await readJournal(await journalOf(toLines(events)));
  expect(reading.events).toEqual(events);
});

test('keeps only the beginning of a line that no relay can have written', async () => {
  const file = await journalOf(`${'x'.repeat(17 * 1024 * 1024)}\n${toLines(stamp([turnEvent(1, 'after')]))}`);
  const reading = await readJournal(file);
  expect(reading.badLines[0]?.problem).toContain('longer than');
  expect(reading.badLines[0]?.text.length).toBeLessThanOrEqual(1_000);
  expect(reading.events).toHaveLength(1);
});

test('a reader may leave early', async () => {
  const file = await journalOf(toLines(stamp([turnEvent(1, 'x'), turnEvent(2, 'y')])));
  for await (const item of journalItems(file, journalStart)) {
    expect(item.type).toBe('event');
    break;
  }
});
