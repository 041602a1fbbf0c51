import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { ColloquyError, messageOf } from '../../wire/errors.ts';
import type { AccessOptions } from './access.ts';
import { MeetingFeeds } from './meeting-feeds.ts';
import { RunningMeetings } from './running-meetings.ts';
import { Starts } from './starts.ts';
import type { TakenSeat } from './taken-seat.ts';
import { createWebApp, type WebContext } from './web-app.ts';

export interface WebServerOptions
  extends AccessOptions, Omit<WebContext, 'feeds' | 'running' | 'starts' | 'taken'> {
  /** 0: any free port. */
  readonly port: number;
}

export interface WebServer {
  readonly port: number;
  /** Ends all streams, gives seats back, and resolves with the meetings that were started here and go on. */
  close(): Promise<readonly string[]>;
}

/** Nobody reads a page over so many connections; streams have a limit of their own. */
const mostConnections = 1_024;
const mostHeaderBytes = 16 * 1024;
const headersMs = 10_000;
const requestMs = 30_000;
/** A stream says something every quarter of a minute: whoever takes nothing for so long is gone. */
const stalledMs = 90_000;

/** Serves the page and its API. Rejects with ColloquyError `port-taken` or `cannot-listen`. */
export async function startWebServer({
  host,
  port,
  names,
  token,
  ...context
}: WebServerOptions): Promise<WebServer> {
  const feeds = new MeetingFeeds();
  const running = new RunningMeetings(context.transcripts, feeds);
  const starts = new Starts(context);
  const taken = new Map<string, TakenSeat>();
  const app = createWebApp({ ...context, feeds, running, starts, taken }, { host, names, token });
  const server = createAdaptorServer({
    fetch: app.fetch,
    overrideGlobalObjects: false,
    serverOptions: {
      maxHeaderSize: mostHeaderBytes,
      headersTimeout: headersMs,
      requestTimeout: requestMs,
      connectionsCheckingInterval: 5_000,
    },
  }) as Server;
  server.maxConnections = mostConnections;
  server.setTimeout(stalledMs);
  await listen(server, host, port);
  return {
    port: (server.address() as AddressInfo).port,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      for (const seat of taken.values()) seat.close();
      running.close();
      feeds.close();
      await closed;
      return starts.meetings;
    },
  };
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(sentenceOf(error, host, port)));
    server.listen({ host, port }, resolve);
  });
}

function sentenceOf(error: NodeJS.ErrnoException, host: string, port: number): ColloquyError {
  if (error.code === 'EADDRINUSE') {
    const message = `port ${port} of ${host} is taken, perhaps by another colloquy web; name another with --port`;
    return new ColloquyError(message, { code: 'port-taken', cause: error });
  }
  const message = `nothing can listen on port ${port} of ${host}: ${messageOf(error)}`;
  return new ColloquyError(message, { code: 'cannot-listen', cause: error });
}
