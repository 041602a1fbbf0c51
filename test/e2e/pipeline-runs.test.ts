import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { startModelServer, type Answer, type ModelServer } from '../support/model-server.ts';
import { programPath } from '../../config/paths.ts';
import { colloquy, Program, run } from '../support/program.ts';
import { temporaryFolder } from '../support/temporary.ts';

const say = (text: string): Answer => ({
  type: 'reply',
  pieces: [text],
  usage: { input: 100, output: 10, cached: 0 },
});

async function prepare(answer: (prompt: string, index: number) => Answer): Promise<{
  cwd: string;
  server: ModelServer;
  prompts: () => string[];
}> {
  const promptOf = (body: Readonly<Record<string, unknown>>): string =>
    (body['messages'] as { content: string }[]).at(-1)?.content ?? '';
  const server = await startModelServer('openai', (body, index) => answer(promptOf(body), index));
  const cwd = await temporaryFolder();
  writeFileSync(
    path.join(cwd, '.env'),
    `OPENAI_API_KEY=sk-test-0123456789\nOPENAI_BASE_URL=${server.origin}/v1\n`,
  );
  return { cwd, server, prompts: () => server.requests.map(({ body }) => promptOf(body)) };
}

function onlyRun(cwd: string): string {
  const [name = '', ...others] = readdirSync(path.join(cwd, 'runs')).filter((each) => !each.startsWith('.'));
  expect(others).toEqual([]);
  return path.join(cwd, 'runs', name);
}

const pipeline = `# A plan, looked at from two sides.
- {module: start_module, output_name: task}
- {module: shout, inputs: [task], output_name: loud}
- {module: task_planner, inputs: [loud], output_name: plan}
- {module: scrutinise, inputs: [plan], output_name: left}
- {module: ground, inputs: [plan], output_name: right}
- {module: enhance, inputs: [left, right], output_name: last, when: {output: plan, matches: PLAN}}
`;
const hostile =
  'PLAN <script>alert(1)</script> <img src=x onerror=alert(2)> \u001b[2J [x](javascript:alert(3))';

it('a run that was killed goes on where it was, and no finished step is asked again', async () => {
  let isKilled = false;
  const { cwd, server, prompts } = await prepare((prompt) => {
    if (prompt.includes('DO IT')) return say(hostile);
    if (prompt.startsWith('# left')) return say('the end');
    return isKilled ? say('a side') : { type: 'silence' };
  });
  writeFileSync(path.join(cwd, 'five.yml'), pipeline);
  writeFileSync(
    path.join(cwd, 'shout.ts'),
    `enum Mark { Loud = '!' }
export default {
  name: 'shout',
  describe: 'says it loudly',
  run: async ({ inputs }: { inputs: { text: string }[] }): Promise<string> => inputs[0]!.text.toUpperCase() + Mark.Loud,
};
`,
  );
  const flags = ['-s', 'openai:gpt-4o-mini', '--module', 'shout.ts', '-r', 'Do it'];
  const first = colloquy(cwd, 'pipeline', 'run', 'five.yml', ...flags);
  await server.untilAsked(3);
  const folder = onlyRun(cwd);

  // Nobody else may take it up meanwhile.
  const second = await run(cwd, 'pipeline', 'run', '--resume', 'last');
  expect(second.code).toBe(2);
  expect(second.stderr).toContain(`is being run by process ${first.pid}; wait until it has ended`);
  process.kill(first.pid, 'SIGKILL');
  await first.ended;
  isKilled = true;
  const drawn = await run(cwd, 'pipeline', 'graph', '--run', 'last', '--svg', 'killed.svg');
  expect(drawn).toMatchObject({ code: 0, stdout: 'killed.svg\n' });
  expect(readFileSync(path.join(cwd, 'killed.svg'), 'utf8').match(/class="box interrupted"/g)).toHaveLength(
    2,
  );

  // Service, module and request are remembered; a change of the file is said.
  writeFileSync(path.join(cwd, 'five.yml'), `${pipeline}# changed\n`);
  const resumed = await run(cwd, 'pipeline', 'run', '--resume', 'last');
  expect(resumed).toMatchObject({ code: 0 });
  expect(resumed.stderr).toContain('five.yml was changed since this run began');
  expect(resumed.stdout).toMatch(/= plan done before/);
  expect(resumed.stdout).toMatch(/· 300 tokens read, 30 written, \$0\.0001\nThe whole run: 400 tokens read/);
  // Two were under way when it was killed: these, and the last, are asked.
  const asked = prompts();
  expect(asked).toHaveLength(1 + 2 + 2 + 1);
  expect(asked.filter((prompt) => prompt.includes('DO IT!'))).toHaveLength(1);

  const report = readFileSync(path.join(folder, 'report.html'), 'utf8');
  expect(report).not.toMatch(/<script|<img|href="?javascript|\u001b/i);
  expect(report).toContain('6 of 6 steps done');
  expect(report).toContain('unfinished');
  const document = readFileSync(path.join(folder, 'prompts.md'), 'utf8');
  expect(document).toContain('6 questions to models');
  expect(document).toMatch(/## 1\. plan\n\nopenai gpt-4o-mini · .*100 tokens in, 10 out/);
  expect(readdirSync(folder).filter((name) => /draft|running/.test(name))).toEqual([]);
  const everything = JSON.stringify([report, document, readFileSync(path.join(folder, 'run.json'), 'utf8')]);
  expect(everything).not.toContain('sk-test');

  // Once more, one step with what depends on it; then one alone.
  const from = await run(cwd, 'pipeline', 'run', '--resume', folder, '--from', 'left');
  expect(from.stdout).toMatch(/= right done before/);
  expect(prompts()).toHaveLength(6 + 2);
  await run(cwd, 'pipeline', 'run', '--resume', folder, '--only', 'right');
  expect(prompts()).toHaveLength(6 + 3);
});

const talk = (name: string): string =>
  `- {module: meeting, inputs: [motion], output_name: ${name}, with: {personas: [debate-proponent, debate-opponent], messages: 6, first: a}}\n`;

it('a meeting that a killed run was holding goes on after the last thing that was said', async () => {
  let isKilled = false;
  const { cwd, server } = await prepare((_, index) =>
    isKilled || index < 3 ? say(`Thought ${index}.`) : { type: 'silence' },
  );
  writeFileSync(path.join(cwd, 'talk.yml'), `- {module: start_module, output_name: motion}\n${talk('talk')}`);
  const first = colloquy(cwd, 'pipeline', 'run', 'talk.yml', '-s', 'openai:gpt-4o-mini', '-r', 'Bells');
  await server.untilAsked(4);
  const folder = path.join(onlyRun(cwd), 'steps', 'talk');
  process.kill(first.pid, 'SIGKILL');
  await first.ended;
  isKilled = true;
  const resumed = await run(cwd, 'pipeline', 'run', '--resume', 'last');
  expect(resumed).toMatchObject({ code: 0, stderr: '' });
  expect(resumed.stdout).toContain('the meeting goes on after 3 messages');
  expect(readFileSync(path.join(folder, 'output.md'), 'utf8').split('\n\n')).toEqual(
    [0, 1, 2, 4, 5, 6].map(
      (asked, index) => `**${index % 2 === 0 ? 'Vera Holt' : 'Amos Rudd'}:** Thought ${asked}.`,
    ),
  );
  // Six were answered; the one in between is what was being asked when it was killed.
  expect(server.requests).toHaveLength(7);
  expect(readdirSync(path.join(folder, 'meeting'))).toHaveLength(1);
  expect(readdirSync(path.join(folder, 'exchanges'))).toHaveLength(6);

  // Its end was journaled, and the step was not done yet when somebody pulled the plug.
  const read = (name: string) =>
    JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as Record<string, unknown>;
  const undo = (): void => {
    rmSync(path.join(folder, 'output.md'));
    writeFileSync(path.join(folder, 'step.json'), JSON.stringify({ ...read('step.json'), state: 'running' }));
  };
  undo();
  expect(await run(cwd, 'pipeline', 'run', '--resume', 'last')).toMatchObject({ code: 0, stderr: '' });
  expect(readFileSync(path.join(folder, 'output.md'), 'utf8')).toContain('**Amos Rudd:** Thought 6.');
  expect(server.requests).toHaveLength(7);

  // Who wants the step anew gets another meeting.
  expect(await run(cwd, 'pipeline', 'run', '--resume', 'last', '--from', 'talk')).toMatchObject({ code: 0 });
  expect(server.requests).toHaveLength(13);
  expect(readdirSync(path.join(folder, 'meeting'))).toHaveLength(2);

  // Nobody had sat down yet when it was killed.
  const begun = path.join(folder, 'meeting', String(read('work/001.json')['value']));
  rmSync(begun, { recursive: true });
  mkdirSync(begun);
  undo();
  expect(await run(cwd, 'pipeline', 'run', '--resume', 'last')).toMatchObject({ code: 0, stderr: '' });
  expect(server.requests).toHaveLength(19);
  expect(readdirSync(path.join(folder, 'meeting'))).toHaveLength(2);
});

it('code that is written in a meeting is run where the step wants it, once somebody has said so where they are asked', async () => {
  const { cwd } = await prepare(() => say('never'));
  const reply = ['Look:', '', 'RUN-CODE', '```python', 'print(6 * 7)', '```'];
  writeFileSync(path.join(cwd, 'a.yml'), JSON.stringify([reply.join('\n')]));
  writeFileSync(path.join(cwd, 'b.yml'), JSON.stringify(['Fine.']));
  writeFileSync(
    path.join(cwd, 'code.yml'),
    `- {module: start_module, output_name: motion}
- {module: meeting, inputs: [motion], output_name: talk, with: {personas: [debate-proponent, debate-opponent], services: ['scripted:a.yml', 'scripted:b.yml'], messages: 2, first: a, execute: true}}
`,
  );
  const ran = await run(cwd, 'pipeline', 'run', 'code.yml', '-r', 'Numbers');
  expect(ran).toMatchObject({ code: 0, stderr: '' });
  const output = (): string => readFileSync(path.join(onlyRun(cwd), 'steps', 'talk', 'output.md'), 'utf8');
  expect(output()).toMatch(/print\(6 \* 7\)[^]*\[Code block 1\][^]*42[^]*Fine\./);

  rmSync(path.join(cwd, 'runs'), { recursive: true });
  mkdirSync(path.join(cwd, 'config'));
  writeFileSync(path.join(cwd, 'config', 'proxy.yml'), 'execution: { approve: true }\n');
  const command = `exec ${process.execPath} ${programPath} pipeline run code.yml -r Numbers`;
  const asking = new Program('script', ['-qec', command, '/dev/null'], { cwd });
  await asking.until(/code block 1 of turn 1 \(python\)[^]*print\(6 \* 7\)[^]*Run it\? \[y\/n\]/);
  asking.child.stdin.write('n\r');
  expect(await asking.ended).toMatchObject({ code: 0 });
  expect(output()).not.toContain('42');
  expect(output()).toMatch(/said no[^]*Fine\./);
});

it('the seats of all meetings of a run share one limit for each service', async () => {
  const { cwd, server } = await prepare(() => ({ type: 'silence' }));
  mkdirSync(path.join(cwd, 'config'));
  writeFileSync(path.join(cwd, 'config', 'openai.yml'), 'requests_at_once: 2\n');
  writeFileSync(
    path.join(cwd, 'talks.yml'),
    `- {module: start_module, output_name: motion}\n${['one', 'two', 'three'].map(talk).join('')}`,
  );
  const running = colloquy(cwd, 'pipeline', 'run', 'talks.yml', '-s', 'openai:gpt-4o-mini', '-r', 'Bells');
  await server.untilAsked(2);
  // Whoever has to wait says so: then the third is there, too.
  await running.until(/waits: 2 at a time/);
  expect(server.requests).toHaveLength(2);
  process.kill(running.pid, 'SIGKILL');
  await running.ended;
});

it('what is wrong with a pipeline is found before the first step, each mistake with its place', async () => {
  const { cwd, prompts } = await prepare(() => say('never'));
  writeFileSync(
    path.join(cwd, 'bad.yml'),
    `# Nothing of it can run.
- {module: start_module, output_name: task}
- {module: enhance, inputs: [task], output_name: a, model_config: {service: anthropic, temperature: 1}}
- {module: enhance, inputs: [task], output_name: b, model_config: {service: parry, max_tokens: 9}}
`,
  );
  const mistakes = [
    'bad.yml:3:88 temperature is not taken by the Anthropic API any more; delete the key (step a, service anthropic)',
    'bad.yml:4:84 parry takes no max_tokens (step b); delete it, or name another service',
  ];
  expect(await run(cwd, 'pipeline', 'check', 'bad.yml')).toEqual({
    code: 2,
    stdout: `${mistakes.join('\n')}\n`,
    stderr: '',
  });
  const refused = await run(cwd, 'pipeline', 'run', 'bad.yml', '-r', 'x', '-s', 'openai');
  expect(refused).toMatchObject({ code: 2, stderr: `colloquy: ${mistakes.join('\n')}\n` });
  const silent = await run(cwd, 'pipeline', 'run', 'story', '-r', 'x');
  expect(silent.stderr).toMatch(/story\.yml:\d+:\d+ who writes for the step outline\?/);
  expect(existsSync(path.join(cwd, 'runs'))).toBe(false);
  expect(prompts()).toEqual([]);
});

it('a pipeline holds a seat in a meeting: each of its turns is a run of its own', async () => {
  const { cwd, prompts } = await prepare((prompt) =>
    say(prompt.startsWith('# draft') ? 'I have thought about it.' : 'a draft'),
  );
  writeFileSync(
    path.join(cwd, 'careful.yml'),
    `# Thinks twice.
- {module: start_module, output_name: message}
- {module: conversation_module, output_name: before}
- {module: persona_module, output_name: me}
- {module: task_planner, inputs: [me, before, message], output_name: draft}
- {module: enhance, inputs: [draft, me], output_name: answer}
`,
  );
  writeFileSync(path.join(cwd, 'config.yml'), 'service: pipeline\nsteps: openai:gpt-4o-mini\n');
  writeFileSync(path.join(cwd, 'Ada.md'), '# Person Persona: Ada (en) [f]\n\nYou are Ada, a clockmaker.\n');
  const proxy = colloquy(cwd, 'proxy', '--port-a', '0', '--port-b', '0', '--first', 'b', '-M', '4', '-v');
  const [, a = '', b = ''] = await proxy.until(/port (\d+) for seat a and port (\d+) for seat b/, 'stderr');
  const agents = [
    colloquy(cwd, 'agent', '-c', 'config.yml', '--pipeline', 'careful.yml', '-p', a, 'Ada.md'),
    colloquy(cwd, 'agent', '-s', 'eliza', '-p', b, 'eliza'),
  ];
  for (const agent of agents) expect((await agent.ended).code).toBe(0);
  process.kill(proxy.pid, 'SIGTERM');
  await proxy.ended;
  const [meeting = ''] = readdirSync(path.join(cwd, 'transcripts'));
  const lines = readFileSync(path.join(cwd, 'transcripts', meeting, 'journal.jsonl'), 'utf8')
    .trim()
    .split('\n');
  const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
  const turns = events.filter(({ type, seat }) => type === 'turn' && seat === 'a');
  expect(turns).toHaveLength(2);
  for (const turn of turns) {
    expect(turn).toMatchObject({
      text: 'I have thought about it.',
      meta: { usage: { input: 200, output: 20 }, finish: 'stop' },
    });
  }
  expect(lines.join('\n')).toContain('"provider":"pipeline","model":"careful"');
  expect(prompts()).toHaveLength(4);
  expect(prompts()[2]).toMatch(
    /# me\n\n[^]*a clockmaker[^]*# before\n\n## Your partner\n[^]*## You\n\nI have thought/,
  );
  const runs = readdirSync(path.join(cwd, 'runs'));
  expect(runs).toHaveLength(2);
  for (const name of runs) expect(existsSync(path.join(cwd, 'runs', name, 'report.html'))).toBe(true);
});
