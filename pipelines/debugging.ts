import * as z from 'zod';
import { ColloquyError } from '../wire/errors.ts';
import { codebaseText, nameSetting, withChanges } from './codebase.ts';
import type { Input, ModuleContext } from './module.ts';
import { filesOf, type ReplyFile } from './reply-files.ts';
import { TrialBench, trialSchema, type Trial } from './trial.ts';

export const debugSettingsSchema = z.strictObject({
  attempts: z.int().min(0).max(50).default(5).describe('how often the model may mend a program that fails'),
  seconds: z.number().min(1).max(3600).default(30).describe('how long the program may run'),
  then: z
    .enum(['ask', 'go-on', 'fail'])
    .default('ask')
    .describe('what follows when it still fails: a person is asked, the run goes on, or the step fails'),
  entry: nameSetting.default('main.py').describe('the file the program is started with'),
  folder: nameSetting.optional().describe('below output/, where a pipeline writes several programs'),
});

export interface Debugged {
  readonly files: readonly ReplyFile[];
  /** What was run and what came of it, in Markdown. */
  readonly report: string;
}

export interface DebugWish {
  readonly files: readonly ReplyFile[];
  /** What else is known of the program: what was asked for, the plan. */
  readonly about: readonly Input[];
  /** The system prompt of the model that mends it. */
  readonly prompt: string;
  readonly settings: z.infer<typeof debugSettingsSchema>;
}

/**
 * Runs a program in the sandbox, has a model mend it while it fails, and asks a person, or not, when that leads
 * nowhere. Rejects with ColloquyError `still-fails` where the settings want it so.
 */
export async function debugCodebase(context: ModuleContext, wish: DebugWish): Promise<Debugged> {
  const project = await context.openProject().catch((error: unknown) => {
    if (error instanceof ColloquyError) return error;
    throw error;
  });
  if (project instanceof ColloquyError) return notRun(context, wish, wish.files, project.message);
  try {
    const { entry, seconds } = wish.settings;
    const bench = new TrialBench({
      project,
      folder: context.stepFolder,
      entry,
      seconds,
      signal: context.signal,
      onStatus: (text) => context.status(text),
    });
    return await mendUntilItWorks(context, wish, bench);
  } finally {
    await project.close();
  }
}

async function mendUntilItWorks(
  context: ModuleContext,
  wish: DebugWish,
  bench: TrialBench,
): Promise<Debugged> {
  const { attempts, then, entry, seconds } = wish.settings;
  let { files } = wish;
  /** What was done and what came of it, a line each. */
  const history: string[] = [];
  let advice: string | undefined;
  for (let left = attempts; ; left--) {
    const trial = await context.once(trialSchema, { files, entry, seconds }, () => bench.try(files));
    if (trial.type === 'not-run') return notRun(context, wish, files, trial.why);
    history.push(trial.summary);
    if (trial.type === 'works') return { files, report: reportOf(history, trial) };
    context.status(trial.summary);
    if (left <= 0) {
      if (then === 'fail') {
        throw new ColloquyError(`the program still fails after ${countMends(attempts)}: ${trial.summary}`, {
          code: 'still-fails',
        });
      }
      advice = then === 'ask' ? await askForAdvice(context, trial, attempts) : undefined;
      if (advice === undefined) {
        context.forThisRunOnly();
        context.status(`it goes on with a program that still fails after ${countMends(attempts)}`);
        return { files, report: reportOf(history, trial) };
      }
      history.push(`a person says: ${advice}`);
      left = Math.max(1, attempts);
    }
    const mended = await mend(context, wish, { files, trial, history, advice });
    files = mended.files;
    history.push(mended.what);
  }
}

/** Resolves with undefined where nobody is there or nothing is said. */
async function askForAdvice(
  context: ModuleContext,
  trial: Extract<Trial, { type: 'fails' | 'works' }>,
  attempts: number,
): Promise<string | undefined> {
  context.forThisRunOnly();
  const said = await context.ask(
    `${trial.report}\n\nThat is how it is after ${countMends(attempts)}. What should be tried? Leave it empty to go on with the program as it is.`,
  );
  if (said === undefined) context.status('warning: nobody is there to be asked what to try');
  return said === undefined || said.trim() === '' ? undefined : said.trim();
}

interface Failing {
  readonly files: readonly ReplyFile[];
  readonly trial: Extract<Trial, { type: 'fails' | 'works' }>;
  readonly history: readonly string[];
  readonly advice: string | undefined;
}

async function mend(
  context: ModuleContext,
  { prompt, about }: DebugWish,
  { files, trial, history, advice }: Failing,
): Promise<{ files: readonly ReplyFile[]; what: string }> {
  const parts = [
    ...about.map(({ name, text }) => `# ${name}\n\n${text}`),
    `# The files of the program\n\n${codebaseText(files)}`,
    `# What happened when it was run\n\n${trial.report}`,
  ];
  if (history.length > 1) parts.push(`# What happened so far\n\n${numbered(history)}`);
  if (advice !== undefined) parts.push(`# What a person says to this\n\n${advice}`);
  context.status('the model looks for the mistake');
  const reply = filesOf(await context.write({ system: prompt, text: parts.join('\n\n') }));
  for (const problem of reply.problems) context.status(problem);
  const changed = reply.files.filter(
    ({ name, text }) => files.find((file) => file.name === name)?.text !== text,
  );
  if (changed.length > 0) {
    const names = changed.map(({ name }) => name).join(', ');
    const refused = reply.problems.length === 0 ? '' : ` (${reply.problems.join('; ')})`;
    return { files: withChanges(files, changed), what: `changed ${names}${refused}` };
  }
  const why =
    reply.files.length > 0
      ? 'the files were the same as before'
      : reply.problems.join('; ') || 'there was no file name above a fenced block';
  return { files, what: `an answer changed nothing: ${why}` };
}

function notRun(
  context: ModuleContext,
  { settings }: DebugWish,
  files: readonly ReplyFile[],
  why: string,
): Debugged {
  if (settings.then === 'fail') {
    throw new ColloquyError(`the program could not be run: ${why}`, { code: 'not-run' });
  }
  context.forThisRunOnly();
  context.status(`warning: the program was not run: ${why}`);
  return { files, report: `The program was not run: ${why}` };
}

function reportOf(history: readonly string[], trial: Extract<Trial, { type: 'fails' | 'works' }>): string {
  const before = history.length > 1 ? `\n\nWhat came before that:\n\n${numbered(history.slice(0, -1))}` : '';
  return `${trial.report}${before}`;
}

function numbered(lines: readonly string[]): string {
  return lines.map((line, at) => `${at + 1}. ${line.replace(/\s*\n\s*/g, ' ')}`).join('\n');
}

function countMends(attempts: number): string {
  if (attempts === 0) return 'no attempt to mend it';
  return attempts === 1 ? '1 attempt to mend it' : `${attempts} attempts to mend it`;
}
