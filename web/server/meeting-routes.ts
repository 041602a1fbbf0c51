import path from 'node:path';
import { createRoute } from '@hono/zod-openapi';
import * as z from 'zod';
import { readOutline } from '../../journal/conversation.ts';
import { journalFileName } from '../../journal/journal.ts';
import { usageTable } from '../../journal/usage-table.ts';
import { readControlFile } from '../../proxy/control-file.ts';
import { isHeld } from '../../proxy/seats-file.ts';
import { KeptFiles } from '../../sidecar/kept-files.ts';
import { meetingDetailSchema, type MeetingDetail } from '../api.ts';
import { folderOfMeeting } from './folders.ts';
import { rowOf, stateOf } from './meeting-feed.ts';
import { failures, jsonContent } from './route-parts.ts';
import type { WebApp, WebContext } from './web-app.ts';

const detail = createRoute({
  method: 'get',
  path: '/api/meetings/{id}',
  summary: 'One meeting without its words',
  request: { params: z.object({ id: z.string() }) },
  responses: {
    200: { description: 'All but the words', content: jsonContent(meetingDetailSchema) },
    ...failures,
  },
});

export function addMeetingRoutes(app: WebApp, { transcripts }: WebContext): void {
  app.openapi(detail, async (c) => {
    const folder = await folderOfMeeting(transcripts, c.req.valid('param').id);
    return c.json(await detailOf(folder), 200);
  });
}

async function detailOf(folder: string): Promise<MeetingDetail> {
  const outline = await readOutline(path.join(folder, journalFileName));
  const { software, settings, seats, stop, parent, execution, translation, torn } = outline;
  const control = readControlFile(folder);
  const usage = usageTable(outline);
  return {
    row: { ...rowOf(outline, stateOf(folder, outline)), meeting: path.basename(folder) },
    ...(software === undefined ? {} : { software }),
    ...(settings ? { settings } : {}),
    seats,
    ...(stop ? { stop } : {}),
    ...(parent ? { parent } : {}),
    forks: [],
    ...(usage ? { usage } : {}),
    ...(execution ? { execution } : {}),
    ...(translation ? { translation } : {}),
    files: new KeptFiles(path.join(folder, 'workspace')).list(),
    canBeModerated: !stop && control !== undefined && isHeld(control),
    torn,
  };
}
