import { constants } from 'node:fs';
import { lstat, open, realpath, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { isFitName } from '../../sidecar/kept-files.ts';
import { isMeetingName } from '../../wire/greeting.ts';
import { HttpError } from './http-error.ts';

/** The folder of a meeting: a real one, right below `transcripts`. Rejects with HttpError 404. */
export async function folderOfMeeting(transcripts: string, meeting: string): Promise<string> {
  const folder = path.join(transcripts, meeting);
  const isThere = isMeetingName(meeting) && (await isFile(path.join(folder, 'journal.jsonl'), folder));
  if (!isThere) throw new HttpError(404, 'unknown-meeting', `there is no meeting called ${quote(meeting)}`);
  return folder;
}

/** An open file, of which the caller closes `handle`. */
export interface OpenFile {
  readonly handle: FileHandle;
  readonly bytes: number;
  readonly modifiedMs: number;
}

/**
 * Opens a regular file below `folder` by a path with slashes. No link leads out, on whichever level it stands.
 * Rejects with HttpError 404.
 */
export async function openInside(folder: string, name: string): Promise<OpenFile> {
  const absent = new HttpError(404, 'no-file', `there is no file called ${quote(name)}`);
  if (!isFitName(name)) throw absent;
  const file = path.join(folder, ...name.split('/'));
  let handle: FileHandle | undefined;
  try {
    const root = await realpath(folder);
    if ((await realpath(file)) !== path.join(root, ...name.split('/'))) throw absent;
    // Without O_NONBLOCK a pipe would wait for somebody to write.
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stats = await handle.stat();
    if (!stats.isFile()) throw absent;
    return { handle, bytes: stats.size, modifiedMs: stats.mtimeMs };
  } catch {
    await handle?.close();
    throw absent;
  }
}

/** What stands in a request's path behind `prefix`, decoded once. Throws HttpError 404. */
export function restOfPath(requestPath: string, prefix: string): string {
  try {
    return decodeURIComponent(requestPath.slice(prefix.length));
  } catch {
    throw new HttpError(404, 'no-file', 'the address is not well-formed');
  }
}

async function isFile(file: string, folder: string): Promise<boolean> {
  try {
    return (await lstat(folder)).isDirectory() && (await lstat(file)).isFile();
  } catch {
    return false;
  }
}

function quote(name: string): string {
  return JSON.stringify(name.length > 100 ? `${name.slice(0, 100)}…` : name);
}
