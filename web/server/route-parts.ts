import type { Context } from 'hono';
import * as z from 'zod';
import { apiErrorSchema } from '../api.ts';
import type { WebApp } from './web-app.ts';

/** Parts of the descriptions of routes. */
export const failures = {
  '4XX': { description: 'Why not', content: { 'application/json': { schema: apiErrorSchema } } },
  '5XX': { description: 'Why not', content: { 'application/json': { schema: apiErrorSchema } } },
} as const;

/** Describes what the events of a stream hold: a route can only say that its answer is text. */
export function describeEvent(app: WebApp, name: string, schema: z.ZodType): void {
  // A copy has what `@hono/zod-openapi` adds to each schema that is made once it is there.
  app.openAPIRegistry.register(name, schema.clone());
}

export const streamContent = { 'text/event-stream': { schema: z.string() } } as const;

/** Of any type; none of them is opened as a page. */
export const fileContent = { '*/*': { schema: {} } } as const;

export function jsonContent<T extends z.ZodType>(schema: T): { 'application/json': { schema: T } } {
  return { 'application/json': { schema } };
}

/** The number of the last event that somebody has seen who comes back. */
export function seenBy(c: Context): number | undefined {
  const header = c.req.header('last-event-id') ?? '';
  return /^\d{1,15}$/.test(header) ? Number(header) : undefined;
}
