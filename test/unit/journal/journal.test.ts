import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { JournalEvent } from '../../../journal/event.ts';
import { Journal } from '../../../journal/journal.ts';
import { systemFiles, type JournalFiles } from '../../../journal/journal-files.ts';
import { LineBuffer } from '../../../journal/line-buffer.ts';
import { readJournal } from '../../../journal/read.ts';
import { recoverJournal } from '../../../journal/recover.ts';
import { ColloquyError } from '../../../wire/errors.ts';
import { turnEvent } from '../../support/journal.ts';
import { temporaryFolder } from '../../support/temporary.ts';

function failWith(code: string): never {
  throw Object.assign(new Error(`${code}: made up`), { code, syscall: 'write' });
}

/** A disk with room for so many more bytes, which may not let go of what it has. */
function smallDisk(room: number, { keeps = false, code = 'ENOSPC' } = {}): JournalFiles & { room: number } {
  return {
    ...systemFiles,
    room,
    writeSync(descriptor, data, from = 0, length) {
      const bytes = Buffer.from(data).subarray(from, length === undefined ? undefined : from + length);
      if (this.room === 0 && bytes.length > 0) failWith(code);
      const written = systemFiles.writeSync(descriptor, bytes.subarray(0, this.room));
      this.room -= written;
      return written;
    },
    ftruncateSync(descriptor, size) {
      if (keeps) failWith('EIO');
      systemFiles.ftruncateSync(descriptor, size);
    },
  };
}

function counted(): { files: JournalFiles; calls: string[] } {
  const calls: string[] = [];
  const files: JournalFiles = {
    ...systemFiles,
    writeSync: (descriptor, data, from, length) =>
      calls.push('write') && systemFiles.writeSync(descriptor, data, from, length),
    fdatasyncSync: () => void calls.push('fdatasyncSync'),
    fdatasync: async () => void calls.push('fdatasync'),
    fsyncSync: () => void calls.push('fsyncSync'),
    fsync: async () => void calls.push('fsync'),
  };
  return { files, calls };
}

function linesOf(journal: Journal): JournalEvent[] {
  const text = readFileSync(journal.file, 'utf8');
  expect(text === '' || text.endsWith('\n')).toBe(true);
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as JournalEvent);
}

function errorOf(step: () => void): ColloquyError {
  try {
    step();
  } catch (error) {
    if (error instanceof ColloquyError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

const texts = ['one', 'zwei: größer 👩‍👩‍👧 \u2028 "x" \\ \n', 'y'.repeat(70)] as const;
/** Bytes that those three take. */
const bytesOfTexts = 3 * 89 + Buffer.byteLength(texts.map((text) => JSON.stringify(text)).join('')) - 6;

function appendTexts(journal: Journal): void {
  for (const [at, text] of texts.entries()) journal.append(turnEvent(at + 1, text));
}

test('events come back as they were appended, numbered and stamped', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string({ unit: 'binary' }), { maxLength: 20 }), async (said) => {
      let ms = 1_000;
      const journal = Journal.create(await temporaryFolder(), { now: () => ms++ >> 1, sync: 'none' });
      for (const [at, text] of said.entries()) {
        journal.append(turnEvent(at + 1, text));
        if (at % 3 === 0) journal.commit();
      }
      await journal.close();
      const { events, badLines } = await readJournal(journal.file);
      expect(badLines).toEqual([]);
      expect(events.map(({ seq }) => seq)).toEqual(said.map((_text, at) => at + 1));
      expect(events.map((event) => event.type === 'turn' && event.text)).toEqual(said);
      expect(events.map(({ t }) => Date.parse(t))).toEqual(said.map((_text, at) => (1_000 + at) >> 1));
    }),
    { numRuns: 25 },
  );
});

test('all that was appended is one write, and nothing is none', async () => {
  const { files, calls } = counted();
  const journal = Journal.create(await temporaryFolder(), { files, sync: 'none' });
  journal.commit();
  appendTexts(journal);
  expect(journal.isBehind).toBe(true);
  journal.commit();
  journal.commit();
  expect(journal.isBehind).toBe(false);
  await journal.close();
  expect(calls).toEqual(['write']);
});

test('a journal is never begun twice, nor gone on with where it is not as it was recovered', async () => {
  const folder = await temporaryFolder();
  const journal = Journal.create(folder, { sync: 'none' });
  expect(errorOf(() => Journal.create(folder)).code).toBe('journal-failed');
  const recovered = await recoverJournal(folder);
  appendFileSync(journal.file, 'x');
  expect(errorOf(() => Journal.reopen(folder, recovered)).message).toContain(journal.file);
  rmSync(journal.file);
  expect(errorOf(() => Journal.reopen(folder, recovered)).code).toBe('journal-failed');
});

test('always: the disk has the folders when it is created, and every event before commit returns', async () => {
  const { files, calls } = counted();
  const journal = Journal.create(await temporaryFolder(), { files, sync: 'always' });
  expect(calls).toEqual(['fsyncSync', 'fsyncSync']);
  for (let turn = 1; turn <= 2; turn++) {
    journal.append(turnEvent(turn, 'x'));
    journal.commit();
  }
  await journal.close();
  expect(calls.slice(2)).toEqual(['write', 'fdatasyncSync', 'write', 'fdatasyncSync']);
});

test('none: the disk is left alone', async () => {
  const { files, calls } = counted();
  const journal = Journal.create(await temporaryFolder(), { files, sync: 'none' });
  appendTexts(journal);
  await journal.close();
  expect(calls).toEqual(['write']);
});

test('interval: the disk follows once a second, as long as there is something new, and at the end', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { files, calls } = counted();
  const journal = Journal.create(await temporaryFolder(), { files });
  const say = async (times: number): Promise<void> => {
    for (let count = 0; count < times; count++) {
      journal.append(turnEvent(1, 'x'));
      journal.commit();
      await vi.advanceTimersByTimeAsync(10);
    }
  };
  const syncs = (): string[] => calls.filter((call) => call !== 'write');
  await say(90);
  expect(syncs()).toEqual([]);
  await say(20);
  expect(syncs()).toEqual(['fdatasync', 'fsync', 'fsync']);
  await say(285);
  expect(syncs().slice(3)).toEqual(['fdatasync', 'fdatasync']);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(syncs().slice(3)).toEqual(['fdatasync', 'fdatasync', 'fdatasync']);
  await say(1);
  await journal.close();
  expect(syncs().slice(3)).toHaveLength(4);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(syncs().slice(3)).toHaveLength(4);
});

test('a disk that cannot follow is told of once, and the meeting goes on', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const problems: ColloquyError[] = [];
  const files = { ...counted().files, fdatasync: async () => failWith('EIO') };
  const onError = (error: ColloquyError): void => void problems.push(error);
  const journal = Journal.create(await temporaryFolder(), { files, onError });
  for (let turn = 1; turn <= 3; turn++) {
    journal.append(turnEvent(turn, 'x'));
    journal.commit();
    await vi.advanceTimersByTimeAsync(5_000);
  }
  await journal.close();
  expect(problems).toHaveLength(1);
  expect(problems[0]?.message).toContain(journal.file);
  expect(linesOf(journal)).toHaveLength(3);
});

test('closing waits for a sync under way: the descriptor may belong to somebody else afterwards', async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  const { files, calls } = counted();
  let finish = (): void => {};
  const slow: JournalFiles = {
    ...files,
    fdatasync: () => new Promise<void>((resolve) => (finish = resolve)),
    closeSync(descriptor) {
      calls.push('close');
      systemFiles.closeSync(descriptor);
    },
  };
  const journal = Journal.create(await temporaryFolder(), { files: slow });
  journal.append(turnEvent(1, 'x'));
  journal.commit();
  await vi.advanceTimersByTimeAsync(1_500);
  const closed = journal.close();
  await vi.advanceTimersByTimeAsync(1_500);
  expect(calls).not.toContain('close');
  finish();
  await closed;
  expect(calls.filter((call) => call === 'close')).toHaveLength(3);
  expect(journal.close()).toBe(closed);
  journal.append(turnEvent(2, 'too late'));
  expect(errorOf(() => journal.commit()).code).toBe('journal-failed');
});

test.each([
  ['takes back', false],
  ['keeps', true],
])('a disk that is full at any byte and %s what it has loses nothing', async (_what, keeps) => {
  const parent = await temporaryFolder();
  for (let room = 0; room <= bytesOfTexts; room++) {
    const folder = path.join(parent, String(room));
    mkdirSync(folder);
    const files = smallDisk(room, { keeps });
    const journal = Journal.create(folder, { files, sync: 'none', now: () => 0 });
    appendTexts(journal);
    if (room < bytesOfTexts) {
      const error = errorOf(() => journal.commit());
      expect(error).toMatchObject({ code: 'journal-full', retryable: true });
      expect(error.message).toContain(journal.file);
      expect(journal.isBehind).toBe(true);
      expect(statSync(journal.file).size).toBe(keeps ? room : 0);
      // Full again, some bytes later.
      files.room = keeps ? Math.min(40, bytesOfTexts - room - 1) : 40;
      expect(errorOf(() => journal.commit()).code).toBe('journal-full');
    }
    files.room = 1_000_000;
    journal.append(turnEvent(4, 'after'));
    journal.commit();
    expect(journal.isBehind).toBe(false);
    const lines = linesOf(journal);
    expect(lines.map(({ seq }) => seq)).toEqual([1, 2, 3, 4]);
    expect(lines.map((line) => line.type === 'turn' && line.text)).toEqual([...texts, 'after']);
    await journal.close();
  }
});

test('killed while the disk is full, a journal has every event that was committed', async () => {
  const folder = await temporaryFolder();
  const files = smallDisk(1_000_000, { keeps: true });
  const journal = Journal.create(folder, { files, sync: 'none' });
  appendTexts(journal);
  journal.commit();
  files.room = 30;
  journal.append(turnEvent(4, 'never forwarded'));
  errorOf(() => journal.commit());
  expect(await recoverJournal(folder)).toMatchObject({ lastSeq: 3, cut: { bytes: 30 } });
  expect(linesOf(journal).map((line) => line.type === 'turn' && line.text)).toEqual(texts);
});

test.each([
  ['ENOSPC', 'journal-full', true],
  ['EDQUOT', 'journal-full', true],
  ['EFBIG', 'journal-full', true],
  ['EIO', 'journal-failed', false],
])('%s is %s', async (code, name, retryable) => {
  const files = smallDisk(0, { code });
  const journal = Journal.create(await temporaryFolder(), { files, sync: 'none' });
  appendTexts(journal);
  expect(errorOf(() => journal.commit())).toMatchObject({ code: name, retryable });
  files.room = 1_000_000;
  journal.commit();
  expect(linesOf(journal)).toHaveLength(3);
});

test('always: what the disk did not take is written again', async () => {
  let isFull = true;
  const files: JournalFiles = {
    ...counted().files,
    fdatasyncSync: () => (isFull ? failWith('ENOSPC') : undefined),
  };
  const journal = Journal.create(await temporaryFolder(), { files, sync: 'always' });
  appendTexts(journal);
  expect(errorOf(() => journal.commit()).code).toBe('journal-full');
  expect(linesOf(journal)).toEqual([]);
  isFull = false;
  journal.commit();
  expect(linesOf(journal)).toHaveLength(3);
});

test('a journal keeps to its limit, and still tells how the meeting ended', async () => {
  const journal = Journal.create(await temporaryFolder(), { maxBytes: 250, sync: 'none' });
  journal.append(turnEvent(1, 'x'.repeat(100)));
  journal.commit();
  journal.append(turnEvent(2, 'x'.repeat(100)));
  expect(errorOf(() => journal.commit())).toMatchObject({ code: 'journal-too-large', retryable: false });
  expect(linesOf(journal)).toHaveLength(1);
  journal.append({ type: 'stop', reason: 'error' });
  journal.commit();
  expect(linesOf(journal).map(({ seq, type }) => [seq, type])).toEqual([
    [1, 'turn'],
    [2, 'turn'],
    [3, 'stop'],
  ]);
});

test('closing commits what is left, or says that it cannot', async () => {
  const problems: string[] = [];
  const onError = ({ code }: ColloquyError): void => void problems.push(code);
  const left = Journal.create(await temporaryFolder(), { onError });
  appendTexts(left);
  await left.close();
  expect(linesOf(left)).toHaveLength(3);
  const full = Journal.create(await temporaryFolder(), { onError, files: smallDisk(10), sync: 'none' });
  appendTexts(full);
  await full.close();
  expect(problems).toEqual(['journal-full']);
});

const disk = mountDisk();

test.skipIf(disk === undefined)('on a real disk that is full (needs the right to mount)', async () => {
  const folder = disk ?? '';
  onTestFinished(() => {
    spawnSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  const journal = Journal.create(folder);
  let turns = 0;
  const fill = (): void => {
    for (;;) {
      journal.append(turnEvent(++turns, 'ö'.repeat(1_500)));
      journal.commit();
    }
  };
  writeFileSync(path.join(folder, 'ballast'), 'x'.repeat(32 * 1024));
  const error = errorOf(fill);
  expect(error).toMatchObject({ code: 'journal-full', retryable: true });
  expect(linesOf(journal)).toHaveLength(turns - 1);
  expect(errorOf(() => journal.commit()).code).toBe('journal-full');
  rmSync(path.join(folder, 'ballast'));
  journal.commit();
  expect(linesOf(journal)).toHaveLength(turns);
  const before = turns;
  expect(errorOf(fill).code).toBe('journal-full');
  expect(turns).toBeGreaterThan(before);
  expect(await recoverJournal(folder)).toMatchObject({ lastSeq: turns - 1, badLines: [] });
  await journal.close();
});

/** Undefined where nobody lets us. */
function mountDisk(): string | undefined {
  const folder = mkdtempSync(path.join(tmpdir(), 'colloquy-test-'));
  const args = ['-t', 'tmpfs', '-o', 'size=64k', 'colloquy-test', folder];
  if (spawnSync('mount', args).status === 0) return folder;
  rmSync(folder, { recursive: true });
  return undefined;
}

test('turns as they came on the wire wait for room like all others, whatever part of them was written', async () => {
  const lines = Buffer.from('One "word".\nTwo\\nlines.\n');
  const texts = ['Before.', 'One "word".', 'Two\nlines.', 'After.'];
  for (const keeps of [false, true]) {
    for (let room = 0; room < 260; room += 7) {
      const files = smallDisk(room, { keeps });
      const journal = Journal.create(await temporaryFolder(), { files, sync: 'none' });
      journal.append(turnEvent(1, 'Before.'));
      let isFull = false;
      try {
        journal.commit();
      } catch (error) {
        expect(error).toMatchObject({ code: 'journal-full' });
        isFull = true;
      }
      try {
        const turns = { seat: 'a', turn: 2, lines, end: lines.length, most: Infinity } as const;
        expect(journal.takeTurns(turns, new LineBuffer())).toBe(2);
        journal.commit();
      } catch (error) {
        expect(error).toMatchObject({ code: 'journal-full', retryable: true });
        isFull = true;
      }
      expect(journal.seq).toBe(3);
      expect(journal.isBehind).toBe(isFull);
      files.room = 10_000;
      journal.append(turnEvent(4, 'After.'));
      journal.commit();
      expect(linesOf(journal).map((event) => 'text' in event && event.text)).toEqual(texts);
      await journal.close();
    }
  }
});

test('turns of both seats, with those of another meeting in between, wait for room in their order', async () => {
  for (const room of [0, 30, 10_000]) {
    const files = smallDisk(room);
    const journal = Journal.create(await temporaryFolder(), { files, sync: 'none' });
    const other = Journal.create(await temporaryFolder(), { sync: 'none' });
    const into = new LineBuffer();
    const take = (whose: Journal, seat: 'a' | 'b', turn: number, text: string): void => {
      const lines = Buffer.from(`${text}\n`);
      expect(whose.takeTurns({ seat, turn, lines, end: lines.length, most: Infinity }, into)).toBe(1);
    };
    take(journal, 'a', 1, 'One.');
    take(other, 'a', 1, 'Elsewhere.');
    take(journal, 'b', 2, 'Two.');
    take(journal, 'a', 3, 'Three.');
    if (room < 10_000) expect(errorOf(() => journal.commit()).code).toBe('journal-full');
    files.room = 10_000;
    journal.commit();
    other.commit();
    expect(linesOf(journal).map((event) => 'text' in event && event.text)).toEqual([
      'One.',
      'Two.',
      'Three.',
    ]);
    expect(linesOf(other)).toMatchObject([{ seq: 1, text: 'Elsewhere.' }]);
    await Promise.all([journal.close(), other.close()]);
  }
});
