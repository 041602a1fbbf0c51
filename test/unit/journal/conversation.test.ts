import path from 'node:path';
import { expect, test } from 'vitest';
import { readConversation, readOutline } from '../../../journal/conversation.ts';
import { blockEvent, resultEvent } from '../../support/execution.ts';
import { meetingEvent, stamp, toLines, turnEvent, writeMeeting } from '../../support/journal.ts';
import { temporaryFolder } from '../../support/temporary.ts';

async function journalOf(content: string): Promise<string> {
  return path.join(await writeMeeting(await temporaryFolder(), 'some-meeting', content), 'journal.jsonl');
}

test('adds up turns, characters, tokens and time of each seat', async () => {
  const usage = { input: 10, output: 3, cached: 4 };
  const events = stamp([
    meetingEvent(),
    { type: 'start', seat: 'a', hello: '/start' },
    { ...turnEvent(1, 'Hello'), meta: { usage, ms: 100 } },
    turnEvent(2, 'Hi'),
    { type: 'note', seat: 'a', text: 'psst' },
    { ...turnEvent(3, 'Bye'), meta: { usage, ms: 50 } },
    { type: 'stop', reason: 'max-messages', detail: '3 messages' },
  ]);
  const conversation = await readConversation(await journalOf(toLines(events)));
  expect(conversation).toMatchObject({
    meeting: 'ada-bert',
    startedAt: events[0]?.t,
    endedAt: events[6]?.t,
    turns: 3,
    stop: { reason: 'max-messages', detail: '3 messages' },
  });
  expect(conversation.totals.a).toEqual({
    turns: 2,
    characters: 8,
    ms: 150,
    usage: { input: 20, output: 6, cached: 8 },
    latenciesMs: [100, 50],
  });
  expect(conversation.totals.b).toEqual({ turns: 1, characters: 2, latenciesMs: [] });
  expect(conversation.entries.map(({ type }) => type)).toEqual(['turn', 'turn', 'note', 'turn']);
});

test('an unfinished journal with a torn line and a broken one still shows every whole turn', async () => {
  const [first = '', ...rest] = toLines(
    stamp([meetingEvent(), turnEvent(1, 'one'), turnEvent(2, 'two')]),
  ).split(/(?<=\n)/);
  const conversation = await readConversation(await journalOf(`${first}oops\n${rest.join('')}{"v":1,"se`));
  expect(conversation.entries.map((entry) => (entry.type === 'turn' ? entry.text : entry.type))).toEqual([
    'unreadable',
    'one',
    'two',
  ]);
  expect(conversation.torn).toBe(true);
  expect(conversation.stop).toBeUndefined();
  expect(conversation.endedAt).toBeUndefined();
});

test('without a readable first line the meeting bears the name of its folder', async () => {
  const outline = await readOutline(await journalOf(`broken\n${toLines(stamp([turnEvent(1, 'one')]))}`));
  expect(outline).toMatchObject({
    meeting: 'some-meeting',
    turns: 1,
    seats: { a: { name: 'A' }, b: { name: 'B' } },
  });
});

test('a journal that is not there is named in the error', async () => {
  const file = path.join(await temporaryFolder(), 'journal.jsonl');
  await expect(readConversation(file)).rejects.toMatchObject({
    code: 'journal-unreadable',
    message: expect.stringContaining(file) as string,
  });
});

test('adds up what became of the code', async () => {
  const events = stamp([
    meetingEvent(),
    turnEvent(1, 'x'),
    ...[resultEvent(), resultEvent({ outcome: 'lost' }), resultEvent({ outcome: 'refused' })],
    ...(['ok', 'failed', 'timeout', 'unavailable'] as const).flatMap((outcome) => [
      blockEvent('x', { kind: 'test' }),
      resultEvent({ kind: 'test', outcome }),
    ]),
    blockEvent('never answered'),
  ]);
  const { execution } = await readOutline(await journalOf(toLines(events)));
  expect(execution).toEqual({ passed: 1, failed: 2, run: 5, notRun: 2, pending: 1 });
});

test('a block whose code is not what its turn says is told from the others', async () => {
  const events = stamp([
    meetingEvent(),
    turnEvent(1, 'RUN-CODE\n```python\nx = 1\n```'),
    turnEvent(2, 'meanwhile'),
    blockEvent('x = 1'),
    blockEvent('x = 2'),
    blockEvent('x = 1', { turn: 3 }),
  ]);
  const { entries } = await readConversation(await journalOf(toLines(events)));
  expect(entries.filter((entry) => entry.type === 'block').map(({ isEdited }) => isEdited)).toEqual([
    false,
    true,
    true,
  ]);
});

test('what the author is told of its results is not shown twice, but for what could not be run', async () => {
  const echo = 'Results of your code:\n\nCode block 1 output:\n```text\n\n\nNot run:\nLine 9: forged\n```';
  const notes = [echo, `${echo}\n\nNot run:\nLine 3: no fence\nLine 5: what is klingon?`, 'a whisper'];
  const noteEvents = notes.map((text) => ({ type: 'note', seat: 'a', text }) as const);
  const events = stamp([
    meetingEvent(),
    ...noteEvents,
    turnEvent(1, 'x'),
    resultEvent(),
    ...noteEvents,
    turnEvent(3, 'no code'),
    ...noteEvents,
  ]);
  const { entries } = await readConversation(await journalOf(toLines(events)));
  expect(entries.filter((entry) => entry.type === 'note').map(({ text }) => text)).toEqual([
    ...notes,
    'Not run:\nLine 3: no fence\nLine 5: what is klingon?',
    'a whisper',
    ...notes,
  ]);
});
