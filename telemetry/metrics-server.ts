import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import { isSameSecret } from '../wire/secret.ts';

export interface ScrapeOptions {
  readonly host: string;
  readonly port: number;
  /** Empty: whoever asks is told. */
  readonly token: string;
  /** All metrics, in the text format of Prometheus. */
  readonly render: () => Promise<string>;
}

/** Nobody scrapes over so many connections. */
const mostConnections = 64;
const patienceMs = 10_000;

/** Source: https://prometheus.io/docs/instrumenting/exposition_formats/ */
const textFormat = 'text/plain; version=0.0.4; charset=utf-8';

/** Answers `GET /metrics`, and nothing else. Rejects with ColloquyError `port-taken` or `cannot-listen`. */
export async function listenForScrapes(
  options: ScrapeOptions,
): Promise<{ readonly port: number; close(): Promise<void> }> {
  const server = createServer(
    { headersTimeout: patienceMs, requestTimeout: patienceMs, maxHeaderSize: 16 * 1_024 },
    (request, response) => void answer(request, response, options),
  );
  server.maxConnections = mostConnections;
  await listen(server, options);
  // It is no reason for a program to stay.
  server.unref();
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  { method, url = '', headers }: IncomingMessage,
  response: ServerResponse,
  { token, render }: ScrapeOptions,
): Promise<void> {
  const refuse = (status: number, why: string, more: Record<string, string> = {}): void => {
    response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', ...more }).end(`${why}\n`);
  };
  if (url.split('?')[0] !== '/metrics') return refuse(404, 'there is /metrics here, and nothing else');
  if (method !== 'GET' && method !== 'HEAD') return refuse(405, 'ask with GET', { allow: 'GET, HEAD' });
  const [, given = ''] = /^Bearer (.+)$/i.exec(headers.authorization ?? '') ?? [];
  if (token !== '' && !isSameSecret(given, token)) {
    return refuse(401, 'this needs the token of metrics.token', { 'www-authenticate': 'Bearer' });
  }
  try {
    const text = await render();
    response.writeHead(200, { 'content-type': textFormat, 'cache-control': 'no-store' });
    response.end(method === 'HEAD' ? undefined : text);
  } catch (error) {
    refuse(500, messageOf(error));
  }
}

async function listen(server: Server, { host, port }: ScrapeOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE';
      const why = isTaken
        ? 'is taken; stop what listens there, or choose another with --metrics-port'
        : `cannot be used (${error.code}); see metrics.host and --metrics-port`;
      const code = isTaken ? 'port-taken' : 'cannot-listen';
      reject(new ColloquyError(`port ${port} on ${host}, for metrics, ${why}`, { code, cause: error }));
    });
    server.listen({ host, port }, resolve);
  });
}
