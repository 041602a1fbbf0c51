import type { HttpBindings } from '@hono/node-server';
import { OpenAPIHono } from '@hono/zod-openapi';
import { bodyLimit } from 'hono/body-limit';
import { askForToken, refuseStrangers, type AccessOptions } from './access.ts';
import { setHeaders } from './headers.ts';
import { answerFailure, fail } from './http-error.ts';
import { PageFiles } from './page-files.ts';
import { addArchiveRoutes } from './archive-routes.ts';
import { addRunRoutes } from './archive-run-routes.ts';
import { addMeetingRoutes } from './meeting-routes.ts';
import { addEventRoutes } from './event-routes.ts';
import type { MeetingFeeds } from './meeting-feeds.ts';
import { addNowRoutes } from './now-routes.ts';
import type { RunningMeetings } from './running-meetings.ts';
import { addSeatRoutes } from './seat-routes.ts';
import { addSetupRoutes } from './setup-routes.ts';
import type { Starts } from './starts.ts';
import { addSteeringRoutes } from './steering-routes.ts';
import type { TakenSeat } from './taken-seat.ts';

export interface WebEnvironment {
  Bindings: HttpBindings;
}
export type WebApp = OpenAPIHono<WebEnvironment>;

/** What the routes work with. */
export interface WebContext {
  /** Folder of the journals, absolute. */
  readonly transcripts: string;
  /** Folders in which runs of pipelines and of the coder are looked for, absolute. */
  readonly runs: readonly string[];
  /** Where personas/ and config/ of the user are. */
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly software: string;
  readonly feeds: MeetingFeeds;
  readonly running: RunningMeetings;
  readonly starts: Starts;
  /** By meeting and seat. */
  readonly taken: Map<string, TakenSeat>;
  readonly log: {
    info(data: object, message: string): void;
    warn(data: object, message: string): void;
  };
}

/** A persona is the longest that anybody sends. */
const mostBodyBytes = 1024 * 1024;

/** The whole server, but for its sockets. */
export function createWebApp(context: WebContext, access: AccessOptions): WebApp {
  const app: WebApp = new OpenAPIHono({
    defaultHook: (result, c) => {
      if (result.success) return undefined;
      const issue = result.error.issues[0];
      const where = issue?.path.length ? `${issue.path.map(String).join('.')}: ` : '';
      return fail(c, 400, 'bad-request', `${where}${issue?.message ?? 'not understood'}`);
    },
  });
  app.use(setHeaders, refuseStrangers(access), askForToken(access));
  app.use(
    bodyLimit({
      maxSize: mostBodyBytes,
      onError: (c) => fail(c, 413, 'too-large', `a request may have ${mostBodyBytes} bytes`),
    }),
  );
  app.onError((error, c) =>
    answerFailure(c, error, () =>
      context.log.warn({ error }, `${c.req.method} ${c.req.path}: ${error.message}`),
    ),
  );
  addMeetingRoutes(app, context);
  addArchiveRoutes(app, context);
  addRunRoutes(app, context);
  addEventRoutes(app, context);
  addNowRoutes(app, context);
  addSteeringRoutes(app, context);
  addSeatRoutes(app, context);
  addSetupRoutes(app, context);
  app.doc31('/api/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: 'Colloquy',
      version: context.software,
      description: 'Watch, steer and read meetings. docs/web.md tells who may ask, and how streams are read.',
    },
  });
  app.all('/api/*', (c) =>
    fail(c, 404, 'no-route', 'there is nothing at this address; see /api/openapi.json'),
  );
  const page = new PageFiles();
  app.get('*', (c) => page.answer(c));
  app.all('*', (c) => fail(c, 405, 'bad-method', 'only GET is answered here'));
  return app;
}
