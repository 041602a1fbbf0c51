import { existsSync, lstatSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parquetReadObjects } from 'hyparquet';
import { expect, it } from 'vitest';
import { meetingEvent, stamp, toLines, turnEvent, writeMeeting } from '../support/journal.ts';
import { run } from '../support/program.ts';
import { temporaryFolder } from '../support/temporary.ts';

async function twoMeetings(): Promise<{
  cwd: string;
  exported: (...flags: string[]) => ReturnType<typeof run>;
}> {
  const cwd = await temporaryFolder();
  const transcripts = path.join(cwd, 'transcripts');
  const journal = (name: string, from: number): string =>
    toLines(stamp([meetingEvent({ name }), turnEvent(1, `I am ${name}.`), turnEvent(2, 'Hello.')], from));
  await writeMeeting(transcripts, '20261121-0153-ada', journal('Ada', 1));
  await writeMeeting(transcripts, '20261122-0153-zoe', journal('Zoé', 90_000));
  return { cwd, exported: (...flags) => run(cwd, 'transcript', 'export', ...flags) };
}

it('writes meetings to stdout, to one file that is whole or not there, and to a folder of chats', async () => {
  const { cwd, exported } = await twoMeetings();
  const inFolder = (...names: string[]): string => path.join(cwd, ...names);

  const chat = await exported('20261121', '-f', 'openai', '--seat', 'b');
  expect(chat).toMatchObject({ code: 0, stderr: '1 meeting, 1 conversation: stdout\n' });
  expect(JSON.parse(chat.stdout)).toEqual({
    messages: [
      { role: 'user', content: 'I am Ada.' },
      { role: 'assistant', content: 'Hello.' },
    ],
  });

  // A link stays one, and what it leads to is replaced.
  writeFileSync(inFolder('real.csv'), 'old');
  symlinkSync('real.csv', inFolder('turns.csv'));
  const csv = await exported('--all', '-f', 'csv', '-o', 'turns.csv');
  expect(csv).toMatchObject({ code: 0, stdout: '', stderr: '2 meetings, 4 rows: turns.csv\n' });
  expect(lstatSync(inFolder('turns.csv')).isSymbolicLink()).toBe(true);
  expect(readFileSync(inFolder('real.csv'), 'utf8').split('\r\n')).toHaveLength(6);

  const parquet = await exported('--speaker', 'zoÉ', '-f', 'parquet', '-o', 'turns.parquet');
  expect(parquet.stderr).toBe('1 meeting, 2 rows: turns.parquet\n');
  const file = new Uint8Array(readFileSync(inFolder('turns.parquet'))).buffer;
  expect((await parquetReadObjects({ file })).map(({ text }) => text as string)).toEqual([
    'I am Zoé.',
    'Hello.',
  ]);

  const log = await exported('--since', '2026-11-22', '-f', 'inspect', '-o', 'log.json');
  expect(log.code).toBe(0);
  expect(JSON.parse(readFileSync(inFolder('log.json'), 'utf8'))).toMatchObject({
    version: 2,
    samples: [{ id: '20261122-0153-zoe' }],
  });

  const chats = await exported('--all', '-f', 'sillytavern', '-o', 'chats');
  expect(chats).toMatchObject({ code: 0, stderr: '2 meetings, 4 messages: chats\n' });
  expect(readdirSync(inFolder('chats'))).toEqual(['20261121-0153-ada.jsonl', '20261122-0153-zoe.jsonl']);
  expect(readdirSync(cwd).filter((name) => name.startsWith('.'))).toEqual([]);
});

it('says in one sentence what cannot be exported, and leaves what was there', async () => {
  const { cwd, exported } = await twoMeetings();
  const mistakes: [string[], RegExp][] = [
    [['-f', 'csv'], /say which meetings: their names, "last", --all, --since or --speaker/],
    [['last', '--all', '-f', 'csv'], /name meetings, or choose among all/],
    [['2026', '-f', 'csv'], /"2026" begins the names of 2 meetings/],
    [['--speaker', 'Nobody', '-f', 'csv'], /there is no such meeting/],
    [['--all', '-f', 'sillytavern'], /say which folder to put them in/],
    [['--all', '-f', 'csv', '-o', 'transcripts'], /transcripts cannot be written: it is a folder/],
    [['--all', '-f', 'csv', '-o', 'nowhere/x.csv'], /nowhere\/x\.csv cannot be written/],
  ];
  const results = await Promise.all(mistakes.map(([flags]) => exported(...flags)));
  for (const [index, [, pattern]] of mistakes.entries()) {
    expect(results[index]).toMatchObject({
      code: 2,
      stdout: '',
      stderr: expect.stringMatching(pattern) as string,
    });
  }

  const journal = path.join(cwd, 'transcripts', '20261121-0153-ada', 'journal.jsonl');
  writeFileSync(journal, `${readFileSync(journal, 'utf8')}{"half":\n`);
  const out = await exported('--all', '-f', 'sharegpt', '-o', '/dev/null');
  expect(out.stderr).toContain('20261121-0153-ada: a line of its journal cannot be read and is left out\n');
  expect(out.code).toBe(0);
  expect(existsSync('/dev/null') && lstatSync('/dev/null').isCharacterDevice()).toBe(true);
});
