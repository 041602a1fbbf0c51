import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Context } from 'hono';
import { packageRoot } from '../../config/paths.ts';

const pageFolder = path.join(packageRoot, 'dist', 'web', 'page');

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.json': 'application/json',
  '.webmanifest': 'application/manifest+json',
};

/** The same page, with hints of what this place in it needs. */
const isMeeting = /^meetings\/[^/]+$/;

interface PageFile {
  readonly bytes: Buffer<ArrayBuffer>;
  readonly zipped: Buffer<ArrayBuffer>;
  readonly type: string;
  readonly etag: string;
}

/**
 * The page as it was built. Only names that were found in its folder are answered, so no path leads out of it;
 * every other address is a place within the page.
 */
export class PageFiles {
  readonly #folder: string;
  #names: ReadonlySet<string>;
  readonly #files = new Map<string, PageFile>();

  constructor(folder = pageFolder) {
    this.#folder = folder;
    this.#names = namesIn(folder);
  }

  answer(c: Context): Response {
    // It may have been built since.
    if (!this.#names.has('index.html')) this.#names = namesIn(this.#folder);
    const name = c.req.path.slice(1);
    const isFile = this.#names.has(name);
    if (!isFile && !this.#names.has('index.html')) return c.text(`${unbuilt}\n`, 503);
    const page = isMeeting.test(name) && this.#names.has('meeting.html') ? 'meeting.html' : 'index.html';
    const file = this.#read(isFile ? name : page);
    // Names with a hash in them mean the same for ever; all others are asked about each time.
    const isLasting = isFile && /-[A-Z0-9]{8}\.\w+$/.test(name);
    const headers = {
      'Content-Type': file.type,
      'Cache-Control': isLasting ? 'public, max-age=31536000, immutable' : 'no-cache',
      ETag: file.etag,
      Vary: 'Accept-Encoding',
    };
    if (c.req.header('if-none-match') === file.etag) return c.body(null, 304, headers);
    const isZipped = /\bgzip\b/.test(c.req.header('accept-encoding') ?? '');
    return isZipped
      ? c.body(file.zipped, 200, { ...headers, 'Content-Encoding': 'gzip' })
      : c.body(file.bytes, 200, headers);
  }

  #read(name: string): PageFile {
    const known = this.#files.get(name);
    if (known) return known;
    const bytes = Buffer.from(readFileSync(path.join(this.#folder, name)));
    const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"`;
    const type = types[path.extname(name)] ?? 'application/octet-stream';
    const file = { bytes, zipped: gzipSync(bytes, { level: 9 }), type, etag };
    this.#files.set(name, file);
    return file;
  }
}

const unbuilt =
  'The page was not built: run "npm run build" in the folder of colloquy. The API is at /api/openapi.json';

function namesIn(folder: string): ReadonlySet<string> {
  if (!existsSync(folder)) return new Set();
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  const files = entries.filter((entry) => entry.isFile());
  return new Set(
    files.map((entry) =>
      path.relative(folder, path.join(entry.parentPath, entry.name)).split(path.sep).join('/'),
    ),
  );
}
