import { createRoute } from '@hono/zod-openapi';
import * as z from 'zod';
import { ControlClient } from '../../proxy/control-client.ts';
import {
  controlActionSchema,
  controlAnswerSchema,
  startedSchema,
  startRequestSchema,
  type ControlAction,
  type ControlAnswer,
} from '../api.ts';
import { folderOfMeeting } from './folders.ts';
import { failures, jsonContent } from './route-parts.ts';
import type { WebApp, WebContext } from './web-app.ts';

const start = createRoute({
  method: 'post',
  path: '/api/meetings',
  summary: 'Starts a meeting: the same processes as `colloquy meet`',
  description: 'Answers when the meeting has begun, or in the words of what kept it from that.',
  request: { body: { content: jsonContent(startRequestSchema), required: true } },
  responses: { 201: { description: 'It has begun', content: jsonContent(startedSchema) }, ...failures },
});

const control = createRoute({
  method: 'post',
  path: '/api/meetings/{id}/control',
  summary: 'Moderates a meeting, as `colloquy control` does (docs/moderator.md)',
  request: {
    params: z.object({ id: z.string() }),
    body: { content: jsonContent(controlActionSchema), required: true },
  },
  responses: {
    200: { description: 'How it is now', content: jsonContent(controlAnswerSchema) },
    ...failures,
  },
});

export function addSteeringRoutes(app: WebApp, { transcripts, starts }: WebContext): void {
  app.openapi(start, async (c) => {
    const meeting = await starts.start(c.req.valid('json'));
    c.header('Location', `/api/meetings/${meeting}`);
    return c.json({ meeting }, 201);
  });
  app.openapi(control, async (c) => {
    const folder = await folderOfMeeting(transcripts, c.req.valid('param').id);
    return c.json(await moderate(folder, c.req.valid('json')), 200);
  });
}

/** Rejects with ColloquyError `not-controlled`, `control-lost` or `refused`. */
async function moderate(folder: string, action: ControlAction): Promise<ControlAnswer> {
  const client = await ControlClient.connect(folder);
  try {
    // The parts that may be missing are missing, and not undefined.
    const request = JSON.parse(JSON.stringify(action)) as Parameters<typeof client.ask>[0];
    const { status, step } = await client.ask(request);
    return { status, ...(step ? { step } : {}) };
  } finally {
    client.close();
  }
}
