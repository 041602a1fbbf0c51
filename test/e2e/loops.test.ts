import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { run } from '../support/program.ts';
import { temporaryFolder } from '../support/temporary.ts';

async function writeScripts(): Promise<{
  cwd: string;
  meet: (...flags: string[]) => ReturnType<typeof run>;
}> {
  const cwd = await temporaryFolder();
  const write = (name: string, replies: readonly string[]): void =>
    writeFileSync(path.join(cwd, name), JSON.stringify({ at_end: 'repeat-last', replies }));
  write('anna.yml', ['Is this chair taken?', 'As an AI language model, I never sit.', 'Thank you, goodbye!']);
  write('ben.yml', [
    'It is free.',
    'How odd that is, for a visitor.',
    'You are welcome. Goodbye, take care!',
  ]);
  const persona = (name: string): void =>
    writeFileSync(path.join(cwd, `${name}.md`), `# Guest Persona: ${name} (en)\n\nYou are ${name}.\n`);
  persona('Anna');
  persona('Ben');
  const seats = [
    'Anna.md',
    'Ben.md',
    '-a',
    'scripted:anna.yml',
    '-b',
    'scripted:ben.yml',
    '--first',
    'a',
    '-M',
    '14',
  ];
  return { cwd, meet: (...flags) => run(cwd, 'meet', ...seats, ...flags) };
}

it('ends a meeting of scripted agents that say goodbye for ever, tells why, and lists what is doubtful', async () => {
  const { cwd, meet } = await writeScripts();
  const { code, stdout } = await meet('--loops', 'on', '--flags', 'on');
  expect(code).toBe(0);
  expect(stdout).toContain(
    'Ended after 9 turns: they went round in circles (loop): turns 5 to 9 are nothing but goodbyes: “Thank you, goodbye!”',
  );
  expect(stdout).toContain('Flagged: Anna broke character (turn 3)');
  const list = await run(cwd, 'transcript', 'list');
  expect(list.stdout).toMatch(/FLAGS\n.* loop +broke-character \(a\)\n$/s);
  const shown = await run(cwd, 'transcript', 'show', 'last');
  expect(shown.stdout).toContain('Flagged: Anna broke character in turn 3: “As an AI language model”');
});

it('leaves scripted agents alone where nobody asked, and says afterwards what it would have done', async () => {
  const { cwd, meet } = await writeScripts();
  const { stdout } = await meet();
  expect(stdout).toContain('Ended after 14 turns: the message limit was reached (max-messages)');
  expect(stdout).not.toContain('Flagged');
  const { stdout: check } = await run(cwd, 'transcript', 'check', 'last');
  expect(check).toBe(
    'A loop: turns 5 to 9 are nothing but goodbyes: “Thank you, goodbye!”\nFlagged: Anna broke character (turn 3)\n',
  );
});
