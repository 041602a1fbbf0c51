import type { ModuleContext } from './module.ts';
import { filesOf, type ReplyFile } from './reply-files.ts';

/** What came of asking a model for files. */
export interface AskedFiles {
  readonly files: readonly ReplyFile[];
  /** What is still wrong after the last time; empty where all that was meant is there. */
  readonly problems: readonly string[];
}

/**
 * Has a model write files. Where its reply names them badly, is cut off or holds none, it is told so and asked again,
 * `attempts` times in all; what was fine is kept.
 */
export async function askForFiles(
  { write, status }: Pick<ModuleContext, 'write' | 'status'>,
  prompt: { readonly system: string; readonly text: string; readonly attempts: number },
): Promise<AskedFiles> {
  const found = new Map<string, ReplyFile>();
  let problems: readonly string[] = [];
  for (let attempt = 1; attempt <= prompt.attempts; attempt++) {
    const again = attempt === 1 ? '' : `\n\n${reproach(problems, [...found.keys()])}`;
    const reply = filesOf(await write({ system: prompt.system, text: prompt.text + again }));
    for (const file of reply.files) found.set(file.name, file);
    problems = reply.problems;
    if (found.size === 0 && problems.length === 0) problems = [noFile, ...reply.unnamed];
    for (const problem of problems) status(problem);
    if (problems.length === 0) break;
  }
  return { files: [...found.values()], problems };
}

const noFile = 'the reply holds no file: no line with a name has a fenced block below it';

function reproach(problems: readonly string[], kept: readonly string[]): string {
  const list = problems.map((problem) => `- ${problem}`).join('\n');
  const rest =
    kept.length === 0
      ? 'Answer again, with every file in full: its name on a line of its own, and below it a fenced block.'
      : `Answer again with the files that this is about, in full. The others are kept as they are: ${kept.join(', ')}.`;
  return `# What was wrong with your last answer\n\n${list}\n\n${rest}`;
}
