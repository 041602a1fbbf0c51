import { chownSync, rmSync } from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import { messageOf } from '../../wire/errors.ts';
import { makeTemporaryFolder } from '../temporary-folder.ts';
import type { IndexHosts } from './index-hosts.ts';

/** At a time; pip needs one or two. */
const mostConnections = 16;
const connectMs = 15_000;
/** A connection that says nothing for so long is closed. */
const idleMs = 60_000;

/** The one way out of a sandbox that packages are installed in: a socket in a folder of this machine. */
export interface IndexProxy {
  readonly socket: string;
  /** What was asked for and is no host of the index, each once. */
  readonly refused: readonly string[];
  /** Whether the index was ever reached; and if not, why. */
  readonly reached: boolean;
  readonly failure: string | undefined;
  /** Gives the socket to the user that the sandbox runs as; nobody else can open it. */
  giveTo(uid: number): void;
  close(): void;
}

/**
 * Lets through connections to the hosts of the index and none else: CONNECT for https, whole URLs for http. Ends whatever
 * goes beyond `mostBytes` in all.
 */
export async function openIndexProxy(hosts: IndexHosts, mostBytes: number): Promise<IndexProxy> {
  const folder = makeTemporaryFolder('index');
  const socket = path.join(folder, 'index');
  const refused = new Set<string>();
  const open = new Set<Duplex>();
  let leftBytes = mostBytes;
  let reached = false;
  let failure: string | undefined;

  /** Rejects with why not. */
  async function connect(host: string, port: number): Promise<net.Socket> {
    let addresses: readonly string[];
    try {
      addresses = await hosts.resolve(host, port);
    } catch (error) {
      if (hosts.names.includes(`${host}:${port}`.toLowerCase())) failure ??= messageOf(error);
      else refused.add(`${host}:${port}`.slice(0, 200));
      throw error;
    }
    try {
      const upstream = await reachOne(addresses, port);
      reached = true;
      return watch(upstream);
    } catch (error) {
      failure ??= messageOf(error);
      throw error;
    }
  }

  function watch<T extends net.Socket>(stream: T): T {
    open.add(stream);
    stream.once('close', () => open.delete(stream));
    stream.on('error', () => stream.destroy());
    stream.setTimeout(idleMs, () => stream.destroy());
    count(stream);
    return stream;
  }

  function count(stream: Duplex): void {
    stream.on('data', (piece: Buffer) => {
      leftBytes -= piece.length;
      if (leftBytes < 0) for (const each of open) each.destroy();
    });
  }

  const server = http.createServer((request, response) => {
    void forward(request, response, connect);
  });
  server.maxConnections = mostConnections;
  server.on('connection', (stream: net.Socket) => {
    open.add(stream);
    stream.once('close', () => open.delete(stream));
  });
  server.on('connect', (request: http.IncomingMessage, stream: Duplex, head: Buffer) => {
    count(stream);
    void tunnel(request.url ?? '', stream, head, connect);
  });
  server.on('clientError', (_error, stream) => stream.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, resolve);
  });

  return {
    socket,
    get refused() {
      return [...refused];
    },
    get reached() {
      return reached;
    },
    get failure() {
      return failure;
    },
    giveTo(uid) {
      for (const place of [folder, socket]) chownSync(place, uid, uid);
    },
    close() {
      server.close();
      for (const each of open) each.destroy();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

type Connect = (host: string, port: number) => Promise<net.Socket>;

async function tunnel(target: string, stream: Duplex, head: Buffer, connect: Connect): Promise<void> {
  stream.on('error', () => stream.destroy());
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(target) ?? [];
  try {
    const upstream = await connect(host, Number(port));
    stream.once('close', () => upstream.destroy());
    upstream.once('close', () => stream.destroy());
    stream.write('HTTP/1.1 200 Connection established\r\n\r\n');
    if (head.length > 0) upstream.write(head);
    upstream.pipe(stream);
    stream.pipe(upstream);
  } catch (error) {
    stream.end(`HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n${messageOf(error)}\n`);
  }
}

async function forward(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  connect: Connect,
): Promise<void> {
  const refuse = (error: unknown): void => {
    if (!response.headersSent) response.writeHead(403, { connection: 'close' });
    response.end(`${messageOf(error)}\n`);
  };
  try {
    const url = new URL(request.url ?? '');
    if (url.protocol !== 'http:' || !['GET', 'HEAD'].includes(request.method ?? ''))
      throw new Error('only GET and HEAD are let through');
    const upstream = await connect(url.hostname, Number(url.port === '' ? 80 : url.port));
    const onward = http.request({
      createConnection: () => upstream,
      method: request.method,
      path: `${url.pathname}${url.search}`,
      headers: { ...request.headers, host: url.host, connection: 'close' },
    });
    onward.on('error', refuse);
    onward.on('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    response.once('close', () => upstream.destroy());
    onward.end();
  } catch (error) {
    refuse(error);
  }
}

async function reachOne(addresses: readonly string[], port: number): Promise<net.Socket> {
  let failure: unknown;
  for (const address of addresses) {
    try {
      return await reach(address, port);
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

function reach(host: string, port: number): Promise<net.Socket> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port });
    const timer = setTimeout(() => {
      socket.destroy();
      reject(new Error(`${host}:${port} did not answer within ${connectMs / 1_000} s`));
    }, connectMs);
    socket.once('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(socket);
    });
  });
}
