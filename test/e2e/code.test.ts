import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, it } from 'vitest';
import { startModelServer, type Answer, type ModelServer } from '../support/model-server.ts';
import { makeWheel, startPackageIndex } from '../support/package-index.ts';
import { colloquy, descendantsOf, run, untilGone } from '../support/program.ts';
import { temporaryFolder } from '../support/temporary.ts';

type Part = 'plan' | 'packages' | 'code' | 'mend';

interface Asked {
  readonly part: Part;
  /** From 0, of its part. */
  readonly index: number;
  /** The last message. */
  readonly text: string;
  readonly temperature: unknown;
}

it('has packages installed, and runs what lints best first, until a program passes its tests', async () => {
  const folder = await temporaryFolder();
  const index = await startPackageIndex(
    await makeWheel('greeter', '1.0', 'def greet(name):\n    return f"Hello, {name}!"\n'),
  );
  const { asked } = await models(folder, index.url, ({ part, index: at }) => {
    if (part === 'plan') return '1. Greet.\n2. \u001b[31mPrint.\u001b[0m';
    // Two of three name one that nobody has; pip says so, and the fourth answer is right.
    if (part === 'packages')
      return ['["greetr", "json"]', '["greetr"]', '["numpy"]', '["greeter"]'][at] ?? '[]';
    return [
      'Here it is:\n\n```python\ndef hello(:\n```',
      '```python\nfrom greeter import greet\n\n\ndef hello(name):\n    return greet(name)\n\n\nprint(hello("Ada") + 1)\n```',
      '```python\nimport os\nimport sys\nfrom greeter import greet\ndef hello(name): return greet(name)\nif __name__ == "__main__":\n    print(hello("Ada"))\n    open("made.txt", "w").write("x")\n```',
    ][at] as string;
  });
  await writeFile(
    path.join(folder, 'tests.py'),
    'import solution\nassert solution.hello("Bo") == "Hello, Bo!"\n',
  );
  await writeFile(
    path.join(folder, 'task.md'),
    'Greet Ada.\n\nTEST-ASSERT\n```python\nassert hello("Cy") == "Hello, Cy!"\n```\n',
  );
  await writeFile(path.join(folder, 'solution.py'), '# mine\n');

  const done = await run(
    folder,
    ...[
      'code',
      'task.md',
      '-s',
      'openai:m',
      '--tests',
      'tests.py',
      '--out',
      'solution.py',
      '--check-package-index=false',
    ],
  );

  expect(done.stderr).toBe('');
  expect(done.code).toBe(0);
  expect(done.stdout).not.toContain('\u001b');
  expect(done.stdout).toContain('json is part of Python');
  expect(done.stdout).toContain('numpy is left out: only 1 of 3 answers name it');
  expect(done.stdout).toMatch(/✗ .*greetr/);
  expect(done.stdout).toContain('✓ installed: greeter 1.0');
  expect(done.stdout).toMatch(/✗ sample 1 0\.00 of 10.*it is no Python: line 1/);
  expect(done.stdout).toMatch(/✗ sample 2: it ended with exit code 1: TypeError/);
  expect(done.stdout).toContain('✓ sample 3: it ended with exit code 0, and its 2 tests have passed');
  expect(asked.filter(({ part }) => part === 'code').map(({ temperature }) => temperature)).toEqual([
    0.3, 0.45, 0.675,
  ]);
  expect(asked.filter(({ part }) => part === 'packages').at(-1)?.text).toContain('greetr');
  expect(readFileSync(path.join(folder, 'solution.py'), 'utf8')).toContain('print(hello("Ada"))');

  const kept = runFolder(folder);
  const read = (name: string): string => readFileSync(path.join(kept, name), 'utf8');
  expect(read('replaced-solution.py')).toBe('# mine\n');
  expect(read('files/made.txt')).toBe('x');
  expect(read('requirements.txt')).toBe('greeter\n');
  expect(read('report.md')).toMatch(/^# Solved\n/);
  expect(read('report.md')).toContain('Hello, Ada!');
  expect(JSON.parse(read('run.json'))).toMatchObject({ state: 'solved' });
  const titles = [...read('prompts.md').matchAll(/^## \d+\. (.*)$/gm)].map(([, title]) => title);
  expect(titles.slice(0, 1)).toEqual(['plan']);
  expect(new Set(titles)).toEqual(
    new Set([
      'plan',
      ...[1, 2, 3].map((n) => `dependencies-${n}`),
      'install-1',
      ...[1, 2, 3].map((n) => `attempt-1-sample-${n}`),
    ]),
  );
  const types = read('events.jsonl')
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as { type: string }).type);
  expect(types.at(0)).toBe('started');
  expect(types.at(-1)).toBe('finished');
});

it('ends with code 1 and says why when a task cannot be done, and leaves no program that does not work', async () => {
  const folder = await temporaryFolder();
  const { asked } = await models(folder, undefined, ({ part, index: at }) => {
    if (part === 'plan') return '1. Fail.';
    return `\`\`\`python\nimport sys\nprint("try ${at}", input)\nsys.exit(${at + 3})\n\`\`\``;
  });
  const flags = ['--install-dependencies=false', '--sampling-strategy', 'none', '--max-coding-attempts', '2'];
  const done = await run(folder, 'code', '-t', 'Do what cannot be done.', '-s', 'openai:m', ...flags);
  const kept = runFolder(folder);
  expect(done.code).toBe(1);
  expect(done.stderr).toContain(`the task is not done; runs/${path.basename(kept)}/report.md tells why`);
  expect(done.stdout).toContain('coding_samples and sampling_temperature_multiplier are without effect');
  expect(done.stdout).toContain(
    'The task could not be done in 2 attempts; of the last program: it ended with exit code 4.',
  );
  expect(existsSync(path.join(folder, 'persistent_source.py'))).toBe(false);
  const report = readFileSync(path.join(kept, 'report.md'), 'utf8');
  expect(report).toMatch(/^# Not solved\n/);
  expect(report).toContain('1. it ended with exit code 3\n2. it ended with exit code 4\n');
  // What went wrong was told, with what it printed.
  expect(asked.at(-1)?.text).toMatch(/exit code 3[^]*try 0/);

  // With more attempts it goes on where it was: nothing is paid for twice.
  const before = asked.length;
  const more = await run(folder, 'code', '--resume', 'last', '--max-coding-attempts', '3');
  expect(more.code).toBe(1);
  expect(asked.length).toBe(before + 1);
});

it('shows a task without a model, into a folder that is made, and says what is missing before it asks', async () => {
  const folder = await temporaryFolder();
  const example = `scripted:${path.resolve('examples/a-coding-task.yml')}`;
  const task = ['code', '-t', 'Print the first ten primes.', '-s', example];
  const missing = await run(folder, ...task, '--coder-service', 'openai');
  expect(missing).toMatchObject({ code: 2, stdout: expect.not.stringContaining('Plan') as string });
  expect(missing.stderr).toContain('openai: no OPENAI_API_KEY');

  const done = await run(folder, ...task, '--out', 'made/primes.py');
  expect(done.stderr).toBe('');
  expect(done.stdout).toMatch(
    /✗ sample 1 [^\n]*no Python[^]*✗ sample 2: [^]*✓ sample 3: it ended with exit code 0/,
  );
  expect(readFileSync(path.join(folder, 'made', 'primes.py'), 'utf8')).toContain('import math');

  writeFileSync(path.join(folder, 'bash.txt'), 'Do it.\n\nTEST-ASSERT\n```bash\ntrue\n```\n');
  const refused = await run(folder, 'code', 'bash.txt', '-s', example, '--runs', 'none');
  expect(refused).toMatchObject({ code: 2 });
  expect(refused.stderr).toContain('tests are written in Python, and one is in bash');
  expect(existsSync(path.join(folder, 'none'))).toBe(false);
});

it('goes on after kill -9 without asking again what was answered', async () => {
  const folder = await temporaryFolder();
  let isStalled = true;
  const { asked, server } = await models(folder, undefined, ({ part, index: at }) => {
    if (part === 'plan') return '1. Count.';
    if (part === 'packages') return '[]';
    if (at === 2 && isStalled) return { type: 'silence' };
    return `\`\`\`python\nprint("program ${at}")\n${at < 2 ? 'raise ValueError("not yet")' : ''}\n\`\`\``;
  });
  const flags = [
    '--coding-samples',
    '2',
    '--dependency-samples',
    '1',
    '--max-coding-attempts',
    '3',
    '--planner-temperature',
    '0.9',
  ];
  const first = colloquy(folder, 'code', '-t', 'Count.', '-s', 'openai:m', ...flags);
  // A plan, packages, two programs that fail, and one of the next two that is answered while the other is not.
  await server.untilAsked(6);
  await first.until(/attempt-2-sample-\d /);
  const started = descendantsOf(first.pid);
  first.child.kill('SIGKILL');
  await first.ended;
  await untilGone(started, 30_000);
  expect(JSON.parse(readFileSync(path.join(runFolder(folder), 'run.json'), 'utf8'))).toMatchObject({
    state: 'running',
  });

  isStalled = false;
  const before = asked.length;
  const again = await run(folder, 'code', '--resume', 'last');
  expect(again.stderr).toBe('');
  expect(again.code).toBe(0);
  expect(again.stdout).toMatch(/plan kept[^]*attempt-1-sample-2 kept[^]*✗ sample 1[^]*not yet/);
  expect(asked.slice(before)).toHaveLength(1);
  expect(asked.slice(before)[0]).toMatchObject({ part: 'code' });
  expect(readFileSync(path.join(folder, 'persistent_source.py'), 'utf8')).toMatch(/print\("program [34]"\)/);
  expect((await run(folder, 'code', '--resume', 'last')).stderr).toContain('there is nothing to go on with');
});

function runFolder(folder: string): string {
  const runs = readdirSync(path.join(folder, 'runs'));
  expect(runs).toHaveLength(1);
  return path.join(folder, 'runs', runs[0] as string);
}

/** A server that plays all the roles, and a folder whose settings lead to it. */
async function models(
  folder: string,
  packageIndex: string | undefined,
  answer: (asked: Asked) => string | Answer,
): Promise<{ asked: Asked[]; server: ModelServer }> {
  const asked: Asked[] = [];
  const server = await startModelServer('openai', (body) => {
    const messages = body['messages'] as { role: string; content: string }[];
    const part = partOf(messages[0]?.content ?? '');
    const index = asked.filter((each) => each.part === part).length;
    const next = { part, index, text: messages.at(-1)?.content ?? '', temperature: body['temperature'] };
    asked.push(next);
    const given = answer(next);
    return typeof given === 'string' ? { type: 'reply', pieces: [given] } : given;
  });
  await mkdir(path.join(folder, 'config'));
  await writeFile(path.join(folder, 'config', 'openai.yml'), `base_url: ${server.origin}/v1\napi_key: k\n`);
  const execution = packageIndex === undefined ? '{}' : `\n  package_index: ${packageIndex}`;
  await writeFile(path.join(folder, 'config', 'proxy.yml'), `execution: ${execution}\n`);
  return { asked, server };
}

function partOf(system: string): Part {
  if (system.startsWith('You plan')) return 'plan';
  if (system.startsWith('You name the packages')) return 'packages';
  return system.startsWith('You mend') ? 'mend' : 'code';
}

it('holds a seat in a meeting, where each message is a task and the reply a program that was run', async () => {
  const folder = await temporaryFolder();
  const { asked } = await models(folder, undefined, ({ part, index: at }) => {
    if (part === 'plan') return '1. Add.';
    if (part === 'packages') return '[]';
    return ['```python\nprint(1 + )\n```', '```python\nprint(19 + 23)\n```'][at % 2] as string;
  });
  await writeFile(path.join(folder, 'asks.yml'), 'replies:\n  - Add 19 and 23.\n  - Thank you.\n');
  const { code, stdout } = await run(
    folder,
    ...['meet', 'programmer', 'tester', '-a', 'coder:openai:m', '-b', 'scripted:asks.yml'],
    ...['-M', '3', '--first', 'b', '--execute'],
  );
  expect(code).toBe(0);
  expect(stdout).toContain('max-messages');
  const [meeting] = readdirSync(path.join(folder, 'transcripts'));
  const transcript = readFileSync(path.join(folder, 'transcripts', String(meeting), 'a.txt'), 'utf8');
  expect(transcript).toContain('print(19 + 23)');
  expect(transcript).not.toContain('print(1 + )');
  // What it had run itself is run again before everybody's eyes.
  const journal = readFileSync(path.join(folder, 'transcripts', String(meeting), 'journal.jsonl'), 'utf8');
  expect(journal).toMatch(/"type":"result".*"outcome":"ok".*42/);
  expect(asked.some(({ part, text }) => part === 'plan' && text.includes('Add 19 and 23.'))).toBe(true);
});
