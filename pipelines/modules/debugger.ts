import { codebaseIn, codebaseText, publish } from '../codebase.ts';
import { debugCodebase, debugSettingsSchema } from '../debugging.ts';
import { withSupplement } from '../inputs-text.ts';
import type { Module } from '../module.ts';
import { filesOf } from '../reply-files.ts';
import { settingsOf } from '../settings.ts';
import { versionOf } from './prompt-module.ts';

/** Runs a program in the sandbox and has a model mend it until it works. The output: what came of it, and the code. */
export function createDebugger(prompt: string): Module {
  return {
    name: 'debugger',
    describe: 'runs a program in the sandbox, and mends it until it works',
    version: versionOf('1', prompt),
    settings: debugSettingsSchema,
    async run(context) {
      const settings = settingsOf(debugSettingsSchema, context.step);
      const { files: given, others } = codebaseIn(context.inputs);
      const about = withSupplement(others, context.step.supplement);
      const { files, report } = await debugCodebase(context, { files: given, about, prompt, settings });
      publish(context, files, settings.folder);
      return `# What came of running it\n\n${report}\n\n# The files\n\n${codebaseText(files)}`;
    },
    restore: (context, output) =>
      publish(context, filesOf(output).files, settingsOf(debugSettingsSchema, context.step).folder),
  };
}
