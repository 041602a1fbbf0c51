import fs, { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { JournalEvent, MeetingEvent } from '../../../journal/event.ts';
import { Journal } from '../../../journal/journal.ts';
import { readJournal } from '../../../journal/read.ts';
import { recoverJournal } from '../../../journal/recover.ts';
import { blockEvent, resultEvent } from '../../support/execution.ts';
import { meetingEvent, stamp, toLines, turnEvent } from '../../support/journal.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const events = stamp([
  meetingEvent({
    persona: { text: 'Ich heiße Ada.\n„So ist es“', sha256: 'x' },
  }),
  { type: 'seated', seat: 'a', name: 'Ada', dialect: 'framed' },
  { type: 'seated', seat: 'b', name: 'Bert', dialect: 'classic' },
  { type: 'start', seat: 'a', hello: '/start' },
  turnEvent(1, 'Γειά σου, κόσμε\u2028 \u0000\u001b[2J'),
  turnEvent(2, '👩‍👩‍👧‍👦 🇩🇪 \ud800 "quoted" \\ back\\nslash\t'),
  blockEvent('print("{}")\n'),
  resultEvent(),
  { type: 'note', seat: 'a', text: '}\n{"v":1,"seq":99}' },
  turnEvent(3, 'long '.repeat(60) + 'ß'.repeat(60)),
  { type: 'status', seat: 'b', text: '' },
  { type: 'lost', seat: 'b', detail: 'reset', partial: 'hal' },
]);
const whole = Buffer.from(toLines(events));
const ends = [...whole.entries()].filter(([, byte]) => byte === 0x0a).map(([at]) => at + 1);
const next: MeetingEvent = turnEvent(4, 'on it goes ✓');

async function folderWith(content: Uint8Array | string): Promise<string> {
  const folder = await temporaryFolder();
  writeFileSync(path.join(folder, 'journal.jsonl'), content);
  return folder;
}

const journalIn = (folder: string): string => path.join(folder, 'journal.jsonl');

function goOn(folder: string, recovered: Awaited<ReturnType<typeof recoverJournal>>): Promise<void> {
  const journal = Journal.reopen(folder, recovered, {
    sync: 'none',
    now: () => 0,
  });
  journal.append(next);
  journal.commit();
  return journal.close();
}

test('cut at any byte, a journal keeps every event before, and goes on without a gap', async () => {
  const parent = await temporaryFolder();
  // A power cut is not what is tried here, and two thousand waits for the disk are long.
  const sync = vi.spyOn(fs, 'fdatasyncSync').mockImplementation(() => {});
  onTestFinished(() => sync.mockRestore());
  for (let length = 0; length <= whole.length; length++) {
    // A new file each time: some file systems take long to replace one.
    const folder = path.join(parent, String(length));
    mkdirSync(folder);
    const file = journalIn(folder);
    writeFileSync(file, whole.subarray(0, length));
    const start = ends.filter((end) => end <= length).at(-1) ?? 0;
    // An event that lacks nothing but its newline is kept.
    const kept = ends.filter((end) => end - 1 <= length).length;
    const seen: JournalEvent[] = [];
    const recovered = await recoverJournal(folder, {
      onEvent: (event) => seen.push(event),
    });
    expect(seen).toEqual(events.slice(0, kept));
    expect(recovered.lastSeq).toBe(kept);
    expect(recovered.badLines).toEqual([]);
    const isCut = !ends.includes(length) && !ends.includes(length + 1) && length > 0;
    expect(recovered.cut).toEqual(isCut ? { offset: start, bytes: length - start } : undefined);
    const mended = readFileSync(file);
    expect(mended.equals(whole.subarray(0, ends[kept - 1] ?? 0))).toBe(true);
    expect(recovered.size).toBe(mended.length);
    await goOn(folder, recovered);
    const reading = await readJournal(file);
    expect(reading.badLines).toEqual([]);
    expect(reading.torn).toBeUndefined();
    expect(reading.events.slice(0, kept)).toEqual(events.slice(0, kept));
    expect(reading.events.map(({ seq }) => seq)).toEqual([...Array(kept + 1).keys()].map((at) => at + 1));
  }
});

test('what is cut off is kept, once', async () => {
  const folder = await folderWith(whole.subarray(0, -10));
  const { cut } = await recoverJournal(folder);
  const kept = readFileSync(path.join(folder, 'journal.torn'));
  expect(kept.includes(whole.subarray(ends.at(-2), -10))).toBe(true);
  expect(kept.toString()).toContain(String(cut?.offset));
  expect((await recoverJournal(folder)).cut).toBeUndefined();
  expect(readFileSync(path.join(folder, 'journal.torn')).equals(kept)).toBe(true);
});

test('a second cut is kept beside the first', async () => {
  const folder = await folderWith('{"v":1,"first');
  await recoverJournal(folder);
  writeFileSync(journalIn(folder), '{"v":1,"other');
  await recoverJournal(folder);
  const kept = readFileSync(path.join(folder, 'journal.torn'), 'utf8');
  expect(kept).toContain('\n{"v":1,"first\n');
  expect(kept).toContain('\n{"v":1,"other\n');
});

test('zeros that a power cut left at the end are cut off', async () => {
  const folder = await folderWith(Buffer.concat([whole, Buffer.alloc(5_000)]));
  const recovered = await recoverJournal(folder);
  expect(recovered).toMatchObject({
    lastSeq: 12,
    cut: { offset: whole.length, bytes: 5_000 },
  });
  expect(readFileSync(journalIn(folder)).equals(whole)).toBe(true);
});

test('a line that cannot be read stays where it is, wherever that is, and all others are kept', async () => {
  const noNewline = (bytes: Uint8Array): Buffer => Buffer.from(bytes.filter((byte) => byte !== 0x0a));
  const lines = events.map((event) => Buffer.from(JSON.stringify(event) + '\n'));
  const rubbish = fc
    .oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom(...['null', '[]', '{"v":2}', '  ', '\ufeff{}'].map((text) => Buffer.from(text))),
    )
    .map(noNewline);
  await fc.assert(
    fc.asyncProperty(fc.nat({ max: events.length }), rubbish, async (at, bytes) => {
      const folder = await folderWith(
        Buffer.concat([...lines.slice(0, at), bytes, Buffer.from('\n'), ...lines.slice(at)]),
      );
      const before = readFileSync(journalIn(folder));
      const seen: JournalEvent[] = [];
      const recovered = await recoverJournal(folder, {
        onEvent: (event) => seen.push(event),
      });
      expect(seen).toEqual(events);
      expect(recovered.badLines.map(({ line }) => line)).toEqual([at + 1]);
      expect(recovered.cut).toBeUndefined();
      expect(readFileSync(journalIn(folder)).equals(before)).toBe(true);
      const copies = readFileSync(path.join(folder, 'journal.bad'));
      expect(copies.length).toBeGreaterThan(0);
      const again = await recoverJournal(folder);
      expect(again.lastSeq).toBe(recovered.lastSeq);
      expect(readFileSync(path.join(folder, 'journal.bad')).equals(copies)).toBe(true);
      await goOn(folder, recovered);
      const reading = await readJournal(journalIn(folder));
      expect(reading.badLines.map(({ line }) => line)).toEqual([at + 1]);
      expect(reading.events.slice(0, -1)).toEqual(events);
      expect(reading.events.at(-1)?.seq).toBeGreaterThan(12);
    }),
    { numRuns: 40 },
  );
});

test('a sound journal is left as it is', async () => {
  const folder = await folderWith(whole);
  expect(await recoverJournal(folder)).toMatchObject({
    lastSeq: 12,
    size: whole.length,
    badLines: [],
  });
  expect(readFileSync(journalIn(folder)).equals(whole)).toBe(true);
  expect(existsSync(path.join(folder, 'journal.torn'))).toBe(false);
  expect(existsSync(path.join(folder, 'journal.bad'))).toBe(false);
});

test('a journal that is not there is named in the error', async () => {
  const folder = await temporaryFolder();
  await expect(recoverJournal(folder)).rejects.toMatchObject({
    code: 'journal-failed',
    message: expect.stringContaining(journalIn(folder)) as string,
  });
});

test('a line that cannot be read is copied whole, byte by byte', async () => {
  const bytes = Buffer.concat([Buffer.from('x'.repeat(5_000)), Buffer.from([0xff, 0x00, 0xc3])]);
  const folder = await folderWith(Buffer.concat([bytes, Buffer.from('\n'), whole]));
  await recoverJournal(folder);
  expect(readFileSync(path.join(folder, 'journal.bad')).includes(bytes)).toBe(true);
});

test('what was reported before is counted, and not reported again', async () => {
  const folder = await folderWith(`oops\n${whole.toString()}`);
  expect(await recoverJournal(folder)).toMatchObject({ badLineCount: 1, badLines: [{ line: 1 }] });
  expect(await recoverJournal(folder)).toMatchObject({ badLineCount: 1, badLines: [] });
});

test('a number is given away once: events of later versions and lines nobody can read have theirs', async () => {
  const later = JSON.stringify({ v: 1, seq: 13, t: new Date(0).toISOString(), type: 'telepathy' });
  expect((await recoverJournal(await folderWith(`${whole.toString()}${later}\n`))).lastSeq).toBe(13);
  const unended = await recoverJournal(await folderWith(`${whole.toString()}${later}`));
  expect(unended).toMatchObject({ lastSeq: 13, size: whole.length + later.length + 1 });
  expect((await recoverJournal(await folderWith(`${whole.toString()}oops\n`))).lastSeq).toBe(13);
});

test('a tail of any length is kept whole before it is cut off', async () => {
  const tail = Buffer.alloc(17 * 1024 * 1024, 'y');
  const folder = await folderWith(Buffer.concat([whole, tail]));
  await recoverJournal(folder);
  expect(readFileSync(path.join(folder, 'journal.torn')).includes(tail)).toBe(true);
  expect(readFileSync(journalIn(folder)).equals(whole)).toBe(true);
});

test('tells the turns and whether the meeting has stopped', async () => {
  expect(await recoverJournal(await folderWith(whole))).toMatchObject({ turns: 3, isStopped: false });
  const stopped = Buffer.concat([whole, Buffer.from(toLines(stamp([{ type: 'stop', reason: 'end' }], 13)))]);
  expect(await recoverJournal(await folderWith(stopped))).toMatchObject({ turns: 3, isStopped: true });
});

test('half a copy that a killed recovery left is no copy', async () => {
  const folder = await folderWith(`oops\n${whole.toString()}`);
  await recoverJournal(folder);
  const file = path.join(folder, 'journal.bad');
  const copy = readFileSync(file);
  for (let length = 1; length < copy.length; length++) {
    writeFileSync(file, copy.subarray(0, length));
    await recoverJournal(folder);
    const known = readFileSync(file);
    await recoverJournal(folder);
    expect(readFileSync(file).equals(known)).toBe(true);
    expect(known.toString().endsWith('\noops\n')).toBe(true);
  }
});

test('an error of whoever listens is not taken for one of the journal', async () => {
  const failure = new TypeError('mine');
  const onEvent = (): void => {
    throw failure;
  };
  await expect(recoverJournal(await folderWith(whole), { onEvent })).rejects.toBe(failure);
});
