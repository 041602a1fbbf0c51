import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { packageRoot } from '../../config/paths.ts';
import { startModelServer } from '../support/model-server.ts';
import { temporaryFolder } from '../support/temporary.ts';

const execute = promisify(execFile);

/** What a stranger writes who imports the package; it must be right for the compiler, and run. */
const consumer = `
import { CodeEditor, ColloquyError, hold, requestLimit, runCodingTask, type CodingEvent, type CodingResult, type Meeting, type MeetingResult, type Project, type Provider, type RequestLimit, type Turn } from 'colloquy';

const editor = new CodeEditor('print(1)\\n').add('print(2)').change(1, 1, 'print(0)').delete(2);
const shown: string = editor.display();

// A sandbox of one's own: the real one has tests of its own.
const project: Project = {
  tier: 'bubblewrap',
  install: async () => ({ type: 'unavailable', why: 'there is no index here' }),
  run: async () => ({ type: 'exited', code: 0, output: 'ran\\n', outputBytes: 4, ms: 1, files: [] }),
  openSession: async () => ({
    run: async () => ({ outcome: 'ok', output: '', outputBytes: 0, files: [], ms: 1 }),
    close: async () => {},
  }),
  standardNames: async () => new Set<string>(),
  close: async () => {},
};
const run = runCodingTask({
  task: 'Say hello.',
  service: 'openai:m',
  serviceSettings: { base_url: process.argv[2], api_key: 'k' },
  settings: { coding_samples: 1, install_dependencies: false, 'planner.temperature': 0 },
  openProject: async () => project,
});
const types: CodingEvent['type'][] = [];
for await (const event of run) types.push(event.type);
const result: CodingResult = await run.result;
let code = '';
try {
  editor.delete(5);
} catch (error) {
  if (error instanceof ColloquyError) code = error.code;
}

const echo: Provider = {
  name: 'echo',
  model: 'one',
  async *reply({ messages }) {
    yield { type: 'text', text: String(messages.length) };
    yield { type: 'end', finish: 'stop' };
  },
};
const limit: RequestLimit = requestLimit({ perMinute: 6_000, atOnce: 1 });
const meeting: Meeting = hold({
  a: { persona: { text: 'You count.', name: 'Al' }, provider: echo, limit },
  b: { service: 'eliza', seed: 1 },
  first: 'a',
  maxMessages: 3,
  transcripts: 'kept',
});
const turns: Turn[] = [];
for await (const turn of meeting) turns.push(turn);
const held: MeetingResult = await meeting.finished;
// @ts-expect-error A meeting has two seats, unless it is gone on with.
const halfEmpty = () => hold({ a: { service: 'eliza' } });
// @ts-expect-error What is gone on with is in a folder.
const nowhere = () => hold({ resume: 'x' });
// @ts-expect-error A limit is made, and is no number.
const unmade = () => hold({ a: { service: 'eliza', limit: 3 }, b: { service: 'parry' } });
console.log(
  JSON.stringify({
    shown,
    outcome: result.outcome,
    last: types.at(-1),
    source: result.source,
    code,
    names: turns.map(({ name }) => name),
    reason: held.reason,
    isKept: held.folder !== undefined,
    odd: [halfEmpty, nowhere, unmade].length,
  }),
);
`;

/** The same for those who have LangChain.js. */
const agent = `
import { createAgent, fakeModel } from 'langchain';
import { AIMessage } from '@langchain/core/messages';
import { CodeEditor } from 'colloquy';
import { codeEditorTools, codingTaskTool } from 'colloquy/langchain';

const editor = new CodeEditor();
const model = fakeModel()
  .respondWithTools([{ name: 'write_code', args: { source: 'print(1)' } }])
  .respond(new AIMessage('Done.'));
const agent = createAgent({ model, tools: [codingTaskTool({ service: 'ollama:m' }), ...codeEditorTools(editor)] });
await agent.invoke({ messages: [{ role: 'user', content: 'Write it.' }] });
console.log(editor.source);
`;

/** What a program that imports the package has no need of. */
const optional = ['@langchain', 'langchain'];

it('can be imported from its tarball, with types for both kinds of module resolution', async () => {
  const folder = await temporaryFolder();
  await execute('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder], {
    cwd: packageRoot,
  });
  const [tarball = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  await execute('tar', ['-xzf', tarball], { cwd: folder });
  const modules = path.join(folder, 'node_modules');
  mkdirSync(modules);
  renameSync(path.join(folder, 'package'), path.join(modules, 'colloquy'));
  // Its dependencies, as an installation would put them beside it.
  const own = path.join(packageRoot, 'node_modules');
  for (const name of readdirSync(own)) {
    if (!name.startsWith('.') && !optional.includes(name))
      symlinkSync(path.join(own, name), path.join(modules, name));
  }
  writeFileSync(path.join(folder, 'consumer.ts'), consumer);
  writeFileSync(path.join(folder, 'package.json'), '{"type":"module"}');
  const check = (file: string, module: string, resolution: string, ...more: string[]) =>
    execute(
      process.execPath,
      [
        path.join(own, 'typescript', 'bin', 'tsc'),
        ...[
          '--strict',
          '--target',
          'es2023',
          '--types',
          'node',
          '--module',
          module,
          '--moduleResolution',
          resolution,
        ],
        ...['--exactOptionalPropertyTypes', '--skipLibCheck', ...more, file],
      ],
      { cwd: folder },
    ).catch(({ stdout }: { stdout: string }) => Promise.reject(new Error(stdout)));
  await Promise.all([
    check('consumer.ts', 'nodenext', 'nodenext'),
    check('consumer.ts', 'esnext', 'bundler', '--noEmit'),
  ]);

  const server = await startModelServer('openai', [
    { type: 'reply', pieces: ['1. Say it.'] },
    { type: 'reply', pieces: ['```python\nprint("hello")\n```'] },
  ]);
  const { stdout } = await execute(process.execPath, ['consumer.js', `${server.origin}/v1`], { cwd: folder });
  expect(JSON.parse(stdout)).toEqual({
    shown: '1 | print(0)\n',
    outcome: 'solved',
    last: 'finished',
    source: 'print("hello")\n',
    code: 'no-line',
    names: ['Al', 'Eliza', 'Al'],
    reason: 'max-messages',
    isKept: true,
    odd: 3,
  });
  expect(readdirSync(path.join(folder, 'kept'))).toHaveLength(1);

  for (const name of optional) symlinkSync(path.join(own, name), path.join(modules, name));
  writeFileSync(path.join(folder, 'agent.ts'), agent);
  await Promise.all([
    check('agent.ts', 'nodenext', 'nodenext'),
    check('agent.ts', 'esnext', 'bundler', '--noEmit'),
  ]);
  const example = (name: string): string => path.join(modules, 'colloquy', 'examples', name);
  const ran = await Promise.all(
    [
      'agent.js',
      example('hold-a-meeting.js'),
      example('many-meetings.js'),
      example('langchain-agent.js'),
    ].map((file) => execute(process.execPath, [file], { cwd: folder })),
  );
  expect(ran.map(({ stdout }) => stdout.trimEnd().split('\n').at(-1))).toEqual([
    'print(1)',
    'Ended after 7 turns: end, 0 tokens.',
    expect.stringMatching(/eliza-parry-\w+: 8 turns, max-messages, in /),
    'print(sum(range(5)))',
  ]);
}, 240_000);
