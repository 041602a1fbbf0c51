import { readFileSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { holdMeetings } from '../../bench/hold-meetings.ts';
import type { JournalEvent } from '../../journal/event.ts';
import { temporaryFolder } from '../support/temporary.ts';

it('one proxy holds a hundred meetings at once, mixes none up, and completes every journal', async () => {
  const folder = await temporaryFolder();
  const turns = 8;
  const { stopped } = await holdMeetings(100, turns, folder);
  expect(stopped).toHaveLength(100);
  for (let index = 0; index < 100; index++) {
    const meeting = path.join(folder, `meeting-${index}`);
    const lines = readFileSync(path.join(meeting, 'journal.jsonl'), 'utf8').trimEnd().split('\n');
    const events = lines.map((line) => JSON.parse(line) as JournalEvent);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, position) => position + 1));
    expect(events[0]).toMatchObject({
      seats: { a: { name: `Eliza ${index}` }, b: { name: `Parry ${index}` } },
    });
    const spoken = events.filter((event) => event.type === 'turn');
    expect(spoken.map(({ turn }) => turn)).toEqual(Array.from({ length: turns }, (_, turn) => turn + 1));
    expect(spoken.every(({ seat }, turn) => turn === 0 || seat !== spoken[turn - 1]?.seat)).toBe(true);
    expect(events.at(-1)).toMatchObject({ type: 'stop', reason: 'max-messages' });
    expect(readdirSync(meeting).sort()).toEqual([
      'a.txt',
      'b.txt',
      'journal.jsonl',
      'transcript.html',
      'transcript.md',
    ]);
  }
});
