import { mkdirSync } from 'node:fs';
import path from 'node:path';
import type { HeldMeeting, MeetingWish } from '../../pipelines/held-meeting.ts';
import type { Exchange, Input, Module, ModuleContext, Prompt } from '../../pipelines/module.ts';
import { loadModules } from '../../pipelines/modules.ts';
import type { Step } from '../../pipelines/pipeline.ts';
import type { InstallOutcome, ProgramOutcome, Project } from '../../sidecar/project/project.ts';
import { ColloquyError } from '../../wire/errors.ts';
import { temporaryFolder } from './temporary.ts';

/** What a module finds around it. */
export interface Stage {
  readonly inputs?: readonly Input[];
  readonly settings?: Record<string, unknown>;
  readonly supplement?: string;
  /** What the model answers, one after the other. */
  readonly replies?: readonly string[];
  /** What a person answers; without it there is none. */
  readonly answers?: readonly string[];
  readonly runs?: readonly ProgramOutcome[];
  readonly installs?: readonly InstallOutcome[];
  /** Why there is no sandbox. */
  readonly noSandbox?: string;
  readonly holdMeeting?: (wish: MeetingWish) => Promise<HeldMeeting>;
}

export interface Played {
  readonly module: Module;
  readonly context: ModuleContext;
  readonly prompts: Prompt[];
  readonly questions: string[];
  readonly statuses: string[];
  readonly installed: (readonly string[])[];
  readonly exchanges: Exchange[];
  readonly isForThisRunOnly: () => boolean;
  readonly isClosed: () => boolean;
  readonly run: () => Promise<string>;
}

/** One shipped module, with a script instead of a model, a person and a sandbox. */
export async function play(name: string, stage: Stage = {}): Promise<Played> {
  const root = await temporaryFolder();
  const module = (await loadModules({ cwd: root })).get(name);
  if (!module) throw new Error(`no module ${name}`);
  const [replies, answers] = [[...(stage.replies ?? [])], [...(stage.answers ?? [])]];
  const [runs, installs] = [[...(stage.runs ?? [])], [...(stage.installs ?? [])]];
  const prompts: Prompt[] = [];
  const questions: string[] = [];
  const statuses: string[] = [];
  const installed: (readonly string[])[] = [];
  const exchanges: Exchange[] = [];
  let onlyThisRun = false;
  let closed = false;
  const project = {
    tier: 'bubblewrap',
    install: (requirements) => {
      installed.push(requirements);
      return Promise.resolve(next(installs, 'installation'));
    },
    run: () => Promise.resolve(next(runs, 'run')),
    openSession: () => Promise.reject(new Error('no sessions here')),
    standardNames: () => Promise.resolve(new Set<string>()),
    close: () => {
      closed = true;
      return Promise.resolve();
    },
  } satisfies Project;
  const folderOf = (folder: string): string => {
    mkdirSync(path.join(root, folder), { recursive: true });
    return path.join(root, folder);
  };
  const context: ModuleContext = {
    step: stepOf(name, stage),
    inputs: stage.inputs ?? [],
    request: undefined,
    write: (prompt) => {
      prompts.push(prompt);
      return Promise.resolve(next(replies, 'reply'));
    },
    ask: (question) => {
      questions.push(question);
      return Promise.resolve(stage.answers ? (answers.shift() ?? '') : undefined);
    },
    status: (text) => void statuses.push(text),
    once: (_schema, _dependsOn, work) => work(),
    openProject: () =>
      stage.noSandbox === undefined
        ? Promise.resolve(project)
        : Promise.reject(new ColloquyError(stage.noSandbox, { code: 'no-tier' })),
    holdMeeting: stage.holdMeeting ?? (() => Promise.reject(new Error('no meetings here'))),
    record: (exchange) => void exchanges.push(exchange),
    forThisRunOnly: () => void (onlyThisRun = true),
    outputFolder: folderOf('output'),
    stepFolder: folderOf('step'),
    signal: new AbortController().signal,
  };
  return {
    ...{ module, context, prompts, questions, statuses, installed, exchanges },
    isForThisRunOnly: () => onlyThisRun,
    isClosed: () => closed,
    run: () => module.run(context),
  };
}

function stepOf(module: string, { inputs = [], settings, supplement }: Stage): Step {
  return {
    module,
    inputs: inputs.map(({ name }) => name),
    output_name: 'it',
    retries: 0,
    timeout: 0,
    ...(settings === undefined ? {} : { with: settings }),
    ...(supplement === undefined ? {} : { supplement }),
  };
}

function next<T>(script: T[], what: string): T {
  const first = script.shift();
  if (first === undefined) throw new Error(`the test foresees no further ${what}`);
  return first;
}
