import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { programPath } from '../../config/paths.ts';
import type { JournalEvent } from '../../journal/event.ts';
import { startModelServer, type Answer, type ModelServer } from '../support/model-server.ts';
import { Program } from '../support/program.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { messagesOf } from '../support/tokens.ts';

const long = `Once more: ${'the moon above the river '.repeat(60)}`;
const say = (text: string, more: Partial<Extract<Answer, { type: 'reply' }>> = {}): Answer => ({
  type: 'reply',
  pieces: [text],
  usage: { input: 100, output: 10, cached: 0 },
  ...more,
});

describe('a meeting that outgrows the window', () => {
  it('goes on, and its transcript says what each of the two goes on without', async () => {
    const openai = await startModelServer('openai', () => say(long));
    const ollama = await startModelServer('ollama', () => say(long));
    const { events, markdown, stdout } = await meet(openai, ollama, ['-M', '24', '--context-tokens', '4000']);
    expect(stdout).toContain('Ended after 24 turns');
    const cuts = events.filter((event) => event.type === 'truncated');
    expect(new Set(cuts.map(({ seat }) => seat))).toEqual(new Set(['a', 'b']));
    expect(markdown).toMatch(/goes on without \d+ messages, from message 3: no room left in the context/);
    expect(cuts.every(({ seq }) => events[seq]?.type !== 'stop')).toBe(true);

    const asked = ollama.requests.at(-1)?.body ?? {};
    expect(asked).toMatchObject({ options: { num_ctx: 4_000, seed: 7 } });
    expect(messagesOf(asked).length).toBeLessThan(20);
    expect(openai.requests.at(-1)?.body).toMatchObject({ seed: 7 });
    // The settings that it was held with are in the journal.
    expect(events[0]).toMatchObject({
      seats: { a: { parameters: { context_tokens: 4_000, context_strategy: 'truncate-middle' }, seed: 7 } },
    });
  });

  it('says why a turn is not what was meant, what was thought, and that a model is loaded again and again', async () => {
    const ends: Partial<Extract<Answer, { type: 'reply' }>>[] = [
      { finish: 'length' },
      { finish: 'content_filter', pieces: [] },
      { reasoning: ['Is it the moon?'] },
      {},
    ];
    const openai = await startModelServer('openai', (_body, index) => say('Well.', ends[index]));
    const ollama = await startModelServer('ollama', () => say('So.', { loadMs: 4_000 }));
    const flags = ['-M', '8', '--first', 'b', '--show-reasoning'];
    const { markdown, html, stdout } = await meet(openai, ollama, flags);
    for (const page of [markdown, html]) {
      expect(page).toContain('cut off at the token limit');
      expect(page).toContain('stopped by a content filter');
      expect(page).toContain('thinks: Is it the moon?');
      expect(page.match(/loads llama3\.2 anew for each reply/g)).toHaveLength(1);
    }
    expect(stdout).toContain('[cut off at the token limit]');
    expect(stdout).toContain('[stopped by a content filter]');
    // Its thoughts are nobody's business on the other side.
    expect(JSON.stringify(ollama.requests.map(({ body }) => body))).not.toContain('Is it the moon');
  });
});

interface Held {
  readonly events: readonly JournalEvent[];
  readonly markdown: string;
  readonly html: string;
  readonly stdout: string;
}

async function meet(openai: ModelServer, ollama: ModelServer, flags: readonly string[]): Promise<Held> {
  const cwd = await temporaryFolder();
  const env = {
    OPENAI_API_KEY: 'sk-test',
    OPENAI_BASE_URL: `${openai.origin}/v1`,
    OLLAMA_HOST: ollama.origin,
  };
  const args = ['meet', 'lichtenberg', 'galileo', '-a', 'openai:gpt-4o-mini', '-b', 'ollama:llama3.2'];
  const program = new Program(
    process.execPath,
    [programPath, ...args, '--seed', '7', '--loops', 'off', ...flags],
    {
      cwd,
      env,
    },
  );
  program.child.stdin.end();
  expect(await program.ended).toMatchObject({ code: 0 });
  const folder = path.join(cwd, 'transcripts', readdirSync(path.join(cwd, 'transcripts'))[0] ?? '');
  const read = (file: string): string => readFileSync(path.join(folder, file), 'utf8');
  const lines = read('journal.jsonl').trim().split('\n');
  return {
    events: lines.map((line) => JSON.parse(line) as JournalEvent),
    markdown: read('transcript.md'),
    html: read('transcript.html'),
    stdout: program.stdout,
  };
}
