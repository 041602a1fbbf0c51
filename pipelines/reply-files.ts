import path from 'node:path';

/** A file in a reply: its name on a line of its own, and a fenced block below it. */
export interface ReplyFile {
  readonly name: string;
  readonly text: string;
}

export interface ReplyFiles {
  readonly files: readonly ReplyFile[];
  /** What could not be taken for a file, and why, one sentence each. */
  readonly problems: readonly string[];
}

/**
 * Finds the files in a reply. The line above a fence names the file, in whatever dress a model gives it: a heading,
 * bold, a backtick, `File:`. Names are relative and stay below the folder they are written to. A file that comes
 * twice is the later one.
 */
export function filesOf(reply: string): ReplyFiles {
  const files = new Map<string, string>();
  const problems: string[] = [];
  const lines = reply.split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const fence = /^(`{3,}|~{3,})/.exec(lines[at] ?? '')?.[1];
    if (fence === undefined) continue;
    const end = lines.findIndex((line, index) => index > at && line.trimEnd() === fence);
    const above = lastLineAbove(lines, at);
    const name = above === undefined ? undefined : nameIn(above);
    const text = lines.slice(at + 1, end < 0 ? undefined : end).join('\n');
    if (end < 0) problems.push(`the block of ${name ?? 'a file'} has no end; the reply was cut off`);
    else if (name === undefined)
      problems.push(`a block has no file name above it: ${shorten(lines[at + 1] ?? '')}`);
    else {
      const problem = whyNoFileName(name);
      if (problem === undefined) files.set(path.posix.normalize(name), `${text}\n`);
      else problems.push(`${JSON.stringify(shorten(name))} is no name for a file here: ${problem}`);
    }
    if (end < 0) break;
    at = end;
  }
  return { files: [...files].map(([name, text]) => ({ name, text })), problems };
}

/** Why nothing is written by that name; undefined where it is fine. */
export function whyNoFileName(name: string): string | undefined {
  if (name.trim() === '') return 'it is empty';
  if (name.length > 200) return 'it is too long';
  if (/[\u0000-\u001f\u007f<>:"|?*\\]/.test(name))
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

function lastLineAbove(lines: readonly string[], at: number): string | undefined {
  return lines.slice(Math.max(0, at - 2), at).findLast((line) => line.trim() !== '');
}

function nameIn(line: string): string | undefined {
  const bare = line
    .trim()
    .replace(/^#+\s*/, '')
    .replace(/^(?:\d+\.|[-*])\s+/, '')
    .replace(/^\*\*(.*)\*\*:?$/, '$1')
    .replace(/^(?:file ?name|file|path)\s*:\s*/i, '')
    .replace(/:$/, '')
    .replace(/^`(.*)`$/, '$1')
    .trim();
  // A sentence is no name, and a name has an ending or is one of a few.
  const isName =
    /^\S+$/.test(bare) && (/[./\\]/.test(bare) || /^(?:Dockerfile|Makefile|LICENSE)$/.test(bare));
  return isName || /^file/i.test(line.trim()) ? bare : undefined;
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}
