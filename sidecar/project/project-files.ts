import { constants, lstatSync, readdirSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { messageOf } from '../../wire/errors.ts';
import type { Interpreter, RunOutcome } from '../interpreter.ts';
import { isFitName, KeptFiles } from '../kept-files.ts';

/** What the driver takes at once, and what no source has. */
const mostFileBytes = 32 * 1024 * 1024;
const mostFiles = 5_000;
/** For all files that come back; a full workspace took 4 s. */
const longestKeepingMs = 30_000;
/** Of no use to a program, and large. */
const leftOut = new Set(['.git', '__pycache__', 'node_modules', '.venv']);

/**
 * Copies a folder into a workspace: regular files only, whatever links there are. Rejects with a sentence where it is too
 * large or cannot be read.
 */
export async function putFolder(
  folder: string,
  put: (file: string, content: Buffer) => Promise<void>,
  diskMiB: number,
): Promise<void> {
  let leftBytes = diskMiB * 1024 * 1024;
  let count = 0;
  for (const name of listFiles(folder, '')) {
    const content = await readRegular(path.join(folder, ...name.split('/')));
    leftBytes -= content.length;
    if (++count > mostFiles) throw new Error(`${folder} has more than ${mostFiles} files`);
    if (leftBytes < 0) throw new Error(`${folder} is larger than ${diskMiB} MB (execution.limits.disk_mb)`);
    await put(name, content);
  }
}

/** Whether that is a regular file in a folder, with no link on the way to it. */
export function hasFile(folder: string, name: string): boolean {
  return isFitName(name) && hasNoLink(folder, name) && isFile(path.join(folder, ...name.split('/')));
}

/** Brings what a run has made into a folder of the host; resolves with the names of what was kept. */
export async function keepFiles(
  { files }: Pick<RunOutcome, 'files'>,
  interpreter: Interpreter,
  folder: string,
  diskMiB: number,
): Promise<string[]> {
  const kept = new KeptFiles(folder);
  const names: string[] = [];
  // A file may be larger than what it takes on the disk of the sandbox.
  let leftBytes = 2 * diskMiB * 1024 * 1024;
  const deadline = setTimeout(() => void interpreter.close(), longestKeepingMs);
  for (const { path: name, bytes } of files) {
    if (bytes > leftBytes || !isFitName(name) || !hasNoLink(folder, name)) continue;
    try {
      await kept.write(name, interpreter.get(name, bytes));
      leftBytes -= bytes;
      names.push(name);
    } catch {
      // It is gone, or no file any more, or its name is that of a folder here.
    }
  }
  clearTimeout(deadline);
  return names;
}

/** A folder of the person's may have links, which would lead what is written out of it. */
function hasNoLink(folder: string, name: string): boolean {
  let place = folder;
  for (const part of name.split('/').slice(0, -1)) {
    place = path.join(place, part);
    const state = lstatSync(place, { throwIfNoEntry: false });
    if (state === undefined) return true;
    if (!state.isDirectory()) return false;
  }
  return true;
}

function isFile(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

function* listFiles(root: string, prefix: string): Generator<string, void, void> {
  const entries = readdirSync(path.join(root, prefix), { withFileTypes: true });
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const name = `${prefix}${entry.name}`;
    if (!isFitName(name) || leftOut.has(entry.name)) continue;
    if (entry.isDirectory()) yield* listFiles(root, `${name}/`);
    else if (entry.isFile()) yield name;
  }
}

/** Not through a link, and without waiting for whoever writes to a pipe, should it have become one. */
async function readRegular(file: string): Promise<Buffer> {
  try {
    const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const state = await handle.stat();
      if (!state.isFile()) throw new Error('it is no regular file');
      if (state.size > mostFileBytes) throw new Error('it is larger than 32 MB');
      return await handle.readFile();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw new Error(`${file} cannot be taken into the sandbox: ${messageOf(error)}`, { cause: error });
  }
}
