import path from 'node:path';
import { expect, test } from 'vitest';
import { readConversation, readOutline } from '../../../journal/conversation.ts';
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
  });
  expect(conversation.totals.b).toEqual({ turns: 1, characters: 2 });
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
