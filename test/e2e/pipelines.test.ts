import { createServer } from 'node:http';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { packageRoot } from '../../config/paths.ts';
import { startModelServer, type Answer } from '../support/model-server.ts';
import { run } from '../support/program.ts';
import { temporaryFolder } from '../support/temporary.ts';
import { findTiers } from '../support/tiers.ts';

/** What is answered to those whose system prompt holds the words, one after the other. */
type Script = readonly (readonly [words: string, ...answers: (string | Answer)[]])[];

interface Asked {
  readonly system: string;
  readonly text: string;
}

/** A working folder, and a server that plays the script; what it was asked is in `asked`. */
async function stage(script: Script): Promise<{ cwd: string; asked: Asked[] }> {
  const cwd = await temporaryFolder();
  const asked: Asked[] = [];
  const left = new Map(script.map(([words, ...answers]) => [words, [...answers]]));
  const server = await startModelServer('openai', (body) => {
    const messages = body['messages'] as { role: string; content: string }[];
    const system = messages[0]?.content ?? '';
    asked.push({ system, text: messages.at(-1)?.content ?? '' });
    const [, answers = []] = [...left].find(([words]) => system.includes(words)) ?? [];
    const answer = answers.shift() ?? {
      type: 'refuse',
      status: 400,
      message: `nothing more to answer to: ${system.slice(0, 60)}`,
    };
    return typeof answer === 'string'
      ? { type: 'reply', pieces: [answer], usage: { input: 10, output: 5, cached: 0 } }
      : answer;
  });
  writeFileSync(path.join(cwd, '.env'), `OPENAI_API_KEY=sk-test\nOPENAI_BASE_URL=${server.origin}/v1\n`);
  return { cwd, asked };
}

/** The run that is there: what a step left behind. */
function outcome(cwd: string): {
  folder: string;
  output: (step: string) => string;
  file: (name: string) => string;
} {
  const names = readdirSync(path.join(cwd, 'runs')).filter((name) => !name.startsWith('.'));
  expect(names).toHaveLength(1);
  const folder = path.join(cwd, 'runs', names[0] as string);
  return {
    folder,
    output: (step) => readFileSync(path.join(folder, 'steps', step, 'output.md'), 'utf8'),
    file: (name) => readFileSync(path.join(folder, 'output', name), 'utf8'),
  };
}

const openai = ['-s', 'openai:test-model', '--request'];
const block = (name: string, text: string): string => `${name}\n\`\`\`python\n${text}\n\`\`\`\n`;
const busy: Answer = { type: 'refuse', status: 429, message: 'slow down', headers: { 'retry-after': '0' } };

describe('the shipped pipelines', () => {
  it('plan a task: what was found wrong is in the plan that comes out', async () => {
    const { cwd, asked } = await stage([
      ['You plan how a task is done', 'PLAN'],
      ['look for what is wrong', busy, 'OBJECTIONS'],
      ['You write the plan anew', 'BETTER', 'GROUNDED'],
      ['hold the plan against the world', 'ASSUMPTIONS'],
      ['one Markdown document', '# The document'],
    ]);
    const { code, stderr } = await run(
      cwd,
      'pipeline',
      'run',
      'task-planning',
      ...openai,
      'Move the library',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(outcome(cwd).output('document')).toBe('# The document');
    expect(asked.map(({ text }) => text)).toEqual([
      'Move the library',
      ...['# task\n\nMove the library\n\n# plan\n\nPLAN', '# task\n\nMove the library\n\n# plan\n\nPLAN'],
      '# plan\n\nPLAN\n\n# objections\n\nOBJECTIONS',
      '# task\n\nMove the library\n\n# better_plan\n\nBETTER',
      '# better_plan\n\nBETTER\n\n# assumptions\n\nASSUMPTIONS',
      'GROUNDED',
    ]);
  });

  it('tell a story, translate with a supplement, and advertise with a judge who has to be asked three times', async () => {
    const { cwd, asked } = await stage([
      ['You outline a short story', 'OUTLINE'],
      ['You write a short story', 'DRAFT'],
      ['You edit a short story', 'STORY'],
      ['You translate texts', 'EINS', 'ΔΥΟ'],
      ['You write advertisements', 'DRAFTS'],
      ['You read advertisements', 'ADVERTISEMENTS'],
      [
        'You judge a piece of work',
        'I like it.',
        '{"scores": [11, 3], "summary": "good"}',
        '```json\n{"scores": [9, 3], "summary": "good"}\n```',
      ],
    ]);
    const results = [
      await run(cwd, 'pipeline', 'run', 'story', '--runs', 'a/runs', ...openai, 'A lighthouse'),
      await run(cwd, 'pipeline', 'run', 'translation', '--runs', 'b/runs', ...openai, 'Good morning'),
      await run(cwd, 'pipeline', 'run', 'advertising', '--runs', 'c/runs', ...openai, 'A kettle'),
    ];
    expect(results.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
      results.map(() => ({ code: 0, stderr: '' })),
    );
    expect(outcome(path.join(cwd, 'a')).output('story')).toBe('STORY');
    const translations = asked.filter(({ system }) => system.includes('translate texts'));
    expect(translations.map(({ text }) => /into (German|Greek)/.exec(text)?.[1]).sort()).toEqual([
      'German',
      'Greek',
    ]);
    expect(translations[0]?.text).toMatch(/^Good morning\n\nNote: translate/);
    expect(JSON.parse(outcome(path.join(cwd, 'c')).output('verdict'))).toEqual({
      scores: [9, 3],
      summary: 'good',
    });
    expect(asked.at(-1)?.text).toContain('Your last verdict could not be used: scores.0');
  });

  it('debate: two personas meet as anybody does, both know the motion, and a judge reads what they said', async () => {
    const { cwd, asked } = await stage([
      ['You are Vera Holt', 'Bells wake us.', 'They are ours. /bye'],
      ['You are Amos Rudd', 'At what cost?', 'So be it. /end'],
      ['You judge a piece of work', '{"scores": [7, 6, 8, 5], "summary": "Rudd asked the better question"}'],
    ]);
    const { code, stderr, stdout } = await run(
      cwd,
      'pipeline',
      'run',
      'debate',
      ...openai,
      'Towns should have bells',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('Vera Holt meets Amos Rudd');
    const { folder, output } = outcome(cwd);
    expect(output('debate')).toBe(
      '**Vera Holt:** Bells wake us.\n\n**Amos Rudd:** At what cost?\n\n**Vera Holt:** They are ours.\n\n**Amos Rudd:** So be it.',
    );
    expect(JSON.parse(output('verdict'))).toMatchObject({ scores: [7, 6, 8, 5] });
    for (const name of ['Vera Holt', 'Amos Rudd']) {
      const own = asked.find(({ system }) => system.includes(`You are ${name}`));
      expect(own?.system).toContain('Towns should have bells');
    }
    expect(asked.at(-1)?.text).toContain('# debate\n\n**Vera Holt:** Bells wake us.');
    const meetings = path.join(folder, 'steps', 'debate', 'meeting');
    const meeting = readdirSync(meetings, { withFileTypes: true }).find((entry) => entry.isDirectory());
    expect(readdirSync(path.join(meetings, meeting?.name ?? ''))).toEqual(
      expect.arrayContaining(['journal.jsonl', 'transcript.md', 'transcript.html']),
    );
    const exchanges = readdirSync(path.join(folder, 'steps', 'debate', 'exchanges'));
    expect(exchanges).toHaveLength(4);
    const first = readFileSync(path.join(folder, 'steps', 'debate', 'exchanges', '001.json'), 'utf8');
    expect(JSON.parse(first)).toMatchObject({
      service: 'openai',
      reply: 'Bells wake us.',
      usage: { input: 10 },
    });
  });
});

const { absent } = await findTiers(['bubblewrap']);
const hasPip = existsSync('/usr/lib/python3/dist-packages/pip') || existsSync('/usr/share/python-wheels');
const why = absent[0]?.why ?? (hasPip ? undefined : 'no pip: apt-get install python3-pip');
const lack = why === undefined ? '' : ` (left out: ${why})`;

describe.skipIf(lack !== '')(`engineering${lack}`, { timeout: 60_000 }, () => {
  it('gets a program out of replies with every kind of mistake in them', async () => {
    const { cwd, asked } = await stage([
      ['You plan a program', 'Add two numbers.'],
      [
        'You write the files',
        [
          block('../outside.py', 'print("out")'),
          block('/etc/cron.d/colloquy', 'print("root")'),
          block('FILENAME:', 'print("nobody")'),
          'helper.py\n\nis as it was.\n',
          block('**main.py**', 'from adding import add\nprint(add(2, int(input("Second number? "))))'),
          block('requirements.txt', 'no-such-package-here'),
        ].join('\n'),
        block('adding.py', 'def add(a, b):\n    return a - b'),
      ],
      [
        'You mend a program',
        // The package is unknown; then input is asked for; then there is no file; then it never ends; then it is wrong.
        `The package does not exist.\n\n${block('requirements.txt', '# nothing')}`,
        'It asks for input, which nobody gives.',
        block('main.py', 'from adding import add\nprint("waiting", flush=True)\nwhile True:\n    pass'),
        `${block('main.py', 'from adding import add\nassert add(2, 3) == 5, add(2, 3)\nprint("2 + 3 =", add(2, 3))')}\n${block('../adding.py', 'x = 1')}`,
        block('### `adding.py`', 'def add(a, b):\n    return a + b'),
      ],
      ['You write the README', '```markdown\n# Adding\n\n    python main.py\n```'],
    ]);
    await useEmptyIndex(cwd);
    mkdirSync(path.join(cwd, 'pipelines'));
    const shipped = readFileSync(path.join(packageRoot, 'pipelines', 'engineering.yml'), 'utf8');
    const hurried = shipped.replaceAll('seconds: 60', 'seconds: 5');
    expect(hurried).not.toBe(shipped);
    writeFileSync(path.join(cwd, 'pipelines', 'engineering.yml'), hurried);

    const { code, stdout, stderr } = await run(
      cwd,
      'pipeline',
      'run',
      'engineering',
      ...openai,
      'Add 2 and 3',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const { folder, output, file } = outcome(cwd);
    expect(readdirSync(path.join(folder, 'output')).sort()).toEqual([
      ...['README.md', 'adding.py', 'main.py', 'requirements.txt'],
    ]);
    expect(file('adding.py')).toContain('a + b');
    expect(file('README.md')).toBe('# Adding\n\n    python main.py\n');
    expect(output('working_code')).toMatch(
      /^# What came of running it\n\nmain\.py ended with exit code 0 .*2 \+ 3 = 5/s,
    );
    expect(existsSync(path.join(folder, 'outside.py'))).toBe(false);
    expect(existsSync('/etc/cron.d/colloquy')).toBe(false);

    const engineer = asked.filter(({ system }) => system.includes('You write the files'));
    expect(engineer).toHaveLength(2);
    expect(engineer[1]?.text).toContain('"../outside.py" is no name for a file here: it leads out of');
    expect(engineer[1]?.text).toContain(
      '"/etc/cron.d/colloquy" is no name for a file here: it must be relative',
    );
    expect(engineer[1]?.text).toContain('"" is no name for a file here: it is empty');
    const told = asked.filter(({ system }) => system.includes('You mend a program')).map(({ text }) => text);
    expect(told).toHaveLength(5);
    expect(told[0]).toContain('the package index has no no-such-package-here');
    expect(told[1]).toContain('EOFError');
    expect(told[2]).toContain('an answer changed nothing: there was no file name above a fenced block');
    expect(told[3]).toMatch(
      /main\.py had not ended after 5 s, and was stopped\. It printed:\n\n```text\nwaiting\n```/,
    );
    expect(told[4]).toContain('AssertionError: -1');
    expect(told[4]).toContain('changed main.py ("../adding.py" is no name for a file here');
    expect(stdout).toContain('warning: nobody is there to be asked what should be changed');
  });
});

/** A package index on this machine that has nothing, and a relay's settings that name it. */
async function useEmptyIndex(cwd: string): Promise<void> {
  const server = createServer((_, response) => response.writeHead(404).end('not found'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  mkdirSync(path.join(cwd, 'config'));
  writeFileSync(
    path.join(cwd, 'config', 'proxy.yml'),
    `execution:\n  package_index: http://127.0.0.1:${port}/simple\n`,
  );
}
