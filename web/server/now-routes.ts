import { createRoute } from '@hono/zod-openapi';
import { nowMessageSchema } from '../api.ts';
import { eventFrame, streamEvents, type EventSource } from './event-stream.ts';
import { describeEvent, failures, streamContent } from './route-parts.ts';
import type { RunningMeetings } from './running-meetings.ts';
import type { WebApp, WebContext } from './web-app.ts';

const now = createRoute({
  method: 'get',
  path: '/api/now',
  summary: 'The meetings that run, or were interrupted',
  description: 'Events `rows`, each of them a `NowMessage`: all of them each time, at most twice a second',
  responses: { 200: { description: 'Server-sent events', content: streamContent }, ...failures },
});

/** Twice a second is as often as anybody looks. */
const pauseMs = 500;

export function addNowRoutes(app: WebApp, { running }: WebContext): void {
  describeEvent(app, 'NowMessage', nowMessageSchema);
  app.openapi(now, (c) => streamEvents(c, (wake) => watchRows(running, wake)));
}

async function watchRows(running: RunningMeetings, wake: () => void): Promise<EventSource> {
  let isNew = true;
  let told = '';
  let resumesAt = 0;
  let timer: NodeJS.Timeout | undefined;
  const stop = await running.listen(() => {
    isNew = true;
    wake();
  });
  return {
    next: () => {
      if (!isNew) return Promise.resolve(undefined);
      const waitMs = resumesAt - performance.now();
      if (waitMs > 0) {
        timer ??= setTimeout(() => {
          timer = undefined;
          wake();
        }, waitMs);
        return Promise.resolve(undefined);
      }
      isNew = false;
      const frame = eventFrame('rows', running.rows);
      if (frame === told) return Promise.resolve(undefined);
      told = frame;
      resumesAt = performance.now() + pauseMs;
      return Promise.resolve(frame);
    },
    close: () => {
      clearTimeout(timer);
      stop();
    },
  };
}
