import { expect, test } from 'vitest';
import { colloquy, run } from '../support/program.ts';
import { temporaryFolder } from '../support/temporary.ts';

test('a meeting is paused, let on by a step, whispered to, taken over and ended from other processes', async () => {
  const folder = await temporaryFolder();
  const meeting = colloquy(
    folder,
    'meet',
    'eliza',
    'parry',
    '-M',
    '0',
    '--typing-speed',
    '150',
    '--seed',
    '1',
  );
  await meeting.until(/^\[1\] /m);
  const control = (...args: string[]): ReturnType<typeof run> => run(folder, 'control', 'last', ...args);

  expect((await control('pause')).stdout).toMatch(/paused/);
  const paused = JSON.parse((await control('--json')).stdout) as { turns: number; isPaused: boolean };
  expect(paused.isPaused).toBe(true);
  expect(await control('pause')).toMatchObject({
    code: 2,
    stderr: 'colloquy: the meeting is paused already\n',
  });
  expect((await control('step')).code).toBe(0);
  expect((await control('whisper', 'a', 'Be', 'brief.')).code).toBe(0);
  expect((await control('limits', '-M', '500')).stdout).toContain('of 500');
  expect((await run(folder, 'control')).stdout).toMatch(/Eliza \(a\) and Parry \(b\): .*paused/);
  expect((await control('resume')).stdout).toContain('goes on');

  const person = colloquy(folder, 'control', 'last', 'take', 'b');
  await person.until(/You speak in the place of seat b/);
  person.child.stdin.write('I am a person now.\n');
  await meeting.until(/Parry \(written by the moderator\):\nI am a person now\./);
  person.child.stdin.write('/give\n');
  expect(await person.ended).toMatchObject({ code: 0 });
  expect(person.stdout).toContain('The seat is given back.');

  expect((await control('stop', '--goodbye')).code).toBe(0);
  expect(await meeting.ended).toMatchObject({ code: 0 });
  expect(meeting.stdout).toContain('(The moderator asks the two to say goodbye)');
  const { stdout: shown } = await run(folder, 'transcript', 'show', 'last');
  for (const sentence of [
    'The moderator pauses the meeting',
    'The moderator lets one turn through',
    'The moderator whispers to Eliza: Be brief.',
    'The moderator changes the limits: max-messages 500',
    'The moderator lets the meeting go on',
    'The moderator takes over the seat of Parry',
    '(written by the moderator)',
    'The seat of Parry is given back',
    'The moderator asks the two to say goodbye',
  ]) {
    expect(shown).toContain(sentence);
  }
  expect(await control('pause')).toMatchObject({ code: 2 });
});

test('what cannot be controlled says why', async () => {
  const folder = await temporaryFolder();
  const { code, stderr } = await run(folder, 'control', 'last', 'pause');
  expect(code).toBe(2);
  expect(stderr).toContain('What is held with --no-transcript cannot be controlled');
  expect((await run(folder, 'control')).stdout).toBe('No meeting goes on that could be controlled.\n');
  expect(await run(folder, 'control', 'm', 'whisper', 'both', 'Hm.')).toMatchObject({
    code: 2,
    stderr: 'colloquy: which seat? Say colloquy control MEETING whisper a, or b\n',
  });
});
