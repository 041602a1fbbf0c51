import path from 'node:path';

/** A file in a reply: its name on a line of its own, and a fenced block below it. */
export interface ReplyFile {
  readonly name: string;
  readonly text: string;
}

export interface ReplyFiles {
  readonly files: readonly ReplyFile[];
  /** Files that were meant and cannot be had, and why, one sentence each: a bad name, a block without an end. */
  readonly problems: readonly string[];
  /** Blocks that may be no files at all: how the program is started, what it prints. One sentence each. */
  readonly unnamed: readonly string[];
}

/**
 * Finds the files in a reply. The line above a fence names the file, in whatever dress a model gives it: a heading,
 * bold, a backtick, `File:`; where there is none, the line of the fence may. Names are relative and stay below the
 * folder they are written to. A file that comes twice is the later one.
 */
export function filesOf(reply: string): ReplyFiles {
  const files = new Map<string, string>();
  const problems: string[] = [];
  const unnamed: string[] = [];
  const lines = reply.replaceAll('\uFEFF', '').split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const [, indent = '', fence, info = ''] = /^([ \t]*)(`{3,}|~{3,})([^`]*)$/.exec(lines[at] ?? '') ?? [];
    if (fence === undefined) continue;
    // Within a list, a block is indented as its item is.
    const width = indent.length;
    const end = endOfBlock(lines, at, fence, width);
    const name =
      nameIn(lastLineAbove(lines, at)) ?? nameInFence(info) ?? nameInComment((lines[at + 1] ?? '').trim());
    if (end === undefined) {
      problems.push(
        `the block of ${name === undefined || name === '' ? 'a file' : name} has no end; the reply was cut off`,
      );
      break;
    }
    const text = lines
      .slice(at + 1, end)
      .map((line) => withoutIndent(line, width))
      .join('\n');
    if (name === undefined)
      unnamed.push(`a block has no file name above it: ${shorten(lines[at + 1] ?? '')}`);
    else {
      const problem = whyNoFileName(name);
      if (problem === undefined) files.set(path.posix.normalize(name), text === '' ? '' : `${text}\n`);
      else problems.push(`${JSON.stringify(shorten(name))} is no name for a file here: ${problem}`);
    }
    at = end;
  }
  return { files: [...files].map(([name, text]) => ({ name, text })), problems, unnamed };
}

/** Why nothing is written by that name; undefined where it is fine. */
export function whyNoFileName(name: string): string | undefined {
  if (name.trim() === '') return 'it is empty';
  if (Buffer.byteLength(name) > 200) return 'it is too long';
  if (/[\u0000-\u001f\u007f<>:"|?*\\\u2028\u2029\u202a-\u202e\u2066-\u2069]/.test(name))
    return 'it holds a character that file names must not have';
  if (path.posix.isAbsolute(name) || path.win32.isAbsolute(name) || name.startsWith('~')) {
    return 'it must be relative to the folder of the output';
  }
  const parts = path.posix.normalize(name).split('/');
  if (parts.includes('..')) return 'it leads out of the folder of the output';
  if (parts.at(-1) === '' || parts.at(-1) === '.') return 'it names a folder';
  if (parts.some((part) => /^\.git$/i.test(part))) return 'nothing is written into .git';
  return undefined;
}

/**
 * The line that closes a block. A README holds fences of its own: one that says a language opens a block within the
 * block. Where that leads nowhere, the first fence that could close it does.
 */
function endOfBlock(lines: readonly string[], at: number, fence: string, width: number): number | undefined {
  let depth = 1;
  let first: number | undefined;
  for (let index = at + 1; index < lines.length; index++) {
    const line = withoutIndent(lines[index] ?? '', width).trimEnd();
    if (line === fence) {
      if (--depth === 0) return index;
      first ??= index;
    }
    if (line.startsWith(fence) && /^[\w+-]+$/.test(line.slice(fence.length))) depth++;
  }
  return first;
}

function withoutIndent(line: string, most: number): string {
  const indent = /^[ \t]*/.exec(line)?.[0].length ?? 0;
  return line.slice(Math.min(indent, most));
}

function lastLineAbove(lines: readonly string[], at: number): string {
  return lines.slice(Math.max(0, at - 2), at).findLast((line) => line.trim() !== '') ?? '';
}

const label = /^(?:file ?name|file|path)\s*:\s*/i;

function nameIn(line: string): string | undefined {
  const dressed = line
    .trim()
    .replace(/^#+\s*/, '')
    .replace(/^(?:\d+\.|[-*])\s+/, '')
    .replace(/^\*\*([^*]*)\*\*/, '$1')
    // What is said of the file: `main.py` (the entry), main.py - the entry.
    .replace(/^(`[^`]*`|\S+)\s+(?:\(.*\):?|[-–—]\s.*)$/, '$1');
  const bare = dressed
    .replace(label, '')
    .replace(/:$/, '')
    .replace(/^`(.*)`$/, '$1')
    .trim();
  return label.test(dressed) || looksLikeName(bare) ? bare : undefined;
}

/** As in ```` ```python src/main.py ````, `python:main.py` or `title="main.py"`. */
function nameInFence(info: string): string | undefined {
  const last = info
    .trim()
    .split(/\s+|(?<=^\w+):/)
    .at(-1)
    ?.replace(/^\w+=/, '')
    .replace(/^["'](.*)["']$/, '$1');
  return last !== undefined && /\.\w+$/.test(last) && looksLikeName(last) ? last : undefined;
}

/** As in `# src/main.py`, at the top of the block. */
function nameInComment(line: string): string | undefined {
  const name = /^(?:#|\/\/)\s+(\S+\.\w+)\s*$/.exec(line)?.[1]?.replace(/^`(.*)`$/, '$1');
  return name !== undefined && looksLikeName(name) ? name : undefined;
}

/** A sentence is no name, and a name has an ending or a folder, or is one of a few. */
function looksLikeName(bare: string): boolean {
  if (/^(?:Dockerfile|Makefile|LICENSE|Procfile)$/.test(bare)) return true;
  return /^\S+$/.test(bare) && (/[/\\]/.test(bare) || /^\.?[^.].*\.[\w-]+$|^\.[\w-]+$|^\.\.?$/.test(bare));
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
