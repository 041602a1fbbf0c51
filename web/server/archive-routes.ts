import path from 'node:path';
import { createRoute } from '@hono/zod-openapi';
import * as z from 'zod';
import { readForkTree } from '../../journal/forks.ts';
import { journalFileName } from '../../journal/journal.ts';
import {
  archiveAnswerSchema,
  archiveQuerySchema,
  comparisonSchema,
  seriesSchema,
  treeAnswerSchema,
} from '../archive-api.ts';
import { Archive } from './archive.ts';
import { compareInThread } from './archive-compare-thread.ts';
import { download } from './archive-files.ts';
import { ArchiveList } from './archive-list.ts';
import { readSeries } from './archive-series.ts';
import { transcriptFormats, transcriptResponse } from './archive-transcript.ts';
import { folderOfMeeting, restOfPath } from './folders.ts';
import { HttpError } from './http-error.ts';
import { stateOf } from './meeting-feed.ts';
import { failures, fileContent, jsonContent } from './route-parts.ts';
import type { WebApp, WebContext } from './web-app.ts';

const meetingParam = z.object({ id: z.string() });

const list = createRoute({
  method: 'get',
  path: '/api/meetings',
  summary: 'The archive: searched, filtered, sorted, some of it',
  request: { query: archiveQuerySchema },
  responses: {
    200: { description: 'Some of the meetings', content: jsonContent(archiveAnswerSchema) },
    ...failures,
  },
});

const series = createRoute({
  method: 'get',
  path: '/api/meetings/{id}/series',
  summary: 'The turns of a meeting in figures',
  request: { params: meetingParam },
  responses: { 200: { description: 'Turn by turn', content: jsonContent(seriesSchema) }, ...failures },
});

const tree = createRoute({
  method: 'get',
  path: '/api/meetings/{id}/tree',
  summary: 'The meetings that a meeting comes from, and those that come from it',
  request: { params: meetingParam },
  responses: { 200: { description: 'The family', content: jsonContent(treeAnswerSchema) }, ...failures },
});

const transcript = createRoute({
  method: 'get',
  path: '/api/meetings/{id}/transcript.{format}',
  summary: 'A meeting as a download, as its journal is now',
  request: { params: meetingParam.extend({ format: z.enum(transcriptFormats) }) },
  responses: { 200: { description: 'The file', content: fileContent }, ...failures },
});

const files = createRoute({
  method: 'get',
  path: '/api/meetings/{id}/files/{path}',
  summary: 'A file that the code of a meeting left behind; `path` may have slashes',
  request: { params: meetingParam.extend({ path: z.string() }) },
  responses: { 200: { description: 'The file', content: fileContent }, ...failures },
});

const compare = createRoute({
  method: 'get',
  path: '/api/compare',
  summary: 'Two meetings side by side, with the words in which they differ',
  request: { query: z.object({ a: z.string(), b: z.string() }) },
  responses: { 200: { description: 'Row by row', content: jsonContent(comparisonSchema) }, ...failures },
});

/** All about meetings that are over, or were. */
export function addArchiveRoutes(app: WebApp, { transcripts }: WebContext): void {
  const meetings = new Archive(transcripts);
  // Whoever has ten thousand meetings waits seconds for the first look: better before anybody asks.
  meetings.rows().catch(() => {});
  const archive = new ArchiveList(meetings, (meeting) => stateOf(path.join(transcripts, meeting), {}));
  app.openapi(list, async (c) => c.json(await archive.find(c.req.valid('query'), c.req.raw.signal), 200));
  app.openapi(series, async (c) => {
    const folder = await folderOfMeeting(transcripts, c.req.valid('param').id);
    return c.json(await readSeries(path.join(folder, journalFileName), path.basename(folder)), 200);
  });
  app.openAPIRegistry.registerPath(tree);
  app.get('/api/meetings/:id/tree', async (c) => {
    const folder = await folderOfMeeting(transcripts, c.req.param('id'));
    const found = await readForkTree(transcripts, path.basename(folder));
    return c.json(found ? { tree: found } : {});
  });
  app.openAPIRegistry.registerPath(transcript);
  app.get('/api/meetings/:id/:file{transcript\\..+}', async (c) => {
    const folder = await folderOfMeeting(transcripts, c.req.param('id'));
    const format = c.req.param('file').slice('transcript.'.length);
    const known = transcriptFormats.find((one) => one === format);
    if (known === undefined) {
      throw new HttpError(404, 'no-format', `a transcript is ${transcriptFormats.join(', ')}`);
    }
    return (await transcriptResponse(folder, known, c.req.method === 'HEAD')) ?? noFile();
  });
  app.openAPIRegistry.registerPath(files);
  app.get('/api/meetings/:id/files/*', async (c) => {
    const meeting = c.req.param('id');
    const folder = await folderOfMeeting(transcripts, meeting);
    const name = restOfPath(rawPathOf(c.req.url), `/api/meetings/${encodeURIComponent(meeting)}/files/`);
    const isHead = c.req.method === 'HEAD';
    const found = await download(path.join(folder, 'workspace'), name, { isHead });
    if (found) return found;
    // A figure as it was after one block, whatever later ones made of it.
    return (
      (name.startsWith('figures/turn-') ? await download(folder, name, { isHead }) : undefined) ?? noFile()
    );
  });
  app.openapi(compare, async (c) => {
    const { a, b } = c.req.valid('query');
    const left = await folderOfMeeting(transcripts, a);
    const right = await folderOfMeeting(transcripts, b);
    return c.json(await compareInThread(left, right, c.req.raw.signal), 200);
  });
}

/** As it came: decoded once, and no more. */
export function rawPathOf(url: string): string {
  return new URL(url).pathname;
}

function noFile(): never {
  throw new HttpError(404, 'no-file', 'there is no such file, or none that may be read');
}
