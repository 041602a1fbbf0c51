import { appendFile, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { MeetingEvent } from '../../../journal/event.ts';
import { createTranscriptWriter, renderTranscripts } from '../../../journal/transcript-writer.ts';
import type { ColloquyError } from '../../../wire/errors.ts';
import type { Clock } from '../../../wire/clock.ts';
import { blockEvent, pngBytes, resultEvent } from '../../support/execution.ts';
import { meetingEvent, stamp, toLines, turnEvent, writeMeeting } from '../../support/journal.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const fileNames = ['a.txt', 'b.txt', 'transcript.html', 'transcript.md'];

const events: MeetingEvent[] = [
  meetingEvent(),
  { type: 'start', seat: 'a', hello: '/start' },
  turnEvent(1, 'Hello | **Bert**\n\n```js\nconst a = 1;\n```'),
  { type: 'status', seat: 'b', text: 'thinking hard' },
  turnEvent(2, 'Γειά σου, <b>Ada</b>'),
  { type: 'note', seat: 'a', text: 'one\ntwo' },
  { type: 'truncated', seat: 'b', count: 1, start: 1 },
  { ...turnEvent(3, 'Bye'), control: 'bye' },
  { type: 'control', seat: 'b', verb: 'end' },
];

interface Follow {
  readonly folder: string;
  readonly errors: ColloquyError[];
  readonly writer: ReturnType<typeof createTranscriptWriter>;
  readonly append: (lines: string) => Promise<void>;
  readonly read: (fileName: string) => Promise<string>;
}

/** A writer that follows at once. */
async function follow(clock?: Clock): Promise<Follow> {
  const folder = await writeMeeting(await temporaryFolder(), 'meeting', '');
  const errors: ColloquyError[] = [];
  const writer = createTranscriptWriter({
    folder,
    intervalMs: 1,
    onError: (error) => errors.push(error),
    ...(clock === undefined ? {} : { clock }),
  });
  onTestFinished(() => writer.finish());
  return {
    folder,
    errors,
    writer,
    async append(lines) {
      await appendFile(path.join(folder, 'journal.jsonl'), lines);
      writer.poke();
    },
    read: (fileName) => readFile(path.join(folder, fileName), 'utf8').catch(() => ''),
  };
}

/** All four files, without the head of the page and without what stands at the end. */
async function bodies(folder: string): Promise<Record<string, string>> {
  const read = async (name: string): Promise<[string, string]> => {
    const text = await readFile(path.join(folder, name), 'utf8');
    const body = text
      .replace(/^<!doctype[^]*?<\/header>\n/, '')
      .replace(/<footer[^]*$/, '')
      .replace(/\n(Ended|Unfinished) after[^]*$|\nUnfinished:[^]*$/, '');
    return [name, body];
  };
  return Object.fromEntries(await Promise.all(fileNames.map(read)));
}

/** The libraries are loaded first, and the machine may be busy. */
function eventually(check: () => Promise<void> | void): Promise<void> {
  return vi.waitFor(check, { timeout: 60_000 });
}

test('what was written piece by piece is what is rendered whole', async () => {
  const { folder, append, writer, errors, read } = await follow();
  for (const [index, event] of stamp(events).entries()) {
    const line = toLines([event]);
    // In two halves, so that the writer sees torn lines too.
    await append(line.slice(0, 20));
    await append(line.slice(20));
    if (index === 2) await eventually(async () => expect(await read('a.txt')).toContain('Hello'));
  }
  await eventually(async () => expect(await read('transcript.html')).toContain('Bert says /end'));
  const followed = await bodies(folder);
  expect(await read('transcript.html')).toContain('going on');
  await renderTranscripts(folder);
  expect(await bodies(folder)).toEqual(followed);
  expect(await read('transcript.html')).toContain('Unfinished: after 3 turns');
  await append(toLines(stamp([{ type: 'stop', reason: 'end' }], 10)));
  await writer.finish();
  expect(await bodies(folder)).toEqual(followed);
  expect(await read('transcript.html')).toMatch(/Ended after 3 turns[^]*Ended after 3 turns[^]*<\/html>\n$/);
  expect(await read('transcript.md')).toContain('Ended after 3 turns: they said goodbye (end)');
  expect(await readdir(folder)).toEqual([...fileNames, 'journal.jsonl'].sort());
  expect(errors).toEqual([]);
});

test('each file is valid after every turn: a page without open elements, a table of whole rows', async () => {
  const { append, read } = await follow();
  for (const [index, event] of stamp(events).entries()) {
    await append(toLines([event]));
    if (event.type !== 'turn') continue;
    await eventually(async () => expect(await read('transcript.md')).toContain(`| ${event.turn} |`));
    await eventually(async () => expect(await read('transcript.html')).toContain(`id="turn-${event.turn}"`));
    const body = (await read('transcript.html')).split('</header>\n').slice(1).join('');
    for (const tag of ['article', 'div', 'p', 'header', 'pre', 'code']) {
      expect(body.split(new RegExp(`<${tag}[ >]`)).length, `${tag} after ${index}`).toBe(
        body.split(`</${tag}>`).length,
      );
    }
    const rows = (await read('transcript.md')).split('\n').filter((line) => line.startsWith('|'));
    expect(rows.every((row) => row.match(/\|/g)?.length === 4)).toBe(true);
  }
});

test('many pokes make one rendering, and none is made before the interval is over', async () => {
  const due: (() => void)[] = [];
  const clock: Clock = {
    nowMs: () => 0,
    after: (_delayMs, run) => {
      due.push(run);
      return () => {};
    },
  };
  const { append, writer, read } = await follow(clock);
  await append(toLines(stamp(events)));
  for (let count = 0; count < 1_000; count++) writer.poke();
  expect(due).toHaveLength(1);
  expect(await read('transcript.md')).toBe('');
  due[0]?.();
  await eventually(async () => expect(await read('transcript.html')).toContain('turn-3'));
  expect(due).toHaveLength(1);
});

test('a file that somebody else wrote or removed is written anew', async () => {
  const { folder, append, read, errors } = await follow();
  await append(toLines(stamp(events)));
  await eventually(async () => expect(await read('transcript.html')).toContain('turn-3'));
  const followed = await bodies(folder);
  await renderTranscripts(folder);
  await rm(path.join(folder, 'a.txt'));
  await append(toLines(stamp([turnEvent(4, 'more')], 10)));
  await eventually(async () => expect(await read('transcript.html')).toContain('turn-4'));
  await eventually(async () => expect(await read('a.txt')).toBe(followed['a.txt']));
  expect((await read('transcript.html')).match(/id="turn-1"/g)).toHaveLength(1);
  expect(await read('transcript.html')).toContain('going on');
  expect(errors).toEqual([]);
});

test('a folder that is gone is reported once, and finishing does not fail', async () => {
  const { folder, append, writer, errors } = await follow();
  await append(toLines(stamp(events)));
  await rename(folder, `${folder}-elsewhere`);
  writer.poke();
  await eventually(() => expect(errors).toHaveLength(1));
  writer.poke();
  await writer.finish();
  expect(errors).toHaveLength(1);
  expect(errors[0]?.message).toContain(folder);
});

test('a transcript that cannot be replaced leaves the old one and nothing half-done', async () => {
  const folder = await writeMeeting(await temporaryFolder(), 'meeting', toLines(stamp(events)));
  await mkdir(path.join(folder, 'transcript.html', 'in-the-way'), { recursive: true });
  await writeFile(path.join(folder, 'notes.txt'), 'mine');
  await expect(renderTranscripts(folder)).rejects.toMatchObject({ code: 'transcript-failed' });
  expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  expect((await stat(path.join(folder, 'notes.txt'))).size).toBe(4);
});

test('a journal without a meeting is an error that names it', async () => {
  const folder = await writeMeeting(await temporaryFolder(), 'meeting', '{"v":1');
  await expect(renderTranscripts(folder)).rejects.toThrow(/journal\.jsonl holds no meeting/);
  expect(await readdir(folder)).toEqual(['journal.jsonl']);
});

test('a killed meeting shows every whole turn and says that it is unfinished', async () => {
  const folder = await writeMeeting(
    await temporaryFolder(),
    'meeting',
    `${toLines(stamp(events))}broken\n{"v":1,"seq"`,
  );
  await renderTranscripts(folder);
  const markdown = await readFile(path.join(folder, 'transcript.md'), 'utf8');
  expect(markdown).toContain('| 3 | Bye');
  expect(markdown).toContain('Line 10 of the journal cannot be read: not JSON');
  expect(markdown).toContain(
    'Unfinished: after 3 turns the journal has no end yet, and its last line is cut off',
  );
});

test('code, results and figures come as they are journaled, and stay the same when all is rendered', async () => {
  const { folder, append, writer, errors, read } = await follow();
  const evil = '</pre><script>alert(1)</script> | `x`\n\n| a | b |\u001b[2J\u202e';
  const events: MeetingEvent[] = [
    meetingEvent(),
    turnEvent(1, 'RUN-CODE\n```python\ndraw()\n```'),
    blockEvent('draw()'),
    resultEvent({
      output: evil,
      detail: evil,
      files: [
        { path: 'out/fig.png', bytes: 64 },
        { path: evil, bytes: 1 },
      ],
    }),
    blockEvent('assert x', { kind: 'test' }),
    resultEvent({ kind: 'test' }),
    turnEvent(2, 'Fine'),
  ];
  await mkdir(path.join(folder, 'workspace/out'), { recursive: true });
  await writeFile(path.join(folder, 'workspace/out/fig.png'), pngBytes());
  for (const [index, event] of stamp(events).entries()) {
    await append(toLines([event]));
    if (index === 2) await eventually(async () => expect(await read('transcript.md')).toContain('draw'));
    if (index === 3)
      await eventually(async () => expect(await read('transcript.html')).toContain('turn-1-code-1'));
  }
  await eventually(async () => expect(await read('transcript.html')).toContain('turn-2'));
  const followed = await bodies(folder);
  expect(followed['transcript.html']).toContain(
    `<img src="data:image/png;base64,${pngBytes().toString('base64')}"`,
  );
  expect(followed['transcript.md']).toContain('![out/fig.png](workspace/out/fig.png)');
  expect(followed['transcript.md']?.match(/draw\(\)/g)).toHaveLength(1);
  expect(followed['a.txt']).toContain('[Test block 1: passed]');
  expect(followed['b.txt']).toBe('Fine\n');
  const rows = (await read('transcript.md')).split('\n').filter((line) => line.startsWith('|'));
  expect(rows).toHaveLength(7);
  expect(rows.every((row) => row.match(/\|/g)?.length === 4)).toBe(true);
  await append(toLines(stamp([{ type: 'stop', reason: 'tests-passed', detail: '1 test' }], 10)));
  await writer.finish();
  expect(await bodies(folder)).toEqual(followed);
  expect(await read('transcript.html')).toContain('Ended after 1 passed test in 2 turns (tests-passed)');
  expect(errors).toEqual([]);
});
