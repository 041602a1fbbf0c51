import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { run } from '../support/program.ts';
import { startModelServer, type Answer } from '../support/model-server.ts';
import { temporaryFolder } from '../support/temporary.ts';

const say = (text: string): Answer => ({
  type: 'reply',
  pieces: text.split(/(?<= )/),
  usage: { input: 100, output: 10, cached: 0 },
});

it('with a key and a local model, two options bring Sheldon Cooper and his therapist together', async () => {
  const cwd = await temporaryFolder();
  const key = 'sk-test-not-a-real-key-1234';
  const openai = await startModelServer('openai', [
    say('I saw you move the chair.'),
    say('Bazinga is banned here.'),
  ]);
  const refused: Answer = {
    type: 'refuse',
    status: 429,
    message: 'slow down',
    headers: { 'retry-after': '0' },
  };
  const ollama = await startModelServer('ollama', [refused, say('How did that make you feel?')]);
  writeFileSync(
    path.join(cwd, '.env'),
    `OPENAI_API_KEY=${key}\nOPENAI_BASE_URL=${openai.origin}/v1\nOLLAMA_HOST=${ollama.origin}\n`,
  );
  const result = await run(
    cwd,
    'meet',
    '-a',
    'openai:gpt-4o-mini',
    '-b',
    'ollama:llama3.2',
    '--first',
    'a',
    '-M',
    '3',
  );
  expect(result).toMatchObject({ code: 0, stderr: '' });
  expect(result.stdout).toMatch(/Dr\. Sheldon Cooper meets Dr\. Winifred Oakes/);
  expect(result.stdout).toMatch(/rate limited by ollama, next try/);
  expect(result.stdout).toContain('How did that make you feel?');

  // The first turn is the persona's own opening line, and the second was asked for twice.
  expect(openai.requests).toHaveLength(1);
  const [asked] = openai.requests;
  expect(asked?.headers.authorization).toBe(`Bearer ${key}`);
  expect(asked?.body).toMatchObject({ model: 'gpt-4o-mini', stream: true });
  expect(JSON.stringify(asked?.body)).toContain('How this conversation works');
  expect(ollama.requests).toHaveLength(2);

  const folder = path.join(cwd, 'transcripts', readdirSync(path.join(cwd, 'transcripts'))[0] ?? '');
  for (const file of readdirSync(folder))
    expect(readFileSync(path.join(folder, file), 'utf8')).not.toContain(key);
  const journal = readFileSync(path.join(folder, 'journal.jsonl'), 'utf8');
  expect(journal).toContain('"usage":{"input":100,"output":10,"cached":0}');
  expect(readFileSync(path.join(folder, 'transcript.md'), 'utf8')).toContain('How did that make you feel?');
});

it('a wrong key ends the meeting with a sentence that does not repeat it', async () => {
  const cwd = await temporaryFolder();
  const key = 'sk-test-wrong-key-5678';
  const message = `Incorrect API key provided: ${key}`;
  const server = await startModelServer('openai', [{ type: 'refuse', status: 401, message }]);
  writeFileSync(path.join(cwd, '.env'), `OPENAI_API_KEY=${key}\nOPENAI_BASE_URL=${server.origin}/v1\n`);
  const result = await run(
    cwd,
    'meet',
    'lichtenberg',
    'parry',
    '-a',
    'openai',
    '-b',
    'parry',
    '--first',
    'a',
  );
  expect(result.code).toBe(1);
  expect(result.stderr).toMatch(
    /^colloquy: agent a: openai: the key was refused .*; check OPENAI_API_KEY\n$/,
  );
  expect(result.stdout).toMatch(/Ended after 0 turns: .*agent-lost.*the key was refused/);
  expect(JSON.stringify(result)).not.toContain(key);
});
