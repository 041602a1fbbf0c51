import { tool, type StructuredToolInterface } from '@langchain/core/tools';
import * as z from 'zod';
import type { CodingTaskOptions } from '../cli/coding-task.ts';
import type { CodeEditor, EditorRunOptions } from '../coder/code-editor.ts';
import type { CodingEvent, CodingResult } from '../coder/events.ts';
import { describeFindings, type Linter } from '../coder/lint.ts';
import type { ProgramOutcome } from '../sidecar/project/project.ts';
import { ColloquyError } from '../wire/errors.ts';
import { runCodingTask } from './coding-task.ts';

/** What `import … from 'colloquy/langchain'` gives: tools for LangChain.js. Needs `@langchain/core` 1. */

export interface CodeEditorToolsOptions extends Pick<EditorRunOptions, 'project' | 'seconds' | 'onOutput'> {
  /** In front of the names of the tools, for agents that have several editors. */
  readonly prefix?: string;
}

export interface CodingTaskToolOptions extends Omit<
  CodingTaskOptions,
  'task' | 'tests' | 'resume' | 'signal'
> {
  /** What the tool is called. Default: `solve_coding_task`. */
  readonly name?: string;
  readonly onEvent?: (event: CodingEvent) => void;
}

/**
 * The operations of an editor as tools: `write_code`, `show_code`, `add_lines`, `change_lines`, `delete_lines`, `undo`,
 * `redo`, `lint_code`, `run_code`. What a model does wrong is told to it in one sentence. Where nothing can be run,
 * `run_code` rejects with ColloquyError `no-tier`.
 */
export function codeEditorTools(
  editor: CodeEditor,
  options: CodeEditorToolsOptions = {},
): StructuredToolInterface[] {
  const { prefix = '', ...running } = options;
  let linter: Promise<Linter> | undefined;
  const lint = async (): Promise<string> => {
    linter ??= import('../coder/lint.ts').then(({ createLinter }) => createLinter());
    const { score, findings } = await (await linter)(editor.source);
    const found = findings.length === 0 ? 'Nothing was found.' : describeFindings(findings);
    return `${found}\nScore: ${score} of 10`;
  };
  const edit = (change: () => void, first: number, count: number): string =>
    orSentence(() => {
      change();
      return showAround(editor, first, count);
    });
  return [
    tool(({ source }) => edit(() => replaceAll(editor, source), 1, linesIn(source)), {
      name: `${prefix}write_code`,
      description: 'Puts a whole Python program in the place of the one in the editor.',
      schema: z.object({ source: z.string().describe('the whole program') }),
    }),
    tool(
      ({ first, last }) =>
        orSentence(() => editor.display(first, last ?? editor.lineCount) || 'There are no lines.'),
      {
        name: `${prefix}show_code`,
        description: 'Shows the program in the editor with the numbers of its lines, or some of its lines.',
        schema: z.object({
          first: line.default(1).describe('the first line to show'),
          last: line.optional().describe('the last line to show; left out: to the end'),
        }),
      },
    ),
    tool(
      ({ text, before }) =>
        edit(() => editor.add(text, before), before ?? editor.lineCount + 1, linesIn(text)),
      {
        name: `${prefix}add_lines`,
        description: 'Adds lines to the program in the editor.',
        schema: z.object({
          text: z.string().describe('one line or several'),
          before: line.optional().describe('the line that they come before; left out: at the end'),
        }),
      },
    ),
    tool(({ first, last, text }) => edit(() => editor.change(first, last, text), first, linesIn(text)), {
      name: `${prefix}change_lines`,
      description: 'Puts text in the place of lines of the program in the editor.',
      schema: z.object({ ...range, text: z.string().describe('what stands there from now on') }),
    }),
    tool(({ first, last }) => edit(() => editor.delete(first, last), first, 0), {
      name: `${prefix}delete_lines`,
      description: 'Deletes lines of the program in the editor.',
      schema: z.object(range),
    }),
    tool(() => (editor.undo() ? showAround(editor, 1, editor.lineCount) : 'There is nothing to undo.'), {
      name: `${prefix}undo`,
      description: 'Takes the last change of the program back.',
      schema: z.object({}),
    }),
    tool(() => (editor.redo() ? showAround(editor, 1, editor.lineCount) : 'There is nothing to redo.'), {
      name: `${prefix}redo`,
      description: 'Makes a change again that was taken back.',
      schema: z.object({}),
    }),
    tool(lint, {
      name: `${prefix}lint_code`,
      description: 'Says what is wrong or doubtful about the program, without running it.',
      schema: z.object({}),
    }),
    tool(
      async (_, { signal }: { signal?: AbortSignal } = {}) =>
        describeOutcome(await editor.run({ ...running, ...(signal ? { signal } : {}) })),
      {
        name: `${prefix}run_code`,
        description: 'Runs the program in a sandbox without network, and says what it printed.',
        schema: z.object({}),
      },
    ),
  ];
}

/**
 * A coding task as a tool: a plan, packages, programs that are linted, run in the sandbox and mended, until one works.
 * The artifact of its message is the `CodingResult`. Rejects as the task does: ConfigError, ProviderError, ColloquyError.
 */
export function codingTaskTool(options: CodingTaskToolOptions = {}): StructuredToolInterface {
  const { name = 'solve_coding_task', onEvent, ...settings } = options;
  return tool(
    async ({ task, tests }, { signal }: { signal?: AbortSignal } = {}): Promise<[string, CodingResult]> => {
      const run = runCodingTask({
        ...settings,
        task,
        ...(tests === undefined ? {} : { tests }),
        ...(signal ? { signal } : {}),
      });
      for await (const event of run) onEvent?.(event);
      const result = await run.result;
      return [describeResult(result), result];
    },
    {
      name,
      description:
        'Has a Python program written, run in a sandbox and mended until it works. Takes minutes. Gives the program and what it printed.',
      schema: z.object({
        task: z.string().min(1).describe('what the program is to do, with all that it must know'),
        tests: z
          .string()
          .optional()
          .describe('Python with asserts that must run without an error after the program'),
      }),
      responseFormat: 'content_and_artifact',
    },
  );
}

const line = z.number().int().min(1);
const range = {
  first: line.describe('the first line'),
  last: line.describe('the last line, which may be the first'),
};

/** More than models read with attention. */
const mostOutputCharacters = 20_000;
/** Lines above and below a change, for orientation. */
const surroundingLines = 2;

function orSentence(work: () => string): string {
  try {
    return work();
  } catch (error) {
    if (error instanceof ColloquyError) return `Not done: ${error.message}.`;
    throw error;
  }
}

function replaceAll(editor: CodeEditor, source: string): void {
  if (editor.lineCount === 0) editor.add(source);
  else editor.change(1, editor.lineCount, source);
}

function linesIn(text: string): number {
  return text === '' ? 0 : text.replace(/\r?\n$/, '').split('\n').length;
}

function showAround(editor: CodeEditor, first: number, count: number): string {
  if (editor.lineCount === 0) return 'There are no lines.';
  const from = Math.max(1, Math.min(first, editor.lineCount) - surroundingLines);
  const to = Math.min(editor.lineCount, first + Math.max(0, count - 1) + surroundingLines);
  return editor.display(from, Math.max(from, to));
}

function describeOutcome(outcome: ProgramOutcome): string {
  if (outcome.type === 'unavailable') return `The program was not run: ${outcome.why}.`;
  const how =
    outcome.type === 'exited' ? `The program ended with exit code ${outcome.code}.` : `${outcome.detail}.`;
  const output = cut(outcome.output.trimEnd());
  return output === '' ? `${how} It printed nothing.` : `${how} It printed:\n${output}`;
}

function describeResult({ summary, source, trial }: CodingResult): string {
  const parts = [
    summary,
    source === undefined ? '' : `The program:\n${cut(source.trimEnd())}`,
    trial === undefined ? '' : `How it ran: ${trial.summary}`,
    trial === undefined || trial.output === '' ? '' : `What it printed:\n${cut(trial.output.trimEnd())}`,
  ];
  return parts.filter((part) => part !== '').join('\n\n');
}

function cut(text: string): string {
  if (text.length <= mostOutputCharacters) return text;
  const half = mostOutputCharacters / 2;
  return `${text.slice(0, half)}\n[…]\n${text.slice(-half)}`;
}
