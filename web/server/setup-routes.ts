import { createRoute } from '@hono/zod-openapi';
import * as z from 'zod';
import {
  modelListSchema,
  modelServices,
  personaDetailSchema,
  personaListSchema,
  personaPreviewRequestSchema,
  personaPreviewSchema,
  sandboxReportSchema,
  serviceListSchema,
} from '../api.ts';
import { listPersonas, previewPersona, readPersona } from './personas.ts';
import { failures, jsonContent } from './route-parts.ts';
import { Sandbox } from './sandbox.ts';
import { Services } from './services.ts';
import type { WebApp, WebContext } from './web-app.ts';

const personas = createRoute({
  method: 'get',
  path: '/api/personas',
  summary: 'Who could sit down',
  responses: { 200: { description: 'By name', content: jsonContent(personaListSchema) }, ...failures },
});
const persona = createRoute({
  method: 'get',
  path: '/api/personas/{id}',
  summary: 'One persona, as its author wrote it and as the model is told',
  request: { params: z.object({ id: z.string() }) },
  responses: { 200: { description: 'The persona', content: jsonContent(personaDetailSchema) }, ...failures },
});
const preview = createRoute({
  method: 'post',
  path: '/api/personas/preview',
  summary: 'What an edited persona would be, and what is wrong with it',
  request: { body: { content: jsonContent(personaPreviewRequestSchema), required: true } },
  responses: { 200: { description: 'The preview', content: jsonContent(personaPreviewSchema) }, ...failures },
});
const services = createRoute({
  method: 'get',
  path: '/api/services',
  summary: 'What could write the replies, and what of it is there; never a key',
  responses: { 200: { description: 'All services', content: jsonContent(serviceListSchema) }, ...failures },
});
const models = createRoute({
  method: 'get',
  path: '/api/services/{service}/models',
  summary: 'The models that a service offers',
  request: { params: z.object({ service: z.enum(modelServices) }) },
  responses: { 200: { description: 'By name', content: jsonContent(modelListSchema) }, ...failures },
});
const sandboxReport = createRoute({
  method: 'get',
  path: '/api/sandbox',
  summary: 'How code can be run here; before the first test, only what the self-test of every start says',
  responses: { 200: { description: 'Every tier', content: jsonContent(sandboxReportSchema) }, ...failures },
});
const sandboxTest = createRoute({
  method: 'post',
  path: '/api/sandbox/test',
  summary: 'Attacks every sandbox, as `colloquy doctor` does; takes minutes',
  responses: { 200: { description: 'Every tier', content: jsonContent(sandboxReportSchema) }, ...failures },
});

/** What there is to hold a meeting with. */
export function addSetupRoutes(app: WebApp, { cwd, env }: WebContext): void {
  const known = new Services({ cwd, env });
  const sandbox = new Sandbox({ cwd, env });
  app.openapi(personas, async (c) => c.json({ personas: await listPersonas(cwd) }, 200));
  app.openapi(persona, async (c) => c.json(await readPersona(c.req.valid('param').id, cwd), 200));
  app.openapi(preview, async (c) => c.json(await previewPersona(c.req.valid('json'), cwd), 200));
  app.openapi(services, async (c) => c.json({ services: await known.list() }, 200));
  app.openapi(models, async (c) => c.json({ models: await known.models(c.req.valid('param').service) }, 200));
  app.openapi(sandboxReport, async (c) => c.json(await sandbox.report(), 200));
  app.openapi(sandboxTest, async (c) => {
    // Nothing is said meanwhile, and whoever asked is no stalled reader.
    c.env.incoming.socket.setTimeout(0);
    return c.json(await sandbox.test(), 200);
  });
}
