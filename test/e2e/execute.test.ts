import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../../config/paths.ts';
import type { JournalEvent } from '../../journal/event.ts';
import { Program, colloquy, descendantsOf, run, untilGone } from '../support/program.ts';
import { programPath } from '../../config/paths.ts';
import { temporaryFolder } from '../support/temporary.ts';

const examples = path.join(packageRoot, 'examples');

function journalOf(folder: string): JournalEvent[] {
  const transcripts = path.join(folder, 'transcripts');
  const meetings = readdirSync(transcripts);
  expect(meetings).toHaveLength(1);
  return readJournal(path.join(transcripts, meetings[0] as string));
}

function readJournal(meeting: string): JournalEvent[] {
  const lines = readFileSync(path.join(meeting, 'journal.jsonl'), 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as JournalEvent);
}

function ofType<T extends JournalEvent['type']>(
  events: JournalEvent[],
  type: T,
): Extract<JournalEvent, { type: T }>[] {
  return events.filter((event): event is Extract<JournalEvent, { type: T }> => event.type === type);
}

/** Files of replies for both seats. */
async function write(folder: string, a: string[], b: string[], atEnd = 'bye'): Promise<string[]> {
  const toYaml = (replies: string[]): string =>
    `at_end: ${atEnd}\nreplies:\n${replies.map((reply) => `  - ${JSON.stringify(reply)}\n`).join('')}`;
  await writeFile(path.join(folder, 'a.yml'), toYaml(a));
  await writeFile(path.join(folder, 'b.yml'), toYaml(b));
  return [
    'meet',
    'programmer',
    'tester',
    '-a',
    'scripted:a.yml',
    '-b',
    'scripted:b.yml',
    '--first',
    'a',
    '--execute',
  ];
}

const code = (text: string): string => `RUN-CODE\n\`\`\`python\n${text}\n\`\`\``;
const test = (text: string): string => `TEST-ASSERT\n\`\`\`python\n${text}\n\`\`\``;

describe('colloquy meet --execute', () => {
  it('lets two program: a test fails, the code is mended, and the meeting ends when two tests have passed', async () => {
    const folder = await temporaryFolder();
    const { code, stdout } = await run(
      folder,
      ...['meet', 'programmer', 'tester', '--execute', '--first', 'a'],
      ...['-a', `scripted:${path.join(examples, 'fibonacci-programmer.yml')}`],
      ...['-b', `scripted:${path.join(examples, 'fibonacci-tester.yml')}`],
    );
    expect(stdout).toMatch(
      /Test block 1: failed[^]*Test block 1: passed[^]*Test block 1: passed[^]*tests-passed/,
    );
    expect(code).toBe(0);
    const events = journalOf(folder);
    const tests = ofType(events, 'result').filter(({ kind }) => kind === 'test');
    expect(tests.map(({ outcome }) => outcome)).toEqual(['failed', 'ok', 'ok']);
    expect(tests[0]?.detail).toBe('AssertionError: assert fib(10) == 55 (6 == 55)');
    expect(events.at(-1)).toMatchObject({ type: 'stop', reason: 'tests-passed' });
    const readme = readFileSync(path.join(packageRoot, 'README.md'), 'utf8');
    const shown = /^ {4}\[1\] Petra[^]*?^ {4}Ended after .*$/m.exec(readme)?.[0].replace(/^ {4}/gm, '') ?? '';
    const withoutTimes = (text: string): string => text.replace(/\d+ ms, \w+/g, '… ms');
    for (const part of withoutTimes(shown).split('\n[…]\n')) expect(withoutTimes(stdout)).toContain(part);
  });

  it('keeps the files that the code made, and shows its figures in the page', async () => {
    const folder = await temporaryFolder();
    const png =
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    const args = await write(
      folder,
      [
        code(
          `import base64, os\nos.mkdir("out")\nopen("out/dot.png", "wb").write(base64.b64decode("${png}"))\nopen("notes.txt", "w").write("kept");`,
        ),
      ],
      ['Seen.'],
    );
    await run(folder, ...args, '-M', '2');
    const meeting = path.join(
      folder,
      'transcripts',
      readdirSync(path.join(folder, 'transcripts'))[0] as string,
    );
    expect(readFileSync(path.join(meeting, 'workspace/notes.txt'), 'utf8')).toBe('kept');
    expect(readFileSync(path.join(meeting, 'workspace/out/dot.png')).toString('base64')).toBe(png);
    expect(readFileSync(path.join(meeting, 'transcript.html'), 'utf8')).toContain(
      `src="data:image/png;base64,${png}"`,
    );
    expect(ofType(readJournal(meeting), 'result')[0]?.files).toEqual([
      { path: 'notes.txt', bytes: 4 },
      { path: 'out/dot.png', bytes: expect.any(Number) as number },
    ]);
  });

  it('goes on when the sidecar is killed in the middle of a block: told so, and with a new session', async () => {
    const folder = await temporaryFolder();
    const args = await write(
      folder,
      [
        code('x = 1\nopen("kept.txt", "w").write("still here");'),
        code('print("begun")\nimport time\ntime.sleep(8)'),
        code('open("kept.txt").read(), "x" in globals()'),
      ],
      ['Go on.', 'And?', 'Good.'],
    );
    const program = colloquy(folder, ...args, '-M', '6');
    await program.until(/\[3\]/);
    const sidecar = await findSidecar(program.pid);
    const started = performance.now();
    while (ofType(journalOf(folder), 'block').length < 2 && performance.now() - started < 10_000) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const interpreters = descendantsOf(sidecar);
    process.kill(sidecar, 'SIGKILL');
    expect((await program.ended).code).toBe(0);
    await untilGone([sidecar, ...interpreters], 30_000);
    const results = ofType(journalOf(folder), 'result');
    expect(results.map(({ outcome }) => outcome)).toEqual(['ok', 'lost', 'ok']);
    expect(results[1]?.detail).toMatch(/session lost, variables gone: the sidecar/);
    expect(results[2]?.output).toContain('False');
    expect(journalOf(folder).at(-1)).toMatchObject({ reason: 'max-messages' });
  });

  it('leaves no process behind', async () => {
    const folder = await temporaryFolder();
    const args = await write(folder, [code('import time\ntime.sleep(60)')], ['Never.']);
    const program = colloquy(folder, ...args);
    await program.until(/running code block 1|\[1\]/i);
    await findSidecar(program.pid);
    const all = descendantsOf(program.pid);
    program.child.kill('SIGKILL');
    await untilGone(all, 30_000);
  });

  it('runs nothing for a seat that may not, and says so', async () => {
    const folder = await temporaryFolder();
    const args = await write(folder, [code('1')], [code('2')]);
    await run(folder, ...args, '--execute-seats', 'b', '-M', '2');
    const results = ofType(journalOf(folder), 'result');
    expect(results.map(({ outcome }) => outcome)).toEqual(['refused', 'ok']);
    expect(results[0]?.detail).toBe('only seat b may have code run in this meeting');
  });

  it('refuses by its rules, and says which; --no-policy leaves them out', async () => {
    const folder = await temporaryFolder();
    const args = await write(folder, [code('import os\nos.system("echo by a shell")')], ['I see.']);
    const first = await run(folder, ...args, '-M', '2', '--transcripts', 'transcripts');
    expect(first.stdout).toMatch(/refused[^]*os\.system/);
    const second = await run(folder, ...args, '-M', '2', '--no-policy', '--transcripts', 'others');
    expect(second.stdout).not.toMatch(/refused/);
  });

  it('asks a person with --approve, and runs nothing where nobody can be asked', async () => {
    const folder = await temporaryFolder();
    const args = await write(folder, [code('1')], ['I see.']);
    await run(folder, ...args, '-M', '2', '--approve');
    expect(ofType(journalOf(folder), 'result')[0]).toMatchObject({ outcome: 'refused' });
  });
});

describe('colloquy sidecar', () => {
  it('serves a proxy that is told where it is', async () => {
    const folder = await temporaryFolder();
    const sidecar = colloquy(folder, 'sidecar', '--listen', '127.0.0.1:0');
    const [, port] = await sidecar.until(/port (\d+)/, 'stderr');
    const args = await write(folder, [code('40 + 2')], ['I see.']);
    const { stdout } = await run(folder, ...args, '-M', '2', '--sidecar', `127.0.0.1:${port}`);
    expect(stdout).toContain('42');
    sidecar.child.kill('SIGTERM');
    expect((await sidecar.ended).code).toBe(0);
  });

  it('that is not there costs the results and not the meeting', async () => {
    const folder = await temporaryFolder();
    const args = await write(folder, [code('40 + 2')], ['I see.']);
    const { stdout, stderr, code: exit } = await run(folder, ...args, '-M', '2', '--sidecar', '127.0.0.1:9');
    expect(stderr).toMatch(/Execution is off: the sidecar at 127\.0\.0\.1:9 is not there/);
    expect(stdout).toContain('I see.');
    expect(ofType(journalOf(folder), 'result')[0]).toMatchObject({ outcome: 'unavailable' });
    expect(exit).toBe(0);
  });

  it('listens for others only with a token', async () => {
    const { code, stderr } = await run(await temporaryFolder(), 'sidecar', '--listen', '0.0.0.0:0');
    expect(stderr).toMatch(/execution\.sidecar_token/);
    expect(code).toBe(2);
  });
});

describe('colloquy run', () => {
  const good = `# Notes\n\n${code('def double(n): return 2 * n\ndouble(4)')}\n\n${test('assert double(21) == 42')}\n`;

  it('runs the blocks of a file, prints what came out, and leaves with 0 when all is well', async () => {
    const folder = await temporaryFolder();
    await writeFile(path.join(folder, 'notes.md'), good);
    const { code, stdout } = await run(folder, 'run', 'notes.md');
    expect(stdout).toMatch(/✓ Code block 1 ran[^]*\n {2}8\n[^]*✓ Test block 1 passed/);
    expect(code).toBe(0);
  });

  it.each([
    ['a test that fails', test('assert 1 == 2'), /1 of 1 block did not/],
    ['code that raises', code('1 / 0'), /ZeroDivisionError/],
    ['a block that is never closed', 'RUN-CODE\n```python\nx = 1', /line 2|line 1/],
    ['code that leaves early', code('import sys\nsys.exit(0)'), /must run to its end/],
  ])('leaves with 1 for %s', async (_title, text, said) => {
    const folder = await temporaryFolder();
    await writeFile(path.join(folder, 'notes.md'), text);
    const { code, stdout, stderr } = await run(folder, 'run', 'notes.md', '--no-policy');
    expect(stdout + stderr).toMatch(said);
    expect(code).toBe(1);
  });

  it('reads stdin, and answers programs in JSON', async () => {
    const program = new Program(process.execPath, [programPath, 'run', '-', '--json'], {
      cwd: await temporaryFolder(),
    });
    program.child.stdin.end(good);
    expect((await program.ended).code).toBe(0);
    expect(JSON.parse(program.stdout)).toMatchObject({
      tier: expect.any(String) as string,
      blocks: [
        { kind: 'code', number: 1, language: 'python', outcome: 'ok', output: '8\n' },
        { kind: 'test', number: 1, outcome: 'ok', passed: true },
      ],
      problems: [],
    });
  });

  it('says how, when there is nothing to run', async () => {
    const folder = await temporaryFolder();
    await writeFile(path.join(folder, 'notes.md'), '```python\nprint(1)\n```\n');
    const marked = await run(folder, 'run', 'notes.md');
    expect(marked.stderr).toMatch(/notes\.md has no block to run.*--blocks fenced/);
    expect(marked.code).toBe(2);
    expect((await run(folder, 'run', 'notes.md', '--blocks', 'fenced')).code).toBe(0);
    expect((await run(folder, 'run', 'missing.md')).stderr).toMatch(/missing\.md cannot be read/);
  });

  it('keeps files where it is told to', async () => {
    const folder = await temporaryFolder();
    await writeFile(path.join(folder, 'notes.md'), code('open("a.txt", "w").write("hi");'));
    await run(folder, 'run', 'notes.md', '--workspace', 'out');
    expect(readFileSync(path.join(folder, 'out/a.txt'), 'utf8')).toBe('hi');
    expect(existsSync(path.join(folder, 'a.txt'))).toBe(false);
  });

  it('never runs without a wall because a flag says so', async () => {
    const folder = await temporaryFolder();
    await writeFile(path.join(folder, 'notes.md'), good);
    const { code, stderr } = await run(folder, 'run', 'notes.md', '--tier', 'none-i-accept-the-risk');
    expect(stderr).toMatch(/tier/);
    expect(code).toBe(2);
  });
});

/** The sidecar among the processes of a launcher. */
async function findSidecar(launcher: number): Promise<number> {
  for (let attempt = 0; attempt < 500; attempt++) {
    for (const pid of descendantsOf(launcher)) {
      try {
        if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes('sidecar')) return pid;
      } catch {
        // Gone already.
      }
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error('no sidecar was started');
}
