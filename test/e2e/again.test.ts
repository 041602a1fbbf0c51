import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JournalEvent, MeetingEvent } from '../../journal/event.ts';
import { meetingEvent, stamp, toLines, turnEvent, writeMeeting } from '../support/journal.ts';
import { run } from '../support/program.ts';
import { temporaryFolder } from '../support/temporary.ts';

function meetingsIn(cwd: string, folder = 'transcripts'): string[] {
  return readdirSync(path.join(cwd, folder)).sort();
}

function journalOf(cwd: string, meeting: string, folder = 'transcripts'): JournalEvent[] {
  const text = readFileSync(path.join(cwd, folder, meeting, 'journal.jsonl'), 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as JournalEvent);
}

function turnsOf(events: readonly JournalEvent[]): Extract<JournalEvent, { type: 'turn' }>[] {
  return events.filter((event) => event.type === 'turn');
}

/** A meeting of the built-in speakers, as far as its journal tells. */
async function writeParent(cwd: string): Promise<string> {
  const parameters = { characters_per_second: 0 };
  const [a, b] = [
    { name: 'Eliza', provider: 'eliza', model: 'doctor', persona: { text: 'You listen.', sha256: '' } },
    { name: 'Parry', provider: 'parry', model: 'parry', persona: { text: 'You bet.', sha256: '' } },
  ].map((one) => ({ ...one, lang: 'en', parameters, seed: 5 }));
  const meta = { usage: { input: 7, output: 3, cached: 0 }, ms: 9, finish: 'stop' };
  const events: MeetingEvent[] = [
    meetingEvent(a, b),
    { type: 'start', seat: 'a', hello: '/start' },
    ...['Begin.', 'I go to the races.', 'Do you?', 'A mare.', 'Which?', 'Second Post.'].map(
      (text, index) => ({
        ...turnEvent(index + 1, text),
        meta,
      }),
    ),
    { type: 'stop', reason: 'max-messages', detail: '6 messages' },
  ];
  await writeMeeting(path.join(cwd, 'transcripts'), 'parent', toLines(stamp(events)));
  return 'parent';
}

describe('colloquy replay', () => {
  it('plays a meeting back, proves that it is the same, and keeps it where it is told to', async () => {
    const cwd = await temporaryFolder();
    const meeting = await writeParent(cwd);
    const { code, stdout, stderr } = await run(cwd, 'replay', 'last', '--at-once', '--out', 'again');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('[6] Parry:');
    expect(stdout).toContain(`${meeting} is the same again: 6 turns, word for word`);
    expect(stdout).toContain('the same end (max-messages)');
    const [replay = ''] = meetingsIn(cwd, 'again');
    const [before, after] = [journalOf(cwd, meeting), journalOf(cwd, replay, 'again')];
    const words = ({ seat, turn, text, meta }: ReturnType<typeof turnsOf>[0]): unknown => ({
      ...{ seat, turn, text, meta },
    });
    expect(turnsOf(after).map(words)).toEqual(turnsOf(before).map(words));
    expect(after[0]).toMatchObject({ seats: { a: { name: 'Eliza', provider: 'replay', model: meeting } } });
    expect(meetingsIn(cwd)).toEqual([meeting]);
  });

  it('refuses a journal of which a turn cannot be read', async () => {
    const cwd = await temporaryFolder();
    const lines = toLines(stamp([meetingEvent(), turnEvent(1, 'One.'), turnEvent(2, 'Two.')])).split('\n');
    lines[1] = 'not JSON';
    await writeMeeting(path.join(cwd, 'transcripts'), 'torn', lines.join('\n'));
    expect(await run(cwd, 'replay', 'torn', '--at-once')).toEqual({
      code: 2,
      stdout: '',
      stderr: 'colloquy: turn 1 of torn cannot be read\n',
    });
  });
});

describe('colloquy fork', () => {
  it('begins with the turns of its parent, which it names, and goes on with other personas', async () => {
    const cwd = await temporaryFolder();
    const parent = await writeParent(cwd);
    const replies = path.join(cwd, 'replies.yml');
    writeFileSync(
      replies,
      '- Nobody hears this.\n- Nor this.\n- Quite another thing.\n- And nothing more.\n',
    );
    const others = ['--persona-a', 'sheldon-cooper', '-a', `scripted:${replies}`, '-M', '4'];
    const { code, stdout, stderr } = await run(cwd, 'fork', parent, '--at', '4', ...others);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain(`${parent} goes on in another way after turn 4`);
    const fork = meetingsIn(cwd).find((name) => name !== parent) ?? '';
    const [before, after] = [journalOf(cwd, parent), journalOf(cwd, fork)];
    expect(after[0]).toMatchObject({
      parent: { meeting: parent, turn: 4, names: { a: 'Eliza', b: 'Parry' } },
      seats: {
        a: { name: 'Dr. Sheldon Cooper', provider: 'scripted' },
        b: { name: 'Parry', provider: 'parry' },
      },
      settings: { maxMessages: 8 },
    });
    const words = ({ seat, text }: ReturnType<typeof turnsOf>[0]): unknown => ({ seat, text });
    expect(turnsOf(after).slice(0, 4).map(words)).toEqual(turnsOf(before).slice(0, 4).map(words));
    expect(turnsOf(after).map(({ inherited }) => inherited === true)).toEqual([
      ...Array<boolean>(4).fill(true),
      ...Array<boolean>(4).fill(false),
    ]);
    expect(turnsOf(after)[0]?.meta).not.toHaveProperty('usage');
    // Turn 4 was of seat b: seat a is asked, who had two turns before; the script goes on behind them.
    expect(turnsOf(after)[4]).toMatchObject({ seat: 'a', turn: 5, text: 'Quite another thing.' });
    expect(after.at(-1)).toMatchObject({ type: 'stop' });

    const shown = await run(cwd, 'transcript', 'show', parent);
    expect(shown.stdout).toContain(`${parent} ← this one\n└─ after turn 4: ${fork}\n`);
    const page = readFileSync(path.join(cwd, 'transcripts', fork, 'transcript.md'), 'utf8');
    expect(page).toContain(`[${parent}](../${parent}/transcript.md)`);
    expect(page).toContain('taken over; it was said by Eliza');
  });

  it('goes on as before with whoever is not named, and can be forked again', async () => {
    const cwd = await temporaryFolder();
    const parent = await writeParent(cwd);
    expect((await run(cwd, 'fork', parent, '--at', '4', '-M', '2', '-q')).code).toBe(0);
    const fork = meetingsIn(cwd).find((name) => name !== parent) ?? '';
    expect((await run(cwd, 'fork', fork, '--at', '5', '-M', '1', '-q')).code).toBe(0);
    const grandchild = meetingsIn(cwd).find((name) => name !== parent && name !== fork) ?? '';
    const events = journalOf(cwd, grandchild);
    const [head] = events;
    expect(head).toMatchObject({ parent: { meeting: fork, turn: 5 } });
    expect(head?.type === 'meeting' && head.seats.a.persona?.text).toBe('You listen.');
    expect(head?.type === 'meeting' && head.seats.a.seed).toBe(5);
    expect(turnsOf(events)).toHaveLength(6);
    const { stdout } = await run(cwd, 'transcript', 'show', fork);
    expect(stdout).toContain(
      `${parent}\n└─ after turn 4: ${fork} ← this one\n   └─ after turn 5: ${grandchild}\n`,
    );
  });

  it('is the whole anew with --at 0, and says what it cannot do', async () => {
    const cwd = await temporaryFolder();
    const parent = await writeParent(cwd);
    expect(await run(cwd, 'fork', parent, '--at', '9')).toMatchObject({
      code: 2,
      stderr: `colloquy: ${parent} has 6 turns: --at must be from 0 to 6\n`,
    });
    expect(await run(cwd, 'fork', parent, '--at', '3', '--persona-b', 'therapist')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('parry plays nobody but Parry; who writes for') as string,
    });
    expect((await run(cwd, 'fork', parent, '--at', '0', '-M', '2', '-q')).code).toBe(0);
    const fork = meetingsIn(cwd).find((name) => name !== parent) ?? '';
    const events = journalOf(cwd, fork);
    expect(events[0]).toMatchObject({ parent: { meeting: parent, turn: 0 } });
    expect(turnsOf(events).map(({ inherited }) => inherited)).toEqual([undefined, undefined]);
  });
});

describe('colloquy transcript diff and search', () => {
  it('sets two meetings side by side, without what they have in common', async () => {
    const cwd = await temporaryFolder();
    const transcripts = path.join(cwd, 'transcripts');
    const meeting = (last: string): string =>
      toLines(stamp([meetingEvent(), turnEvent(1, 'One.'), turnEvent(2, 'Two.'), turnEvent(3, last)]));
    await writeMeeting(transcripts, 'left', meeting('It rained \u001b[2J all day in Leeds.'));
    await writeMeeting(transcripts, 'right', meeting('It rained all night in Leeds.'));
    const { code, stdout } = await run(cwd, 'transcript', 'diff', 'left', 'right');
    expect(code).toBe(0);
    expect(stdout).toContain('⋯ turns 1 to 2: the same');
    expect(stdout).toMatch(
      /It rained \[-␛\[2J -\]all \[-day-\] in Leeds\.\s+│ It rained all \{\+night\+\} in Leeds\./,
    );
    expect(stdout).toContain('2 turns in common at the beginning, 1 with other words.');
    expect(stdout).not.toContain('\u001b');
    const json = await run(cwd, 'transcript', 'diff', 'left', 'right', '--format', 'json');
    expect(JSON.parse(json.stdout)).toMatchObject({ left: 'ada-bert', common: 2 });
  });

  it('finds turns across all meetings, and defuses what it shows of them', async () => {
    const cwd = await temporaryFolder();
    const transcripts = path.join(cwd, 'transcripts');
    const meeting = (...texts: string[]): string =>
      toLines(stamp([meetingEvent(), ...texts.map((text, index) => turnEvent(index + 1, text))]));
    await writeMeeting(transcripts, '20261120-1200-ada-bert-aaaa', meeting('A crème brûlée.', 'No.'));
    await writeMeeting(
      transcripts,
      '20261121-1200-ada-bert-bbbb',
      meeting('Nothing.', 'CRÈME \u001b[31mBRÛLÉE?'),
    );
    const { code, stdout } = await run(cwd, 'transcript', 'search', 'brûlée', 'crème');
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        '20261121-1200-ada-bert-bbbb · turn 2 · 2026-11-21 01:53 UTC · Bert',
        '  CRÈME ␛[31mBRÛLÉE?',
        '20261120-1200-ada-bert-aaaa · turn 1 · 2026-11-21 01:53 UTC · Ada',
        '  A crème brûlée.',
        '2 turns in 2 meetings.',
        '',
      ].join('\n'),
    );
    const one = await run(cwd, 'transcript', 'search', 'crème', '--speaker', 'bert', '--json');
    expect(
      one.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toMatchObject([{ meeting: '20261121-1200-ada-bert-bbbb', turn: 2, seat: 'b' }]);
    expect((await run(cwd, 'transcript', 'search', '(', '--regex')).code).toBe(2);
  });
});
