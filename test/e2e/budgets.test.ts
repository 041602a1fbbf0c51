import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JournalEvent } from '../../journal/event.ts';
import type { Usage } from '../../wire/types.ts';
import { startModelServer, type Answer } from '../support/model-server.ts';
import { colloquy, run } from '../support/program.ts';
import { temporaryFolder } from '../support/temporary.ts';

const say = (text: string, input: number, output: number, cached = 0): Answer => ({
  type: 'reply',
  pieces: [text],
  usage: { input, output, cached },
});

/** A working folder with two personas, keys, and where the models are. */
async function prepare(servers: { readonly openai?: string; readonly anthropic?: string }): Promise<string> {
  const cwd = await temporaryFolder();
  const { openai = 'http://127.0.0.1:9', anthropic = 'http://127.0.0.1:9' } = servers;
  writeFileSync(
    path.join(cwd, '.env'),
    `OPENAI_API_KEY=sk-test\nOPENAI_BASE_URL=${openai}/v1\nANTHROPIC_API_KEY=sk-test\nANTHROPIC_BASE_URL=${anthropic}\n`,
  );
  for (const name of ['Ada', 'Bert']) {
    writeFileSync(path.join(cwd, `${name}.md`), `# Person Persona: ${name} (en) [f]\n\nYou are ${name}.\n`);
  }
  return cwd;
}

function folderOf(cwd: string): string {
  const [meeting = ''] = readdirSync(path.join(cwd, 'transcripts'));
  return path.join(cwd, 'transcripts', meeting);
}

function eventsIn(cwd: string): readonly JournalEvent[] {
  try {
    const lines = readFileSync(path.join(folderOf(cwd), 'journal.jsonl'), 'utf8')
      .split('\n')
      .slice(0, -1);
    return lines.map((line) => JSON.parse(line) as JournalEvent);
  } catch {
    return [];
  }
}

/** What the journal says was billed. */
function reportedIn(cwd: string): Usage {
  const none: Usage = { input: 0, output: 0, cached: 0 };
  return eventsIn(cwd).reduce((sum, event) => {
    const { input, output, cached } = ('meta' in event && event.meta?.usage) || none;
    return { input: sum.input + input, output: sum.output + output, cached: sum.cached + cached };
  }, none);
}

describe('the usage that a meeting reports', () => {
  it('is what the servers said, to the token, whatever they were asked for again', async () => {
    const openai = await startModelServer('openai', [
      say('Good evening.', 101, 7),
      { type: 'refuse', status: 429, message: 'slow down', headers: { 'retry-after': '0' } },
      // Nothing but a blank: asked again.
      say(' ', 203, 1, 100),
      say('That depends.', 205, 11, 100),
    ]);
    const anthropic = await startModelServer('anthropic', [
      // Cut off, when it has said what the prompt costs, and one token of the reply.
      { ...say('Once', 307, 0, 50), ending: 'early-end' } as Answer,
      say('Is it late?', 311, 13, 50),
      say('Good night.', 401, 17, 300),
    ]);
    const cwd = await prepare({ openai: openai.origin, anthropic: anthropic.origin });
    const flags = ['-a', 'openai', '-b', 'anthropic', '--first', 'a', '-M', '4'];
    const result = await run(cwd, 'meet', 'Ada.md', 'Bert.md', ...flags);
    expect(result).toMatchObject({ code: 0, stderr: '' });
    expect([openai.requests.length, anthropic.requests.length]).toEqual([4, 3]);
    expect(reportedIn(cwd)).toEqual({
      input: 101 + 203 + 205 + 307 + 311 + 401,
      output: 7 + 1 + 11 + 1 + 13 + 17,
      cached: 100 + 100 + 50 + 50 + 300,
    });

    // The same in what is shown: before, after, and in every transcript.
    expect(result.stdout).toMatch(/^Expected: about [\d,]+ tokens read, [\d,]+ written, \$0\.\d{4}/);
    const row = /Both +4 +1,528 +600 +50 +\$0\.00\d\d/;
    expect(result.stdout).toMatch(row);
    const markdown = readFileSync(path.join(folderOf(cwd), 'transcript.md'), 'utf8');
    expect(markdown).toMatch(/\| Both \| 4 \| 1,528 \| 600 \| 50 \| \\?\$0\.00\d\d \|/);
    expect(readFileSync(path.join(folderOf(cwd), 'transcript.html'), 'utf8')).toContain('<td>1,528</td>');
    const shown = await run(cwd, 'transcript', 'show', path.basename(folderOf(cwd)));
    expect(shown.stdout).toMatch(row);
    // What was charged is kept: prices that change later change nothing.
    expect(eventsIn(cwd)[0]).toMatchObject({
      settings: { prices: { a: { input: 0.15, cached: 0.075, output: 0.6 }, b: { stored: 3.75 } } },
    });
  });

  it('is what the servers said when the proxy was killed and another goes on, to the limit it began with', async () => {
    const replies = Array.from({ length: 9 }, (_, index) => say(`Turn by turn, ${index}.`, 100 + index, 10));
    const openai = await startModelServer('openai', replies);
    const cwd = await prepare({ openai: openai.origin });
    const ports = ['--port-a', '0', '--port-b', '0', '-v'];
    const proxy = colloquy(cwd, 'proxy', '--max-tokens', '600', '--first', 'a', '--rate', '120', ...ports);
    const pattern = /port (\d+) for seat a and port (\d+) for seat b/;
    const [, a = '', b = ''] = await proxy.until(pattern, 'stderr');
    const agents = [
      colloquy(cwd, 'agent', '-s', 'openai', '-p', a, 'Ada.md'),
      colloquy(cwd, 'agent', '-s', 'openai', '-p', b, 'Bert.md'),
    ];
    while (eventsIn(cwd).filter(({ type }) => type === 'turn').length < 2) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    process.kill(proxy.pid, 'SIGKILL');
    await proxy.ended;
    const next = colloquy(cwd, 'proxy', '--port-a', a, '--port-b', b);
    for (const agent of agents) expect((await agent.ended).code).toBe(0);
    const asked = openai.requests.length;
    expect(asked).toBe(6);
    expect(reportedIn(cwd)).toEqual({ input: 600 + 15, output: 60, cached: 0 });
    expect(eventsIn(cwd).at(-1)).toMatchObject({ reason: 'max-tokens', detail: '675 of 600 tokens' });
    process.kill(next.pid, 'SIGTERM');
    await next.ended;
  });
});

describe('colloquy meet', () => {
  const scripted = async (replies: string): Promise<string> => {
    const cwd = await prepare({});
    writeFileSync(path.join(cwd, 'replies.yml'), `at_end: repeat-last\nreplies:\n  - ${replies}\n`);
    return cwd;
  };
  const pair = ['meet', 'Ada.md', 'Bert.md', '-a', 'scripted:replies.yml', '-b', 'scripted:replies.yml'];

  it('ends when so much money is spent, by the prices of one’s own file', async () => {
    const cwd = await scripted('{ text: "Well.", usage: { input: 1000, output: 100, cached: 500 } }');
    mkdirSync(path.join(cwd, 'config'));
    const prices = 'scripted:\n  models:\n    "*": { input: 2, cached: 1, output: 5 }\n';
    writeFileSync(path.join(cwd, 'config', 'prices.yml'), prices);
    // A turn costs 500 x 2 + 500 x 1 + 100 x 5 millionths: 0.002.
    const { code, stdout } = await run(cwd, ...pair, '--max-cost', '0.0055', '-M', '0');
    expect(code).toBe(0);
    expect(stdout).toContain(
      'Ended after 3 turns: the cost limit was reached (max-cost): $0.0060 of $0.0055',
    );
    expect(stdout).toMatch(/Both +3 +3,000 +1,500 +300 +\$0\.0060/);
  });

  it('ends when nobody says anything', async () => {
    const cwd = await scripted('{ text: "Well.", delay_ms: 600000 }');
    const { code, stdout } = await run(cwd, ...pair, '--idle-seconds', '1');
    expect(code).toBe(0);
    expect(stdout).toContain('Ended after 0 turns: nobody said anything for too long (idle): 1 s');
  });

  it('tells the models how many messages are left, if asked to', async () => {
    const openai = await startModelServer('openai', [say('One.', 1, 1), say('Three.', 1, 1)]);
    const cwd = await prepare({ openai: openai.origin });
    writeFileSync(path.join(cwd, 'replies.txt'), 'Two.\n---\nFour.\n');
    const flags = ['-a', 'openai', '-b', 'scripted:replies.txt', '--first', 'a', '-M', '4'];
    const { code } = await run(cwd, 'meet', 'Ada.md', 'Bert.md', ...flags, '--tell-turns-left');
    expect(code).toBe(0);
    expect(JSON.stringify(openai.requests[0]?.body)).not.toContain('are left');
    expect(JSON.stringify(openai.requests[1]?.body)).toContain(
      '[note] Two messages are left in this conversation',
    );
    expect(eventsIn(cwd).filter(({ type }) => type === 'note').length).toBeGreaterThan(1);
  });

  it('--estimate says what it would take, and starts nothing', async () => {
    const cwd = await prepare({});
    const flags = ['-a', 'openai:gpt-4o', '-b', 'ollama', '-M', '40', '--max-cost', '0.02', '--estimate'];
    const { code, stdout } = await run(cwd, 'meet', 'Ada.md', 'Bert.md', ...flags);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Expected, 40 messages of about 120 tokens: about [\d,]+ tokens read/);
    expect(stdout).toMatch(/Ada +openai gpt-4o +[\d,]+ +[\d,]+ +2,400 +\$0\.\d{4} +\$0\.\d{4}\n/);
    expect(stdout).toMatch(/80 messages would be about [\d,]+ tokens read/);
    expect(stdout).toMatch(/--max-cost 0\.02 is expected to end it after \d+ messages/);
    expect(readdirSync(cwd)).not.toContain('transcripts');
  });

  it('does not begin with a limit of the cost that nobody can count', async () => {
    const cwd = await prepare({});
    const flags = ['-a', 'openai:my-own', '-b', 'ollama', '--max-cost', '1'];
    const { code, stderr } = await run(cwd, 'meet', 'Ada.md', 'Bert.md', ...flags);
    expect(code).toBe(2);
    expect(stderr).toBe(
      'colloquy: --max-cost cannot be kept, since no price is known for openai my-own (seat a): add it to config/prices.yml (docs/budgets.md)\n',
    );
    expect(readdirSync(cwd)).not.toContain('transcripts');
  });
});
