import path from 'node:path';
import { Readable } from 'node:stream';
import { OutlineBuilder, readConversation, readOutline } from '../../journal/conversation.ts';
import { journalFileName } from '../../journal/journal.ts';
import { journalItems } from '../../journal/read.ts';
import { loadRenderings, type Rendering } from '../../journal/render/renderings.ts';
import { Pace } from '../../journal/render/turnstile.ts';
import { WorkspaceReader } from '../../journal/render/workspace.ts';
import { download, downloadHeaders } from './archive-files.ts';

/** What a meeting can be downloaded as: the renderings, made of the journal as it is now, and the journal itself. */
const formats = {
  md: { file: 'transcript.md', type: 'text/plain; charset=utf-8' },
  html: { file: 'transcript.html', type: 'text/html; charset=utf-8' },
  'a.txt': { file: 'a.txt', type: 'text/plain; charset=utf-8' },
  'b.txt': { file: 'b.txt', type: 'text/plain; charset=utf-8' },
} as const;

export const transcriptFormats = ['md', 'html', 'a.txt', 'b.txt', 'json', 'jsonl'] as const;
export type TranscriptFormat = (typeof transcriptFormats)[number];

/** `folder` is the meeting's. Rejects with the system's error, or ColloquyError `journal-unreadable`. */
export async function transcriptResponse(
  folder: string,
  format: TranscriptFormat,
  isHead: boolean,
): Promise<Response | undefined> {
  const meeting = path.basename(folder);
  if (format === 'jsonl') {
    const response = await download(folder, journalFileName, { isHead });
    const headers = downloadHeaders(`${meeting}.jsonl`, 'application/x-ndjson; charset=utf-8');
    for (const [name, value] of Object.entries(headers)) response?.headers.set(name, value);
    return response;
  }
  const fileName = `${meeting}.${format}`;
  if (format === 'json') {
    const headers = downloadHeaders(fileName, 'application/json');
    if (isHead) return new Response(null, { headers });
    const conversation = await readConversation(path.join(folder, journalFileName));
    return new Response(JSON.stringify(conversation, undefined, 1), { headers });
  }
  const { file, type } = formats[format];
  const headers = downloadHeaders(fileName, type);
  if (isHead) return new Response(null, { headers });
  const rendering = (await loadRenderings()).find((one) => one.fileName === file);
  if (!rendering) throw new Error(`nothing renders ${file}`);
  const stream = Readable.from(render(folder, rendering), { objectMode: false });
  return new Response(Readable.toWeb(stream) as ReadableStream, { headers });
}

/** Reads the journal twice rather than keep a long conversation in memory. */
async function* render(folder: string, rendering: Rendering): AsyncGenerator<Buffer, void, void> {
  const journal = path.join(folder, journalFileName);
  const outline = await readOutline(journal);
  const soFar = new OutlineBuilder(path.basename(folder));
  const workspace = new WorkspaceReader(folder);
  const pace = new Pace();
  let pending = rendering.header(outline, 'whole');
  for await (const item of journalItems(journal)) {
    const entry = soFar.add(item);
    if (!entry) continue;
    pending += rendering.entry(entry, soFar.outline, await workspace.filesOf(entry));
    await pace.rest();
    if (pending.length < flushCharacters) continue;
    yield Buffer.from(pending);
    pending = '';
  }
  yield Buffer.from(pending + rendering.footer(outline));
}

const flushCharacters = 64 * 1024;
