import { createRoute } from '@hono/zod-openapi';
import * as z from 'zod';
import { seats } from '../../wire/types.ts';
import { sayRequestSchema } from '../api.ts';
import { streamEvents } from './event-stream.ts';
import { folderOfMeeting } from './folders.ts';
import { HttpError } from './http-error.ts';
import { failures, jsonContent, seenBy, streamContent } from './route-parts.ts';
import { TakenSeat } from './taken-seat.ts';
import type { WebApp, WebContext } from './web-app.ts';

const params = z.object({ id: z.string(), seat: z.enum(seats) });
const done = { 204: { description: 'Done' }, ...failures } as const;

const take = createRoute({
  method: 'post',
  path: '/api/meetings/{id}/seats/{seat}/take',
  summary: 'Takes a seat over, to speak in the place of its agent',
  description: 'The seat is given back a minute after nobody listens to its events any more.',
  request: { params },
  responses: done,
});
const events = createRoute({
  method: 'get',
  path: '/api/meetings/{id}/seats/{seat}/events',
  summary: 'What a seat is told that was taken here: events `seat`',
  request: { params },
  responses: { 200: { description: 'Server-sent events', content: streamContent }, ...failures },
});
const say = createRoute({
  method: 'post',
  path: '/api/meetings/{id}/seats/{seat}/say',
  summary: 'Speaks from a seat that was taken here',
  request: { params, body: { content: jsonContent(sayRequestSchema), required: true } },
  responses: done,
});
const give = createRoute({
  method: 'post',
  path: '/api/meetings/{id}/seats/{seat}/give',
  summary: 'Gives a seat back that was taken here',
  request: { params },
  responses: done,
});

export function addSeatRoutes(app: WebApp, { transcripts, taken }: WebContext): void {
  const find = (id: string, seat: string): TakenSeat => {
    const found = taken.get(`${id} ${seat}`);
    if (!found) throw new HttpError(409, 'not-taken', `seat ${seat} of ${id} was not taken here`);
    return found;
  };
  app.openapi(take, async (c) => {
    const { id, seat } = c.req.valid('param');
    const folder = await folderOfMeeting(transcripts, id);
    const key = `${id} ${seat}`;
    // Whoever asks twice has it already.
    if (taken.has(key)) return c.body(null, 204);
    const one = await TakenSeat.take(folder, seat, () => taken.get(key) === one && taken.delete(key));
    taken.set(key, one);
    return c.body(null, 204);
  });
  app.openapi(events, (c) => {
    const { id, seat } = c.req.valid('param');
    const found = find(id, seat);
    return streamEvents(c, (wake) => found.listen(seenBy(c) ?? 0, wake));
  });
  app.openapi(say, (c) => {
    const { id, seat } = c.req.valid('param');
    find(id, seat).say(c.req.valid('json').text);
    return c.body(null, 204);
  });
  app.openapi(give, (c) => {
    const { id, seat } = c.req.valid('param');
    find(id, seat).give();
    return c.body(null, 204);
  });
}
