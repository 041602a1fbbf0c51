import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { Provider } from '../../../agents/provider.ts';
import { runCoder, type CoderOptions, type CodingRun } from '../../../coder/coder.ts';
import type { CodingEvent } from '../../../coder/events.ts';
import { createLinter } from '../../../coder/lint.ts';
import { CodingFolder } from '../../../coder/run-folder.ts';
import { createCoderSeat } from '../../../coder/seat.ts';
import { coderRoles } from '../../../config/coder-roles.ts';
import { coderSchema } from '../../../config/coder-schema.ts';
import { lockRun } from '../../../pipelines/run-lock.ts';
import { extractBlocks } from '../../../sidecar/blocks.ts';
import type { InstallOutcome, ProgramOptions, Project } from '../../../sidecar/project/project.ts';
import { temporaryFolder } from '../../support/temporary.ts';

const quick = { coding_samples: 1, dependency_samples: 1 };
const fence = (code: string): string => `\`\`\`python\n${code}\n\`\`\``;

it('stops writing as soon as a sample passes, where the first that passes is wanted', async () => {
  const { run, asked } = await start({
    settings: { sampling_strategy: 'first-passing', coding_samples: 3, install_dependencies: false },
    replies: { coder: [fence('raise KeyError'), fence('print("fine")'), fence('print("never")')] },
  });
  expect(await run.result).toMatchObject({ outcome: 'solved', source: 'print("fine")\n', attempts: 1 });
  expect(asked).toEqual(['planner', 'coder', 'coder']);
});

it('asks for the package of a module that is missing when the program is run, and runs it again', async () => {
  const { run, asked, installed } = await start({
    settings: quick,
    replies: { dependency_tracker: ['[]', '["leftpad"]'], coder: [fence('import leftpad\nprint(leftpad)')] },
    installs: [
      { type: 'installed', packages: [{ name: 'leftpad', version: '1' }], standard: [], output: '', ms: 1 },
    ],
  });
  expect(await run.result).toMatchObject({ outcome: 'solved', packages: ['leftpad'] });
  expect(asked).toEqual(['planner', 'dependency_tracker', 'coder', 'dependency_tracker']);
  expect(installed).toEqual([['leftpad']]);
});

it('leaves out what cannot be installed when the attempts are used up, and says so', async () => {
  const failed = {
    type: 'failed',
    why: 'no matching version of gone',
    unknown: ['gone'],
    output: '',
    ms: 1,
  } as const;
  const { run, installed } = await start({
    settings: { ...quick, dependency_install_attempts: 2 },
    replies: { dependency_tracker: ['["gone", "here"]', '["gone", "here"]'], coder: [fence('print(1)')] },
    installs: [failed, failed, { type: 'installed', packages: [], standard: [], output: '', ms: 1 }],
  });
  const notices = await noticesOf(run);
  expect(installed).toEqual([['gone', 'here'], ['gone', 'here'], ['here']]);
  expect(notices).toContain('after 2 attempts the program gets here');
});

it('says to the coder that an answer held no program, and asks again', async () => {
  const { run, folder } = await start({
    settings: { ...quick, install_dependencies: false },
    replies: { coder: ['I would rather not.', fence('print(1)')] },
  });
  expect(await run.result).toMatchObject({ outcome: 'solved', attempts: 2 });
  const prompts = readFileSync(folder.path('prompts.md'), 'utf8');
  expect(prompts).toContain('An earlier answer was of no use: there was no fenced block of Python');
});

it('has what cannot run by the linter mended once, and takes that where it scores higher', async () => {
  const { run, asked } = await start({
    settings: { ...quick, install_dependencies: false },
    replies: { coder: [fence('def f(:\n    pass')], linter: [fence('def f():\n    pass')] },
  });
  expect(await run.result).toMatchObject({ outcome: 'solved', source: 'def f():\n    pass\n' });
  expect(asked).toEqual(['planner', 'coder', 'linter']);
});

it('writes only, where nothing is to be run', async () => {
  const { run } = await start({
    settings: { ...quick, execute_code: false, install_dependencies: false },
    replies: { coder: [fence('raise KeyError')] },
  });
  expect(await run.result).toMatchObject({ outcome: 'written', source: 'raise KeyError\n' });
});

it('says in its folder that it was interrupted, and gives the reason of the signal', async () => {
  const abort = new AbortController();
  const { run, folder } = await start({ settings: quick, replies: {}, signal: abort.signal });
  const reading = (async () => {
    for await (const event of run) if (event.type === 'phase') abort.abort(new Error('enough'));
  })();
  await expect(reading).rejects.toThrow('enough');
  await expect(run.result).rejects.toThrow('enough');
  expect(folder.readRun()).toMatchObject({ state: 'interrupted' });
  expect(readFileSync(folder.path('report.md'), 'utf8')).toContain('It can be gone on with');
});

it('ends when its reader leaves', async () => {
  const { run, folder } = await start({ settings: quick, replies: {} });
  for await (const event of run) if (event.type === 'started') break;
  await expect(run.result).rejects.toThrow('nobody reads on');
  expect(folder.readRun()).toMatchObject({ state: 'interrupted' });
});

it('holds a seat: the reply is a plan, a program that can be run, and what came out', async () => {
  const { run } = await start({
    settings: { ...quick, install_dependencies: false },
    replies: { coder: [fence('print("```")')] },
  });
  const seat = createCoderSeat({ name: 'openai', model: 'm', start: () => run });
  const pieces = [];
  const messages = [{ role: 'user', content: 'Print a fence.' }] as const;
  for await (const piece of seat.reply({ system: '', messages, signal: new AbortController().signal }))
    pieces.push(piece);
  const text = pieces.flatMap((piece) => (piece.type === 'text' ? [piece.text] : [])).join('');
  expect(text).toContain('1. Plan.');
  expect(text).toContain('It printed:');
  expect(extractBlocks(text, 'marked')).toMatchObject({ blocks: [{ code: 'print("```")' }], problems: [] });
  expect(pieces.at(-1)).toMatchObject({ type: 'end', finish: 'stop' });
});

it('counts what was billed for replies that came to nothing', async () => {
  const { run, asked } = await start({
    settings: { ...quick, install_dependencies: false },
    replies: { coder: ['', fence('print(1)')] },
  });
  const { usage } = await run.result;
  expect(asked).toEqual(['planner', 'coder', 'coder']);
  expect(usage).toMatchObject({ input: 30, output: 3 });
});

it('leaves a run alone that another process is at work in', async () => {
  const { run, folder, asked } = await start({ settings: quick, replies: {}, isTaken: true });
  await expect(run.result).rejects.toThrow(`is being run by process ${process.pid}; wait until it has ended`);
  expect(asked).toEqual([]);
  expect(folder.readRun().state).toBe('running');
});

interface World {
  readonly settings: object;
  readonly replies: Partial<Record<(typeof coderRoles)[number], string[]>>;
  readonly installs?: InstallOutcome[];
  readonly signal?: AbortSignal;
  /** Somebody is at work in its folder. */
  readonly isTaken?: boolean;
}

/** A coding task with models that say what they are told to, and a sandbox that knows a few programs by heart. */
async function start({ settings, replies, installs = [], signal, isTaken = false }: World) {
  const asked: string[] = [];
  const installed: (readonly string[])[] = [];
  const left = structuredClone({ planner: ['1. Plan.'], ...replies });
  const writerOf = (role: (typeof coderRoles)[number]) => {
    const provider: Provider = {
      name: 'openai',
      model: 'm',
      async *reply({ signal: ended }) {
        ended.throwIfAborted();
        asked.push(role);
        const text = left[role]?.shift();
        if (text === undefined) throw new Error(`${role} is asked too often`);
        yield { type: 'text', text };
        yield { type: 'end', finish: 'stop', usage: { input: 10, output: 1, cached: 0 } };
      },
    };
    const patience = { firstPieceMs: 0, idleMs: 0, maxRetries: 0, maxWaitMs: 0 };
    return {
      service: 'openai',
      model: 'm',
      takesTemperature: true,
      isScript: false,
      open: async () => ({ provider, patience }),
    };
  };
  const project: Project = {
    tier: 'bubblewrap',
    install: async (requirements) => {
      installed.push(requirements);
      return installs.shift() ?? { type: 'unavailable', why: 'no more' };
    },
    run: async (options) => runByHeart(options, installed.flat()),
    openSession: () => Promise.reject(new Error('no tests here')),
    standardNames: async () => new Set(),
    close: async () => {},
  };
  const runs = await temporaryFolder();
  const record = {
    v: 1,
    kind: 'code',
    state: 'running',
    startedAt: '2026-01-01T00:00:00.000Z',
    software: 'test',
  } as const;
  const run = { ...record, task: 'Do it.', out: 'program.py', settings: coderSchema.parse(settings) };
  const folder = CodingFolder.create(runs, run);
  if (isTaken) await lockRun(folder.folder);
  const options: CoderOptions = {
    ...{ run, folder, isResumed: false, tests: [], createLinter, publish: () => 'program.py' },
    writers: Object.fromEntries(
      coderRoles.map((role) => [role, writerOf(role)]),
    ) as unknown as CoderOptions['writers'],
    openProject: async () => project,
    lookUp: async () => ({ type: 'unreachable', why: 'there is none' }),
    ...(signal ? { signal } : {}),
  };
  return { run: runCoder(options), folder, asked, installed };
}

function runByHeart({ folder, entry }: ProgramOptions, packages: readonly string[]) {
  const source = readFileSync(path.join(folder, entry), 'utf8');
  const ran = (code: number, output: string) =>
    ({ type: 'exited', code, output, outputBytes: output.length, ms: 1, files: [] }) as const;
  const module = /^import (\w+)/.exec(source)?.[1];
  if (module !== undefined && !packages.includes(module))
    return ran(1, `ModuleNotFoundError: No module named '${module}'\n`);
  if (source.includes('raise')) return ran(1, 'KeyError\n');
  return ran(0, '```\n');
}

async function noticesOf(run: CodingRun): Promise<string[]> {
  const events: CodingEvent[] = [];
  for await (const event of run) events.push(event);
  return events.flatMap((event) => (event.type === 'notice' ? [event.text] : []));
}
