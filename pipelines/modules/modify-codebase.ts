import * as z from 'zod';
import { ColloquyError } from '../../wire/errors.ts';
import { askForFiles } from '../ask-for-files.ts';
import { codebaseIn, codebaseText, publish, withChanges } from '../codebase.ts';
import { debugCodebase, debugSettingsSchema, type Debugged } from '../debugging.ts';
import { withSupplement } from '../inputs-text.ts';
import type { Input, Module, ModuleContext } from '../module.ts';
import { filesOf, type ReplyFile } from '../reply-files.ts';
import { settingsOf } from '../settings.ts';
import { versionOf } from './prompt-module.ts';

const settingsSchema = debugSettingsSchema.extend({
  changes: z
    .string()
    .trim()
    .min(1)
    .optional()
    .describe('what should be changed; without it a person is asked'),
  changes_from: z.string().optional().describe('the input that says what should be changed'),
});
type Settings = z.infer<typeof settingsSchema>;

export interface ModifyPrompts {
  readonly modify: string;
  readonly debug: string;
}

/** How often an answer without a usable file is asked for again. */
const mostAnswers = 3;

/** Has a model change a program as asked, and debugs it. A person is asked again until nothing more is wanted. */
export function createModifyCodebase(prompts: ModifyPrompts): Module {
  return {
    name: 'modify_codebase',
    describe: 'changes a program as a person or an input says, and debugs it',
    version: versionOf('1', prompts.modify, prompts.debug),
    settings: settingsSchema,
    async run(context) {
      const settings = settingsOf(settingsSchema, context.step);
      const { files, others } = codebaseIn(context.inputs);
      const about = withSupplement(
        others.filter(({ name }) => name !== settings.changes_from),
        context.step.supplement,
      );
      let now: Debugged = { files, report: '' };
      for await (const changes of changesWanted(context, settings)) {
        now = await change(context, { prompts, settings, about, files: now.files, changes });
      }
      publish(context, now.files, settings.folder);
      const report = now.report === '' ? 'Nothing was changed.' : now.report;
      return `# What came of the changes\n\n${report}\n\n# The files\n\n${codebaseText(now.files)}`;
    },
    restore: (context, output) =>
      publish(context, filesOf(output).files, settingsOf(settingsSchema, context.step).folder),
  };
}

/** What is set, or what a person wants, one thing after the other, until nothing is. */
async function* changesWanted(
  context: ModuleContext,
  { changes, changes_from: from }: Settings,
): AsyncGenerator<string, void> {
  if (from !== undefined) yield inputNamed(context, from).text;
  if (changes !== undefined) yield changes;
  if (changes !== undefined || from !== undefined) return;
  context.forThisRunOnly();
  for (let isFirst = true; ; isFirst = false) {
    const said = await context.ask(
      `The program is in ${context.outputFolder}. ${isFirst ? 'What should be changed?' : 'That is done. What else?'} Leave it empty to go on with it as it is.`,
    );
    if (said === undefined && isFirst) {
      context.status('warning: nobody is there to be asked what should be changed; it goes on as it is');
    }
    if (said === undefined || said.trim() === '') return;
    yield said.trim();
  }
}

function inputNamed({ inputs, step }: ModuleContext, name: string): Input {
  const input = inputs.find((each) => each.name === name);
  if (input) return input;
  throw new ColloquyError(
    step.inputs.includes(name)
      ? `the step ${name}, which says what should be changed, was skipped`
      : `with.changes_from of the step ${step.output_name} names ${name}, which is none of its inputs`,
    { code: 'bad-setting' },
  );
}

interface Change {
  readonly prompts: ModifyPrompts;
  readonly settings: Settings;
  readonly about: readonly Input[];
  readonly files: readonly ReplyFile[];
  readonly changes: string;
}

async function change(
  context: ModuleContext,
  { prompts, settings, about, files, changes }: Change,
): Promise<Debugged> {
  const text = [
    ...about.map((input) => `# ${input.name}\n\n${input.text}`),
    `# The files of the program\n\n${codebaseText(files)}`,
    `# What should be changed\n\n${changes}`,
  ].join('\n\n');
  context.status('the model changes the program');
  const answer = await askForFiles(context, { system: prompts.modify, text, attempts: mostAnswers });
  if (answer.files.length === 0) {
    throw new ColloquyError(`the program was not changed: ${answer.problems.join('; ')}`, {
      code: 'no-files',
    });
  }
  const changed = withChanges(files, answer.files);
  const asked = { name: 'What was changed last', text: changes };
  const debugged = await debugCodebase(context, {
    files: changed,
    about: [...about, asked],
    prompt: prompts.debug,
    settings,
  });
  publish(context, debugged.files, settings.folder);
  return debugged;
}
