import * as z from 'zod';
import { ColloquyError } from '../../wire/errors.ts';
import { askForFiles } from '../ask-for-files.ts';
import { codebaseText, nameSetting, publish } from '../codebase.ts';
import { inputsText } from '../inputs-text.ts';
import type { Module } from '../module.ts';
import { filesOf } from '../reply-files.ts';
import { settingsOf } from '../settings.ts';
import { versionOf } from './prompt-module.ts';

const settingsSchema = z.strictObject({
  attempts: z.int().min(1).max(20).default(3).describe('how often it may answer until its files can be used'),
  folder: nameSetting.optional().describe('below output/, where a pipeline writes several programs'),
});

/** Has a model write a codebase, and writes its files into the output folder. */
export function createEngineer(prompt: string): Module {
  return {
    name: 'engineer',
    describe: 'writes the files of a program',
    version: versionOf('1', prompt),
    settings: settingsSchema,
    async run(context) {
      const { attempts, folder } = settingsOf(settingsSchema, context.step);
      const { files, problems } = await askForFiles(context, {
        system: prompt,
        text: inputsText(context),
        attempts,
      });
      if (files.length === 0) {
        throw new ColloquyError(
          `no file that could be written after ${attempts === 1 ? 'one attempt' : `${attempts} attempts`}: ${problems.join('; ')}`,
          { code: 'no-files' },
        );
      }
      publish(context, files, folder);
      return codebaseText(files);
    },
    restore: (context, output) =>
      publish(context, filesOf(output).files, settingsOf(settingsSchema, context.step).folder),
  };
}
