import { lstatSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { fence } from '../sidecar/report.ts';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import type { Input, ModuleContext } from './module.ts';
import { filesOf, whyNoFileName, type ReplyFile } from './reply-files.ts';

/** The name of a file or folder below the output, as a setting. */
export const nameSetting = z.string().check(({ value, issues }) => {
  const problem = whyNoFileName(value);
  if (problem !== undefined)
    issues.push({ code: 'custom', message: problem.replace(/^it /, ''), input: value });
});

/** Files as a model reads and writes them, and as `filesOf` finds them again. */
export function codebaseText(files: readonly ReplyFile[]): string {
  return files
    .map(({ name, text }) => `${titleOf(name)}\n${fence(text.replace(/\n$/, ''), '')}`)
    .join('\n\n');
}

/** With a label, what would otherwise not be taken for a name is one. */
function titleOf(name: string): string {
  const isFound = filesOf(`${name}\n\`\`\`\n\`\`\``).files[0]?.name === name;
  return isFound ? name : `File: ${name}`;
}

/** The last of the inputs that holds files, and the others. Throws ColloquyError `no-codebase`. */
export function codebaseIn(inputs: readonly Input[]): {
  readonly files: readonly ReplyFile[];
  readonly others: readonly Input[];
} {
  const codebase = inputs.findLast(({ text }) => filesOf(text).files.length > 0);
  if (!codebase) {
    const names = inputs.map(({ name }) => name).join(', ');
    throw new ColloquyError(
      `none of the inputs (${names === '' ? 'there are none' : names}) holds files, each a name above a fenced block; give this step the output of engineer or the like`,
      { code: 'no-codebase' },
    );
  }
  return { files: filesOf(codebase.text).files, others: inputs.filter((input) => input !== codebase) };
}

/** The files with some of them as they are now, and those that are new. */
export function withChanges(
  files: readonly ReplyFile[],
  changed: readonly ReplyFile[],
): readonly ReplyFile[] {
  return [...new Map([...files, ...changed].map(({ name, text }) => [name, text]))].map(([name, text]) => ({
    name,
    text,
  }));
}

/**
 * Writes the files of a step into the output, and removes those that it had written there before and that are gone
 * now. `folder` is one below the output.
 */
export function publish(
  { outputFolder, stepFolder }: Pick<ModuleContext, 'outputFolder' | 'stepFolder'>,
  files: readonly ReplyFile[],
  folder = '',
): void {
  const list = path.join(stepFolder, 'files.json');
  const target = path.join(outputFolder, folder);
  const names = files.map(({ name }) => name);
  for (const name of readNames(list)) {
    if (!names.includes(name) && whyNoFileName(name) === undefined)
      rmSync(path.join(target, name), { force: true });
  }
  writeFiles(target, files);
  writeFileSync(list, JSON.stringify(names));
}

/**
 * Writes files whose names were checked, below `folder`, which is made where it is not there. Throws ColloquyError
 * `outside` where a link leads out of it, and `not-written` where the disk or another file is in the way.
 */
export function writeFiles(folder: string, files: readonly ReplyFile[]): void {
  mkdirSync(folder, { recursive: true });
  const root = realpathSync(folder);
  for (const { name, text } of files) {
    const file = path.join(root, name);
    try {
      mkdirSync(path.dirname(file), { recursive: true });
      if (!isWithin(root, realpathSync(path.dirname(file)))) {
        throw new ColloquyError(`${name} leads out of ${folder} by a link`, { code: 'outside' });
      }
      if (lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink()) rmSync(file);
      writeFileSync(file, text);
    } catch (error) {
      if (error instanceof ColloquyError) throw error;
      throw new ColloquyError(`${name} cannot be written: ${messageOf(error)}`, {
        code: 'not-written',
        cause: error,
      });
    }
  }
}

function readNames(list: string): readonly string[] {
  try {
    return z.array(z.string()).parse(JSON.parse(readFileSync(list, 'utf8')));
  } catch {
    // The first time there is none.
    return [];
  }
}

function isWithin(root: string, folder: string): boolean {
  return folder === root || folder.startsWith(root + path.sep);
}
