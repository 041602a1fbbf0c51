import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../../config/paths.ts';
import type { JournalEvent } from '../../journal/event.ts';
import { startModelServer, type Answer } from '../support/model-server.ts';
import { run } from '../support/program.ts';
import { temporaryFolder } from '../support/temporary.ts';

const example = (name: string): string => `scripted:${path.join(packageRoot, 'examples', name)}`;
const pair = ['meet', 'lichtenberg', 'socrates', '--first', 'a'];
const examples = ['-a', example('lichtenberg.yml'), '-b', example('socrates.yml')];

it('a German and a Greek persona talk through a scripted translator, and code comes through byte by byte', async () => {
  const cwd = await temporaryFolder();
  const result = await run(cwd, ...pair, ...examples, '--translator', example('translator.yml'));
  expect(result).toMatchObject({ code: 0, stderr: '' });
  expect(result.stdout).toMatch(
    /\n\[2\] Σωκράτης:\nΩραίο .*\n\nIn German, translated in \d+ ms\n {2}Ein schönes /,
  );
  expect(result.stdout).toContain('Ended after 4 turns: they said goodbye (end)');

  const { folder, journal } = readMeeting(cwd);
  const said = journal.filter((event) => event.type === 'turn');
  const told = journal.filter((event) => event.type === 'translation');
  expect(told.map(({ turn, from, to }) => `${turn} ${from} ${to}`)).toEqual([
    '1 de el',
    '2 el de',
    '3 de el',
    '4 el de',
  ]);
  expect(told.every(({ failed }) => failed === undefined)).toBe(true);
  const code = /```python\n[^]*?\n```/;
  const [written] = code.exec(said[0]?.text ?? '') ?? [];
  expect(written).toBe(
    '```python\n# Zähle, solange der Müller mahlt: ⟦2⟧\nfor zahl in range(1, 4):\n\tprint("Grüße —", zahl)\n```',
  );
  expect(code.exec(told[0]?.text ?? '')?.[0]).toBe(written);
  expect(told[0]?.text).toMatch(/^Καλησπέρα, Σωκράτης\. .*\n\n```[^]*\n\nΗ συνάρτηση `print\(…\)` κάνει/);

  const pages = ['transcript.md', 'transcript.html', 'a.txt', 'b.txt'].map((file) =>
    readFileSync(path.join(folder, file), 'utf8'),
  );
  for (const page of pages.slice(0, 3)) {
    expect(page).toContain('Guten Abend, Σωκράτης.');
    expect(page).toContain('Καλησπέρα, Σωκράτης.');
    expect(page).toMatch(/In Greek, translated in \d+ ms/);
  }
  expect(pages[1]).toContain('<div class="words" lang="el" dir="auto"><p>Καλησπέρα');
  expect(pages[0]).toMatch(/\n4 turns translated by scripted translator; \d+ ms a turn\n/);
});

it('a model translates, is asked again where it is busy, and the agents are told its words alone', async () => {
  const cwd = await temporaryFolder();
  const usage = { input: 100, output: 10, cached: 40 };
  const say = (text: string): Answer => ({ type: 'reply', pieces: [text], usage });
  const busy: Answer = { type: 'refuse', status: 429, message: 'slow down', headers: { 'retry-after': '0' } };
  const translator = await startModelServer('openai', [
    busy,
    say('<think>easy</think>Γεια σου, ⟦1⟧!'),
    say('Sei gegrüßt'),
    say('Sei gegrüßt, ⟦1⟧.'),
    { type: 'refuse', status: 400, message: 'no' },
  ]);
  const socrates = await startModelServer('ollama', [say('Χαίρε, Lichtenberg.')]);
  writeFileSync(path.join(cwd, 'a.yml'), '- Guten Tag, Σωκράτης!\n- Und wie geht es?\n');
  writeFileSync(
    path.join(cwd, '.env'),
    `OPENAI_API_KEY=sk-test-translator-1234\nOPENAI_BASE_URL=${translator.origin}/v1\nOLLAMA_HOST=${socrates.origin}\n`,
  );
  const result = await run(cwd, ...pair, '-a', 'scripted:a.yml', '-b', 'ollama:m', '--translate', '-M', '3');
  expect(result).toMatchObject({ code: 0, stderr: '' });

  const asked = JSON.stringify(socrates.requests[0]?.body);
  expect(asked).toContain('Γεια σου, Σωκράτης!');
  expect(asked).not.toContain('Guten Tag');
  const [, second, , fourth] = translator.requests.map(({ body }) => JSON.stringify(body));
  expect(second).toContain(
    'Georg Christoph Lichtenberg (m) says to Σωκράτης (m) from German (de) into Greek (el)',
  );
  expect(second).toContain('Guten Tag, ⟦1⟧!');
  expect(fourth).toContain('⟦1⟧ must stand in the translation exactly once');

  const { journal } = readMeeting(cwd);
  expect(journal.filter((event) => event.type === 'translation')).toMatchObject([
    { turn: 1, text: 'Γεια σου, Σωκράτης!', provider: 'openai', model: 'gpt-4o-mini', usage },
    { turn: 2, text: 'Sei gegrüßt, Lichtenberg.', usage: { input: 200, output: 20, cached: 80 } },
    { turn: 3, text: 'Und wie geht es?', failed: expect.stringMatching(/^openai: .*no/) as string },
  ]);
  expect(result.stdout).toMatch(/\nNot translated into Greek \(\d+ ms\): openai: /);
  expect(result.stdout).toContain('Ended after 3 turns');
});

it('a persona without a language, and a service that cannot translate, are the user’s mistake', async () => {
  const cwd = await temporaryFolder();
  writeFileSync(path.join(cwd, 'x.md'), '# Stoic Persona: Zeno (Griechisch)\n\nYou are Zeno.\n');
  const wrong = await run(cwd, 'meet', 'lichtenberg', 'x.md', ...examples, '--translate');
  expect(wrong).toMatchObject({ code: 2, stdout: '' });
  expect(wrong.stderr).toBe(
    'colloquy: x.md: "Griechisch" is no language code, which --translate needs; write a BCP 47 code into the title, such as (de) or (pt-BR)\n',
  );
  const eliza = await run(cwd, ...pair, ...examples, '--translator', 'eliza');
  expect(eliza.code).not.toBe(0);
  expect(eliza.stderr).toContain('--translator: eliza cannot translate; choose one of openai, ');
});

function readMeeting(cwd: string): { folder: string; journal: JournalEvent[] } {
  const transcripts = path.join(cwd, 'transcripts');
  const folder = path.join(transcripts, readdirSync(transcripts)[0] ?? '');
  const lines = readFileSync(path.join(folder, 'journal.jsonl'), 'utf8').trim().split('\n');
  return { folder, journal: lines.map((line) => JSON.parse(line) as JournalEvent) };
}
