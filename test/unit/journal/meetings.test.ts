import { mkdir, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { findMeeting, listMeetings } from '../../../journal/meetings.ts';
import { meetingEvent, stamp, toLines, turnEvent, writeMeeting } from '../../support/journal.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const stopped = { type: 'stop', reason: 'end' } as const;

test('lists meetings by time with names, turns, tokens and how they ended', async () => {
  const folder = await temporaryFolder();
  const usage = { input: 10, output: 5, cached: 0 };
  const late = stamp(
    [meetingEvent({ model: 'm1' }), { ...turnEvent(1, 'x'), meta: { usage } }, stopped],
    100,
  );
  await writeMeeting(folder, 'a-late', toLines(late));
  await writeMeeting(
    folder,
    'b-early',
    toLines(stamp([meetingEvent(), turnEvent(1, 'x'), turnEvent(2, 'y')])) + '{"v"',
  );
  const meetings = await listMeetings(folder);
  expect(meetings).toMatchObject([
    { meeting: 'b-early', turns: 2, ended: 'unfinished' },
    { meeting: 'a-late', turns: 1, ended: 'end', tokens: 15, seats: { a: { name: 'Ada', model: 'm1' } } },
  ]);
  expect(meetings[0]).not.toHaveProperty('tokens');
});

test('passes over what is no meeting, and a folder that is not there', async () => {
  const folder = await temporaryFolder();
  await mkdir(path.join(folder, 'empty'));
  await writeFile(path.join(folder, 'README.md'), 'hello');
  await writeMeeting(folder, 'foreign', '{"some":"thing"}\n');
  await writeMeeting(folder, 'nothing', '');
  await mkdir(path.join(folder, 'odd', 'journal.jsonl'), { recursive: true });
  expect(await listMeetings(folder)).toEqual([]);
  expect(await listMeetings(path.join(folder, 'absent'))).toEqual([]);
});

test('finds the end of a long journal, behind turns of any length', async () => {
  const folder = await temporaryFolder();
  const turns = Array.from({ length: 30 }, (_, index) => turnEvent(index + 1, 'x'.repeat(50_000)));
  const persona = { text: 'p'.repeat(300_000), sha256: '' };
  const events = stamp([meetingEvent({ persona }), ...turns, turnEvent(31, 'y'.repeat(500_000)), stopped]);
  await writeMeeting(folder, 'long', toLines(events));
  expect(await listMeetings(folder)).toMatchObject([{ meeting: 'long', turns: 31, ended: 'end' }]);
});

test('finds a meeting by its name or by a beginning that only it has', async () => {
  const folder = await temporaryFolder();
  for (const name of ['2026-a', '2026-ab', '2027-c'])
    await writeMeeting(folder, name, toLines(stamp([meetingEvent()])));
  expect(await findMeeting(folder, '2026-a')).toBe(path.join(folder, '2026-a'));
  expect(await findMeeting(folder, '2027')).toBe(path.join(folder, '2027-c'));
  await expect(findMeeting(folder, '2026')).rejects.toMatchObject({
    code: 'ambiguous-meeting',
    message: '"2026" begins the names of 2 meetings: 2026-a, 2026-ab',
  });
});

test('finds nothing outside its folder', async () => {
  const folder = await temporaryFolder();
  const inside = path.join(folder, 'inside');
  await mkdir(inside);
  await writeMeeting(folder, 'secret', toLines(stamp([meetingEvent()])));
  await symlink(path.join(folder, 'secret'), path.join(inside, 'link'));
  for (const name of ['../secret', 'link', '', '.', path.join(folder, 'secret'), 'x'.repeat(5_000), '\0']) {
    await expect(findMeeting(inside, name)).rejects.toMatchObject({ code: 'unknown-meeting' });
  }
});
