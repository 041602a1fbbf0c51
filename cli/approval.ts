import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import readline from 'node:readline/promises';
import type { Block } from '../journal/block.ts';
import { visibleControls } from '../journal/render/visible-controls.ts';
import type { Approval } from '../proxy/execution.ts';
import type { Person } from './ask-person.ts';
import { ColloquyError } from '../wire/errors.ts';

/** Kinds of files that editors know what to do with. */
const extensions = { python: 'py', bash: 'sh', javascript: 'js' } as const;

export interface Question {
  readonly title: string;
  readonly block: Block;
  /** The question is void: the meeting is over. */
  readonly signal?: AbortSignal | undefined;
  /** Somebody who is asked other things at the same terminal; without it, the terminal is free. */
  readonly person?: Pick<Person, 'ask'> | undefined;
}

/**
 * Shows a block and asks whether it may run: y, n, or edit, which opens $VISUAL or $EDITOR. Whoever
 * cannot be asked, since nobody sits at a terminal, has not said yes. Questions come one at a time.
 */
export function askForApproval(question: Question): Promise<Approval> {
  const answer = last.then(() => ask(question));
  last = answer.catch(() => undefined);
  return answer;
}

let last: Promise<unknown> = Promise.resolve();

async function ask(question: Question): Promise<Approval> {
  return question.person ? askPerson(question, question.person) : askTerminal(question);
}

/** Of a terminal that shows other things, too: there is no room for an editor. */
async function askPerson({ title, block, signal }: Question, person: Pick<Person, 'ask'>): Promise<Approval> {
  const shown = `${title} (${block.language}):\n\n${block.code.replace(/^/gm, '    ')}\n\nRun it? [y/n]`;
  for (;;) {
    const word = (await person.ask(shown, signal ?? new AbortController().signal))?.trim().toLowerCase();
    if (word === 'y' || word === 'yes') return { type: 'yes' };
    if (word === 'n' || word === 'no' || word === undefined) return { type: 'no' };
  }
}

async function askTerminal({ title, block, signal }: Question): Promise<Approval> {
  if (!process.stdin.isTTY) {
    throw new ColloquyError('there is no terminal to ask at, so the block was not approved', {
      code: 'nobody-to-ask',
    });
  }
  // Not among what a program may read.
  const output = process.stderr;
  let code = block.code;
  while (!signal?.aborted) {
    output.write(`\n${title} (${block.language}):\n\n${visibleControls(code).replace(/^/gm, '    ')}\n\n`);
    const word = await askForWord('Run it? [y/n/edit] ', signal);
    if (word === 'y' || word === 'yes') return code === block.code ? { type: 'yes' } : { type: 'edit', code };
    if (word === 'n' || word === 'no' || word === undefined) return { type: 'no' };
    if (word === 'e' || word === 'edit') code = edit(code, extensions[block.language]);
    else output.write('y runs it, n does not, edit opens it in an editor.\n');
  }
  return { type: 'no' };
}

/** Undefined where nobody answers any more: the end of the input, Ctrl-C, or the end of the meeting. */
async function askForWord(question: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  const reader = readline.createInterface({ input: process.stdin, output: process.stderr });
  try {
    const gone = new Promise<undefined>((resolve) => {
      reader.once('close', () => resolve(undefined));
      signal?.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    // While a line is read, the terminal leaves Ctrl-C to the reader.
    reader.once('SIGINT', () => {
      reader.close();
      process.emit('SIGINT', 'SIGINT');
    });
    const answer = await Promise.race([reader.question(question), gone]);
    if (answer === undefined) process.stderr.write('\n');
    return answer?.trim().toLowerCase();
  } finally {
    reader.close();
  }
}

/** Throws ColloquyError `no-editor`. */
function edit(code: string, extension: string): string {
  const editor = process.env['VISUAL'] ?? process.env['EDITOR'] ?? 'vi';
  const folder = mkdtempSync(path.join(tmpdir(), 'colloquy-edit-'));
  const file = path.join(folder, `block.${extension}`);
  try {
    writeFileSync(file, `${code}\n`, { mode: 0o600 });
    // By a shell, since EDITOR may hold flags: `code --wait`.
    const { status, error } = spawnSync('/bin/sh', ['-c', `${editor} "$1"`, 'colloquy', file], {
      stdio: 'inherit',
    });
    if (error ?? status !== 0) {
      throw new ColloquyError(`the editor "${editor}" failed; set EDITOR to one that works`, {
        code: 'no-editor',
      });
    }
    return readFileSync(file, 'utf8').replace(/\n$/, '');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
