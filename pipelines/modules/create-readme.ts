import * as z from 'zod';
import { ColloquyError } from '../../wire/errors.ts';
import { nameSetting, publish } from '../codebase.ts';
import { inputsText } from '../inputs-text.ts';
import type { Module } from '../module.ts';
import { settingsOf } from '../settings.ts';
import { versionOf } from './prompt-module.ts';

const settingsSchema = z.strictObject({
  folder: nameSetting.optional().describe('below output/, where a pipeline writes several programs'),
});

/** Has a model write the README of a program, which is the output, and puts it beside the program. */
export function createReadme(prompt: string): Module {
  return {
    name: 'create_readme',
    describe: 'writes the README of a program',
    version: versionOf('1', prompt),
    settings: settingsSchema,
    async run(context) {
      const { folder } = settingsOf(settingsSchema, context.step);
      const text = withoutFence(await context.write({ system: prompt, text: inputsText(context) }));
      if (text === '') throw new ColloquyError('the README that was written is empty', { code: 'no-files' });
      publish(context, [readme(text)], folder);
      return text;
    },
    restore: (context, output) =>
      publish(context, [readme(output)], settingsOf(settingsSchema, context.step).folder),
  };
}

function readme(text: string): { name: string; text: string } {
  return { name: 'README.md', text: `${text}\n` };
}

/** Whoever is asked for Markdown likes to put a fence around all of it. */
function withoutFence(reply: string): string {
  const text = reply.trim();
  const [, fence = '', inside] = /^(`{3,}|~{3,})(?:markdown|md)?[ \t]*\n([^]*?)\n?\1$/.exec(text) ?? [];
  // The last fence may close another block than the first one opened.
  const isOne = inside !== undefined && (inside.match(new RegExp(`^${fence}`, 'gm')) ?? []).length % 2 === 0;
  return isOne ? inside.trim() : text;
}
