import { createRoute } from '@hono/zod-openapi';
import * as z from 'zod';
import { isRunning } from '../../pipelines/run-lock.ts';
import { runDetailSchema, runsSchema, type RunDetail } from '../archive-api.ts';
import { download, folderBelow, readInside } from './archive-files.ts';
import { rawPathOf } from './archive-routes.ts';
import { listRuns, readRunDetail } from './archive-runs.ts';
import { restOfPath } from './folders.ts';
import { HttpError } from './http-error.ts';
import { failures, fileContent, jsonContent } from './route-parts.ts';
import type { WebApp, WebContext } from './web-app.ts';

const runParam = z.object({ id: z.string() });

const list = createRoute({
  method: 'get',
  path: '/api/runs',
  summary: 'Runs of pipelines and of the coder, the latest first',
  responses: { 200: { description: 'At most a thousand', content: jsonContent(runsSchema) }, ...failures },
});

const detail = createRoute({
  method: 'get',
  path: '/api/runs/{id}',
  summary: 'One run: its steps, its graph, its files',
  request: { params: runParam },
  responses: { 200: { description: 'The run', content: jsonContent(runDetailSchema) }, ...failures },
});

const report = createRoute({
  method: 'get',
  path: '/api/runs/{id}/report.html',
  summary: 'The report of a run, for a frame: it may run nothing and load nothing',
  request: { params: runParam },
  responses: {
    200: { description: 'The page', content: { 'text/html': { schema: z.string() } } },
    ...failures,
  },
});

const files = createRoute({
  method: 'get',
  path: '/api/runs/{id}/files/{path}',
  summary: 'A file of a run; `path` may have slashes',
  request: { params: runParam.extend({ path: z.string() }) },
  responses: { 200: { description: 'The file', content: fileContent }, ...failures },
});

const longestReportBytes = 64 * 1024 * 1024;

const reportHeaders = {
  'Content-Type': 'text/html; charset=utf-8',
  'Content-Security-Policy':
    "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'self'",
  'X-Frame-Options': 'SAMEORIGIN',
};

/** What other commands have left behind in their folders. */
export function addRunRoutes(app: WebApp, { runs }: WebContext): void {
  app.openapi(list, async (c) => {
    const found = await Promise.all(runs.map((folder) => listRuns(folder, isRunning)));
    const all = found.flatMap((one) => one.runs);
    all.sort((one, other) => (one.startedAt < other.startedAt ? 1 : -1));
    return c.json({ runs: all, total: all.length }, 200);
  });
  app.openapi(detail, async (c) => {
    const { id } = c.req.valid('param');
    const found = await firstOf<RunDetail>(runs, (folder) => readRunDetail(folder, id, isRunning));
    return c.json(found ?? noRun(id), 200);
  });
  app.openAPIRegistry.registerPath(report);
  app.get('/api/runs/:id/report.html', async (c) => {
    const folder = await folderOf(runs, c.req.param('id'));
    const text = await readInside(folder, 'report.html', longestReportBytes);
    if (text === undefined) throw new HttpError(404, 'no-file', 'this run has no report');
    return c.body(text, 200, reportHeaders);
  });
  app.openAPIRegistry.registerPath(files);
  app.get('/api/runs/:id/files/*', async (c) => {
    const id = c.req.param('id');
    const folder = await folderOf(runs, id);
    const name = restOfPath(rawPathOf(c.req.url), `/api/runs/${encodeURIComponent(id)}/files/`);
    const found = await download(folder, name, { isHead: c.req.method === 'HEAD' });
    if (!found) throw new HttpError(404, 'no-file', 'there is no such file, or none that may be read');
    return found;
  });
}

async function folderOf(runs: readonly string[], id: string): Promise<string> {
  return (await firstOf(runs, (folder) => folderBelow(folder, id))) ?? noRun(id);
}

async function firstOf<T>(
  folders: readonly string[],
  find: (folder: string) => Promise<T | undefined>,
): Promise<T | undefined> {
  for (const folder of folders) {
    const found = await find(folder);
    if (found !== undefined) return found;
  }
  return undefined;
}

function noRun(id: string): never {
  throw new HttpError(404, 'unknown-run', `there is no run called ${JSON.stringify(id.slice(0, 100))}`);
}
