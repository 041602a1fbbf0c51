import { createRoute } from '@hono/zod-openapi';
import * as z from 'zod';
import { journalStart } from '../../journal/read.ts';
import { eventsQuerySchema, liveMessageSchema, stateMessageSchema } from '../api.ts';
import { streamEvents } from './event-stream.ts';
import { folderOfMeeting } from './folders.ts';
import { MeetingViewer } from './meeting-viewer.ts';
import { describeEvent, failures, seenBy, streamContent } from './route-parts.ts';
import type { WebApp, WebContext } from './web-app.ts';

const meetingEvents = createRoute({
  method: 'get',
  path: '/api/meetings/{id}/events',
  summary: 'What happens in a meeting, from its first event on',
  description:
    'Events `journal` (its id is the number of the event), `live` (a `LiveMessage`) and `state` (a `StateMessage`); see ' +
    'docs/web.md. With Last-Event-ID, or ' +
    '`after`, it goes on behind that event. When all of a meeting that has ended is told, the stream ends; who comes back ' +
    'for more gets 204.',
  request: {
    params: z.object({ id: z.string() }),
    query: eventsQuerySchema,
  },
  responses: {
    200: { description: 'Server-sent events', content: streamContent },
    204: { description: 'It has ended, and all was told' },
    ...failures,
  },
});

export function addEventRoutes(app: WebApp, { transcripts, feeds }: WebContext): void {
  describeEvent(app, 'LiveMessage', liveMessageSchema);
  describeEvent(app, 'StateMessage', stateMessageSchema);
  app.openapi(meetingEvents, async (c) => {
    const folder = await folderOfMeeting(transcripts, c.req.valid('param').id);
    const seen = seenBy(c) ?? c.req.valid('query').after ?? 0;
    const opened = await feeds.open(folder);
    const { feed, release } = opened;
    try {
      const position = seen === 0 ? journalStart : await feed.tail.positionAfter(seen);
      const isOver = feed.state.state === 'ended' && position.offset >= feed.tail.end.offset;
      // Only this keeps a browser from coming back again and again.
      if (seen > 0 && isOver) {
        release();
        return c.body(null, 204);
      }
      const response = streamEvents(c, (wake) => new MeetingViewer(opened, position, wake));
      if (response.status !== 200 || c.req.method === 'HEAD') release();
      return response;
    } catch (error) {
      release();
      throw error;
    }
  });
}
