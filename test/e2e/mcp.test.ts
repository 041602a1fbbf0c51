import { mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { hold } from '../../library/hold.ts';
import { talkingProvider } from '../support/gated-provider.ts';
import { connectToMcp, type McpSession } from '../support/mcp-client.ts';
import { startModelServer } from '../support/model-server.ts';
import { colloquy, descendantsOf, run, untilGone } from '../support/program.ts';
import { temporaryFolder } from '../support/temporary.ts';

const builtIn = { a: { service: 'eliza' }, b: { service: 'parry' } };

/** Whom Ollama is meant to write for, and who does not wait for it. */
const slow = {
  a: { persona: 'sherlock-holmes', service: 'ollama', model: 'm' },
  b: { service: 'eliza' },
  first: 'a',
};

/** Resolves with the processes below `pid` that run these commands, when each of them is there. */
async function untilStarted(pid: number, commands: readonly string[]): Promise<number[]> {
  const find = (): number[] =>
    commands.flatMap((command) => descendantsOf(pid).filter((each) => commandOf(each) === command));
  await expect.poll(() => find().length, { timeout: 20_000 }).toBe(commands.length);
  return find();
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').join(' ').trimEnd();
  } catch {
    return '';
  }
}

async function errorOf({ call }: McpSession, name: string, given: Record<string, unknown>): Promise<string> {
  const { isError, text } = await call(name, given);
  expect({ name, given, isError }).toEqual({ name, given, isError: true });
  return text;
}

describe('colloquy mcp', () => {
  it.each(['legacy', 'auto'] as const)(
    'tells what it can do, and holds a meeting with progress, for a client of the %s protocol',
    async (era) => {
      const cwd = await temporaryFolder();
      const session = await connectToMcp(cwd, { era });
      const { client, call } = session;
      expect(client.getServerVersion()?.name).toBe('colloquy');
      const { tools } = await client.listTools();
      const readOnly = tools.filter(({ annotations }) => annotations?.readOnlyHint).map(({ name }) => name);
      expect(tools.map(({ name }) => name).sort()).toEqual([
        'hold_meeting',
        'list_meetings',
        'list_personas',
        'read_meeting',
        'run_code',
      ]);
      expect(readOnly.sort()).toEqual(['list_meetings', 'list_personas', 'read_meeting']);
      for (const { outputSchema } of tools) expect(outputSchema).toMatchObject({ type: 'object' });

      const { data: who } = await call('list_personas');
      expect(who['personas']).toContainEqual(
        expect.objectContaining({ persona: 'galileo', name: 'Galileo Galilei' }),
      );
      expect(who['services']).toEqual(['openai', 'anthropic', 'ollama', 'lmstudio', 'eliza', 'parry']);

      const progress: unknown[] = [];
      const wish = { ...builtIn, topic: 'I dream of rabbits.', first: 'a', max_messages: 4 };
      const { data, text } = await call('hold_meeting', wish, {
        onprogress: (each) => void progress.push(each),
      });
      expect(data).toMatchObject({ stop_reason: 'max-messages', turns: 4, tokens: 0, cost: 0 });
      expect(text).toBe(data['transcript']);
      expect(progress).toMatchObject(
        [1, 2, 3, 4].map((turn) => ({
          progress: turn,
          total: 4,
          message: expect.stringMatching(turn % 2 ? /^Eliza: ./ : /^Parry: ./) as string,
        })),
      );
      const id = String(data['id']);
      const journal = readFileSync(path.join(cwd, 'transcripts', id, 'journal.jsonl'), 'utf8');
      expect(journal).toContain('"hello":"I dream of rabbits."');

      expect((await call('list_meetings')).data).toMatchObject({
        meetings: [{ id, names: ['Eliza', 'Parry'], turns: 4, ended: 'max-messages' }],
      });
      expect((await call('read_meeting', { id })).text).toBe(text);
      const { resources } = await client.listResources();
      expect(resources).toMatchObject([{ name: id, uri: data['uri'], mimeType: 'text/markdown' }]);
      const { contents } = await client.readResource({ uri: String(data['uri']) });
      expect(contents).toMatchObject([{ uri: data['uri'], text }]);
    },
  );

  it('ends a meeting that is cancelled, at once, and holds no more at a time than it may', async () => {
    const cwd = await temporaryFolder();
    const server = await startModelServer('ollama', [{ type: 'silence' }, { type: 'silence' }]);
    const session = await connectToMcp(cwd, {
      args: ['--meetings', '1'],
      env: { OLLAMA_HOST: server.origin },
    });
    const cancel = new AbortController();
    const cancelled = session.call('hold_meeting', slow, { signal: cancel.signal });
    await server.untilAsked(1);
    expect(await errorOf(session, 'hold_meeting', builtIn)).toMatch(/^1 meetings? goe?s? on already/);
    cancel.abort();
    await expect(cancelled).rejects.toThrow();
    await server.requests[0]?.closed;
    // There is room for another, as soon as that one is written.
    let next = await session.call('hold_meeting', { ...builtIn, max_messages: 2 });
    while (next.isError) next = await session.call('hold_meeting', { ...builtIn, max_messages: 2 });
    const { meetings } = (await session.call('list_meetings')).data as { meetings: { ended: string }[] };
    expect(meetings.map(({ ended }) => ended).sort()).toEqual(['max-messages', 'stopped']);
  });

  it('takes neither programs nor files nor limits from a client, and never tells a key', async () => {
    const cwd = await temporaryFolder();
    const key = 'sk-very-secret-key-123456';
    const server = await startModelServer('openai', () => ({
      type: 'refuse',
      status: 401,
      message: `Incorrect API key provided: ${key}`,
    }));
    writeFileSync(path.join(cwd, '.env'), `OPENAI_API_KEY=${key}\nOPENAI_BASE_URL=${server.origin}/v1\n`);
    mkdirSync(path.join(cwd, 'personas'));
    writeFileSync(
      path.join(cwd, 'personas', 'shell.md'),
      '---\nservice: command\n---\n\n# X Persona: Sh (en)\n\nx\n',
    );
    writeFileSync(path.join(cwd, 'notes.md'), 'private\n');
    const session = await connectToMcp(cwd, { args: ['--max-messages', '6'] });
    const b = { service: 'eliza' };
    const wrong = [
      [{ a: { service: 'command' }, b }, /a\.service: Invalid option/],
      [{ a: { service: 'eliza', command: 'id' }, b }, /Unrecognized key: "command"/],
      [
        { a: { persona: 'shell' }, b },
        /^a: say who writes.*\(command, which the persona names, is not offered here\)/,
      ],
      [{ a: { persona_text: '---\nservice: command\n---\n\nx' }, b }, /command, which the persona names/],
      [{ a: { persona: '../notes', service: 'eliza' }, b }, /no persona is called/],
      [{ a: { persona: 'notes.md', service: 'eliza' }, b }, /no persona is called/],
      [{ a: { persona: '/etc/passwd', service: 'eliza' }, b }, /no persona is called/],
      [{ ...builtIn, max_messages: 7 }, /max_messages: Too big/],
    ] as const;
    for (const [given, sentence] of wrong) {
      expect(await errorOf(session, 'hold_meeting', given)).toMatch(sentence);
    }
    const refused = await errorOf(session, 'hold_meeting', {
      a: { persona: 'sherlock-holmes', service: 'openai' },
      b,
    });
    expect(refused).toMatch(/^openai: .*401.*; what was said until then: read_meeting \S+$/s);
    expect(refused).not.toContain(key);
    expect(server.requests[0]?.headers['authorization']).toBe(`Bearer ${key}`);
    for (const id of readdirSync(path.join(cwd, 'transcripts'))) {
      expect((await session.call('read_meeting', { id })).text).not.toContain(key);
    }
    const { code, stderr } = await run(cwd, 'mcp', '--services', 'eliza,command');
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: expect.stringContaining('--services: "command" cannot be offered to clients') as string,
    });
  });

  it('runs code in the sandbox, which knows nothing of this machine, and bounds what it prints', async () => {
    const cwd = await temporaryFolder();
    const secret = path.join(cwd, 'secret.txt');
    writeFileSync(secret, 'the secret');
    const session = await connectToMcp(cwd, { env: { OPENAI_API_KEY: 'sk-very-secret-key-123456' } });
    const python = async (code: string, more = {}) =>
      (await session.call('run_code', { code, ...more })).data;
    expect(await python('6 * 7')).toMatchObject({ outcome: 'ok', output: '42\n' });
    expect(await python(`print(open(${JSON.stringify(secret)}).read())`)).toMatchObject({
      outcome: 'failed',
      detail: expect.stringContaining('FileNotFoundError') as string,
    });
    expect(String((await python('import os\nprint(dict(os.environ))'))['output'])).not.toContain('sk-very');
    expect(await python('1 / 0')).toMatchObject({
      outcome: 'failed',
      detail: 'ZeroDivisionError: division by zero',
    });
    const long = String((await python('print("x" * 3_000_000)'))['output']);
    expect(long.length).toBeGreaterThan(1_000);
    expect(long.length).toBeLessThan(100_000);
    await python('n = 1\nopen("kept.txt", "w").write("here")', { session: 'one' });
    expect(await python('print(n + 1, open("kept.txt").read())', { session: 'one' })).toMatchObject({
      output: '2 here\n',
    });
    expect(await python('n', { session: 'two' })).toMatchObject({ outcome: 'failed' });
    expect(await errorOf(session, 'run_code', { code: '1', language: 'cobol' })).toMatch(
      /language: Invalid option/,
    );
    expect(await errorOf(session, 'run_code', { code: 'let n: = 1', language: 'typescript' })).toBe(
      'the code is no TypeScript: Unexpected "=" on line 1',
    );
    const typed = { code: 'const n: number = 20;\nn * 2 + 2', language: 'typescript' };
    expect((await session.call('run_code', typed)).data).toMatchObject({ output: '42\n', sandbox: 'deno' });
  });

  it('ends code that is cancelled, at once, and runs neither what waits behind it nor holds up the rest', async () => {
    const cwd = await temporaryFolder();
    mkdirSync(path.join(cwd, 'config'));
    writeFileSync(
      path.join(cwd, 'config', 'proxy.yml'),
      'execution:\n  tier: bubblewrap\n  limits:\n    seconds: 300\n',
    );
    const session = await connectToMcp(cwd);
    const { call } = session;
    await call('run_code', { code: 'n = 1\nopen("kept.txt", "w").write("here")', session: 'one' });
    const cancel = new AbortController();
    const cancelled = (code: string, more = {}) =>
      expect(
        call('run_code', { code, language: 'bash', ...more }, { signal: cancel.signal }),
      ).rejects.toThrow();
    const both = Promise.all([cancelled('sleep 271'), cancelled('sleep 272', { session: 'one' })]);
    const sleeping = await untilStarted(session.pid, ['sleep 271', 'sleep 272']);
    const behind = cancelled('touch late.txt', { session: 'one' });
    cancel.abort();
    await Promise.all([both, behind]);
    await untilGone(sleeping, 30_000);
    const look = 'import os\nprint(os.listdir())\nn';
    const { data } = await call('run_code', { code: look, session: 'one' });
    expect(data).toMatchObject({ outcome: 'failed', detail: "NameError: name 'n' is not defined" });
    expect(String(data['output'])).toMatch(
      /^\[the session was lost since the last block.*\]\n\['kept\.txt'\]\n/,
    );
    expect((await call('run_code', { code: '6 * 7' })).data).toMatchObject({ output: '42\n' });
  });

  it('ends the code of a meeting that is cancelled', async () => {
    const cwd = await temporaryFolder();
    const reply = ['RUN-CODE\n```bash\n', 'sleep 273\n```\n'];
    const server = await startModelServer('ollama', () => ({ type: 'reply', pieces: reply }));
    mkdirSync(path.join(cwd, 'config'));
    writeFileSync(
      path.join(cwd, 'config', 'proxy.yml'),
      'execution:\n  tier: bubblewrap\n  limits:\n    seconds: 300\n',
    );
    const session = await connectToMcp(cwd, { env: { OLLAMA_HOST: server.origin } });
    const cancel = new AbortController();
    const cancelled = session.call('hold_meeting', { ...slow, run_code: true }, { signal: cancel.signal });
    const sleeping = await untilStarted(session.pid, ['sleep 273']);
    cancel.abort();
    await expect(cancelled).rejects.toThrow();
    await untilGone(sleeping, 30_000);
    const isStopped = async () =>
      ((await session.call('list_meetings')).data['meetings'] as { ended: string }[])[0]?.ended;
    await expect.poll(isStopped, { timeout: 60_000 }).toBe('stopped');
  });

  it.each([
    [
      'tier: bubblewrap\n  python: /nowhere/python3',
      /^no code can be run safely on this machine\. bubblewrap: /,
    ],
    ['tier: none-i-accept-the-risk', /^the code was not run: config\/proxy\.yml switches the sandbox off/],
  ])('runs no code where there is no sandbox: %s', async (execution, sentence) => {
    const cwd = await temporaryFolder();
    mkdirSync(path.join(cwd, 'config'));
    writeFileSync(path.join(cwd, 'config', 'proxy.yml'), `execution:\n  ${execution}\n`);
    const session = await connectToMcp(cwd);
    expect(await errorOf(session, 'run_code', { code: 'print(1)' })).toMatch(sentence);
    expect(await errorOf(session, 'hold_meeting', { ...builtIn, run_code: true })).toMatch(sentence);
  });

  it('reads long transcripts in pages, and nothing outside of their folder', async () => {
    const cwd = await temporaryFolder();
    const outside = await temporaryFolder();
    const held = async (transcripts: string, maxMessages: number, characters: number) => {
      const provider = talkingProvider((index) => `Point ${index + 1}. ${'word '.repeat(characters / 5)}`);
      const persona = { text: 'You talk.', name: 'Al' };
      const speaker = { persona, provider };
      return (
        await hold({ a: speaker, b: speaker, maxMessages, transcripts, settings: { 'loops.enabled': 'off' } })
          .finished
      ).id;
    };
    const transcripts = path.join(cwd, 'transcripts');
    const id = await held(transcripts, 5, 25_000);
    const strange = await held(outside, 1, 10);
    symlinkSync(path.join(outside, strange), path.join(transcripts, 'linked'));
    mkdirSync(path.join(transcripts, 'hollow'));
    symlinkSync(
      path.join(outside, strange, 'journal.jsonl'),
      path.join(transcripts, 'hollow', 'journal.jsonl'),
    );
    writeFileSync(
      path.join(cwd, 'journal.jsonl'),
      readFileSync(path.join(outside, strange, 'journal.jsonl')),
    );
    const session = await connectToMcp(cwd);

    const points = (text: string): string[] => text.match(/Point \d/g) ?? [];
    const pages: string[][] = [];
    for (let from: unknown = 1; from !== undefined;) {
      const { text, data } = await session.call('read_meeting', { id, from_turn: from });
      expect(text.length).toBeLessThan(130_000);
      pages.push(points(text));
      from = data['next_turn'];
    }
    expect(pages).toEqual([['Point 1', 'Point 2'], ['Point 3', 'Point 4'], ['Point 5']]);
    const { contents } = await session.client.readResource({ uri: `colloquy://meetings/${id}/turns/5` });
    expect(points((contents[0] as { text: string }).text)).toEqual(['Point 5']);

    const ids = [
      '../../etc/passwd',
      '..',
      '.',
      '../',
      `../${path.basename(cwd)}`,
      'linked',
      'hollow',
      '/etc',
      'x\u0000y',
    ];
    for (const hostile of ids) {
      expect(await errorOf(session, 'read_meeting', { id: hostile })).toMatch(/^no meeting is called /);
      for (const uri of [
        `colloquy://meetings/${hostile}`,
        `colloquy://meetings/${encodeURIComponent(hostile)}`,
      ]) {
        await expect(session.client.readResource({ uri })).rejects.toThrow(
          /no meeting is called|not found|invalid/i,
        );
      }
    }
    await expect(session.client.readResource({ uri: 'file:///etc/passwd' })).rejects.toThrow(/not found/);

    const others = await Promise.all(Array.from({ length: 3 }, () => held(transcripts, 1, 10)));
    const listed: string[] = [];
    for (let cursor: unknown; ;) {
      const { data } = await session.call('list_meetings', { limit: 3, ...(cursor ? { cursor } : {}) });
      listed.push(...(data['meetings'] as { id: string }[]).map((row) => row.id));
      cursor = data['next_cursor'];
      if (cursor === undefined) break;
    }
    expect(listed).toEqual([...others, id].sort().reverse());
  });

  it('says nothing on stdout but the protocol, and ends with its client', async () => {
    const cwd = await temporaryFolder();
    const server = await startModelServer('ollama', [{ type: 'silence' }]);
    writeFileSync(path.join(cwd, '.env'), `OLLAMA_HOST=${server.origin}\n`);
    const program = colloquy(cwd, 'mcp');
    const send = (message: object): void =>
      void program.child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`);
    const clientInfo = { name: 'test', version: '1' };
    send({
      id: 1,
      method: 'initialize',
      params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo },
    });
    send({ method: 'notifications/initialized' });
    send({
      id: 2,
      method: 'tools/call',
      params: { name: 'hold_meeting', arguments: { ...builtIn, max_messages: 2 } },
    });
    send({ id: 3, method: 'tools/call', params: { name: 'run_code', arguments: { code: 'print(1)' } } });
    await program.until(/"id":2/);
    await program.until(/"id":3/);
    send({ id: 4, method: 'tools/call', params: { name: 'hold_meeting', arguments: slow } });
    await server.untilAsked(1);
    program.child.stdin.end();
    expect(await program.ended).toEqual({ code: 0, signal: null });
    const lines = program.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { jsonrpc: string });
    expect(lines.every(({ jsonrpc }) => jsonrpc === '2.0')).toBe(true);
    expect(program.stderr).toBe('');
    const [last = ''] = readdirSync(path.join(cwd, 'transcripts')).filter((name) =>
      name.includes('sherlock'),
    );
    expect(readFileSync(path.join(cwd, 'transcripts', last, 'journal.jsonl'), 'utf8')).toContain(
      '"reason":"stopped"',
    );
  });
});
