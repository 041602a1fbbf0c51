import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import readline from 'node:readline/promises';
import type { Block } from '../journal/block.ts';
import { visibleControls } from '../journal/render/visible-controls.ts';
import type { Approval } from '../proxy/execution.ts';
import { ColloquyError } from '../wire/errors.ts';

/** Kinds of files that editors know what to do with. */
const extensions = { python: 'py', bash: 'sh', javascript: 'js' } as const;

/**
 * Shows a block and asks whether it may run: y, n, or edit, which opens $VISUAL or $EDITOR. Whoever
 * cannot be asked, since nobody sits at a terminal, has not said yes. Questions come one at a time.
 */
export function askForApproval(question: {
  readonly title: string;
  readonly block: Block;
}): Promise<Approval> {
  const answer = last.then(() => ask(question));
  last = answer.catch(() => undefined);
  return answer;
}

let last: Promise<unknown> = Promise.resolve();

async function ask({ title, block }: { readonly title: string; readonly block: Block }): Promise<Approval> {
  if (!process.stdin.isTTY) {
    throw new ColloquyError('there is no terminal to ask at, so the block was not approved', {
      code: 'nobody-to-ask',
    });
  }
  const { stdin: input, stdout: output } = process;
  let code = block.code;
  for (;;) {
    output.write(`\n${title} (${block.language}):\n\n${visibleControls(code).replace(/^/gm, '    ')}\n\n`);
    const reader = readline.createInterface({ input, output });
    // Ctrl-C and the end of the input are no yes.
    const gone = new Promise<string>((resolve) => reader.once('close', () => resolve('n')));
    const word = (await Promise.race([reader.question('Run it? [y/n/edit] '), gone])).trim().toLowerCase();
    reader.close();
    if (word === 'y' || word === 'yes') return code === block.code ? { type: 'yes' } : { type: 'edit', code };
    if (word === 'n' || word === 'no') return { type: 'no' };
    if (word === 'e' || word === 'edit') code = edit(code, extensions[block.language]);
    else output.write('y runs it, n does not, edit opens it in an editor.\n');
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
