import { createReadStream } from 'node:fs';
import { lstat, readdir, type FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { partsOf } from '../../journal/render/results.ts';
import type { ListedFile } from '../api.ts';
import { openInside } from './folders.ts';

/**
 * The folder of that name directly below `base`: a plain name, no link, and there. Undefined for everything else.
 */
export async function folderBelow(base: string, name: string): Promise<string | undefined> {
  const parts = partsOf(name);
  if (parts?.length !== 1 || name.startsWith('.') || name.length > 255) return undefined;
  const folder = path.join(base, name);
  try {
    return (await lstat(folder)).isDirectory() ? folder : undefined;
  } catch {
    return undefined;
  }
}

/** Reads a regular file that is reached without a link; undefined for all others, and for those that are longer. */
export async function readInside(
  folder: string,
  name: string,
  longestBytes: number,
): Promise<string | undefined> {
  const handle = await open(folder, name);
  if (!handle) return undefined;
  try {
    const { size } = await handle.stat();
    return size > longestBytes ? undefined : await handle.readFile('utf8');
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}

/**
 * A file as a download, or undefined where there is none: no link on the way, nothing from outside of `folder`, no
 * file whose name begins with a dot. A browser neither opens it as a page nor takes it for anything it is not called.
 */
export async function download(
  folder: string,
  name: string,
  { isHead = false }: { readonly isHead?: boolean } = {},
): Promise<Response | undefined> {
  if (name.split('/').some((part) => part.startsWith('.'))) return undefined;
  const handle = await open(folder, name);
  if (!handle) return undefined;
  const { size } = await handle.stat();
  const headers = downloadHeaders(path.posix.basename(name), typeOf(name));
  if (isHead || size === 0) await handle.close();
  // No more than there was: a file may be growing.
  const body = isHead || size === 0 ? null : streamOf(handle, size);
  return new Response(body, { headers: { ...headers, 'Content-Length': String(size) } });
}

export function downloadHeaders(fileName: string, type: string): Record<string, string> {
  return {
    'Content-Type': type,
    'Content-Disposition': dispositionOf(fileName),
    'X-Content-Type-Options': 'nosniff',
    'Content-Security-Policy': "default-src 'none'; sandbox",
    'Cache-Control': 'no-store',
  };
}

/** Files below a folder, in the order of their names; no links, nothing that begins with a dot. */
export async function listFiles(
  folder: string,
  most: number,
): Promise<{ files: ListedFile[]; hasMore: boolean }> {
  const files: ListedFile[] = [];
  let hasMore = false;
  const walk = async (below: string, depth: number): Promise<void> => {
    const entries = await readdir(path.join(folder, below), { withFileTypes: true }).catch(() => []);
    for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
      const name = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.name.startsWith('.') || !partsOf(name)) continue;
      if (files.length >= most) {
        hasMore = true;
        return;
      }
      if (entry.isDirectory() && depth < deepest) await walk(name, depth + 1);
      if (!entry.isFile()) continue;
      const stats = await lstat(path.join(folder, name)).catch(() => undefined);
      if (stats) files.push({ path: name, bytes: stats.size });
    }
  };
  await walk('', 0);
  return { files, hasMore };
}

const deepest = 12;

/** What a browser may know a file to be; all else is only bytes. None of them can hold a script that runs. */
const types: Readonly<Record<string, string>> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  json: 'application/json',
  jsonl: plainType(),
  txt: plainType(),
  md: plainType(),
  csv: plainType(),
  log: plainType(),
  py: plainType(),
  yml: plainType(),
};

function plainType(): string {
  return 'text/plain; charset=utf-8';
}

function typeOf(name: string): string {
  const ending = path.posix.extname(name).slice(1).toLowerCase();
  return Object.hasOwn(types, ending) ? (types[ending] ?? bytesType) : bytesType;
}

const bytesType = 'application/octet-stream';

/** Source: RFC 6266 and RFC 8187. The first name is for programs that do not know the second. */
function dispositionOf(fileName: string): string {
  const plain = fileName.replace(/[^\w.() -]/g, '_');
  const encoded = encodeURIComponent(toWellFormed(fileName)).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename="${plain}"; filename*=UTF-8''${encoded}`;
}

/** Half a character is no character that an address could bear. */
function toWellFormed(text: string): string {
  return text.replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, '\uFFFD');
}

async function open(folder: string, name: string): Promise<FileHandle | undefined> {
  try {
    return (await openInside(folder, name)).handle;
  } catch {
    return undefined;
  }
}

function streamOf(handle: FileHandle, size: number): ReadableStream {
  const stream = createReadStream('', { fd: handle, start: 0, end: size - 1, autoClose: true });
  return Readable.toWeb(stream) as ReadableStream;
}
