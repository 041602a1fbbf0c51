import { mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { ColloquyError } from '../../wire/errors.ts';
import { inputsText } from '../inputs-text.ts';
import type { Module } from '../module.ts';
import { filesOf, type ReplyFile } from '../reply-files.ts';

const prompt = `You write the files of a program.

Answer with every file in full, each like this: its name, relative to the folder of the program, on a line of its own,
and below it a fenced code block with all that the file holds.

main.py
\`\`\`python
print("hello")
\`\`\`

Leave nothing out and write no placeholders. If other packages are needed, list them in requirements.txt. The program
is started as main.py, without arguments and without input.`;

/** Has a model write a codebase, and writes its files into the output folder. */
export const engineer: Module = {
  name: 'engineer',
  describe: 'writes the files of a program',
  async run(context) {
    const reply = await context.write({ system: prompt, text: inputsText(context) });
    const { files, problems } = filesOf(reply);
    for (const problem of problems) context.status(problem);
    if (files.length === 0) {
      const why = problems.length > 0 ? problems.join('; ') : 'no file name above a fenced block';
      throw new ColloquyError(`the reply holds no file that could be written: ${why}`, { code: 'no-files' });
    }
    writeFiles(context.outputFolder, files);
    return codebaseText(files);
  },
};

/** Writes files whose names were checked. Throws ColloquyError `outside` where a link leads out of the folder. */
export function writeFiles(folder: string, files: readonly ReplyFile[]): void {
  const root = realpathSync(folder);
  for (const { name, text } of files) {
    const file = path.join(root, name);
    mkdirSync(path.dirname(file), { recursive: true });
    if (!isWithin(root, realpathSync(path.dirname(file)))) {
      throw new ColloquyError(`${name} leads out of ${folder} by a link`, { code: 'outside' });
    }
    writeFileSync(file, text);
  }
}

/** Files as a model reads and writes them. */
export function codebaseText(files: readonly ReplyFile[]): string {
  return files.map(({ name, text }) => `${name}\n${fenced(text)}`).join('\n\n');
}

function fenced(text: string): string {
  const longest = Math.max(2, ...(text.match(/^`{3,}/gm) ?? []).map((fence) => fence.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text}${text.endsWith('\n') ? '' : '\n'}${fence}`;
}

function isWithin(root: string, folder: string): boolean {
  return folder === root || folder.startsWith(root + path.sep);
}
