import http from 'node:http';
import { onTestFinished } from 'vitest';
import { startWebServer, type WebServerOptions } from '../../web/server/server.ts';

export interface TestWeb {
  readonly port: number;
  readonly warnings: string[];
}

/** A server of the page on a free port, closed when the test ends. */
export async function startWeb(
  transcripts: string,
  changes: Partial<WebServerOptions> = {},
): Promise<TestWeb> {
  const warnings: string[] = [];
  const server = await startWebServer({
    host: '127.0.0.1',
    port: 0,
    names: [],
    token: '',
    transcripts,
    runs: [],
    cwd: transcripts,
    env: { PATH: process.env['PATH'] },
    software: 'test',
    log: { info: () => {}, warn: (_, message) => void warnings.push(message) },
    ...changes,
  });
  onTestFinished(() => server.close().then(() => {}));
  return { port: server.port, warnings };
}

export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

export interface Request {
  readonly method?: string;
  readonly headers?: http.OutgoingHttpHeaders;
  readonly body?: string;
}

/** Asks as nobody's browser does: any Host, any path, byte for byte. */
export function ask(
  port: number,
  path: string,
  { method = 'GET', headers, body }: Request = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: '127.0.0.1', port, path, method, headers, agent: false },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (piece: string) => (text += piece));
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, text }),
        );
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}

export async function post(
  port: number,
  path: string,
  body: object = {},
): Promise<{ status: number; json: unknown }> {
  const headers = { 'content-type': 'application/json' };
  const { status, text } = await ask(port, path, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status, json: text === '' ? undefined : JSON.parse(text) };
}

export interface StreamedEvent {
  readonly event: string;
  readonly id?: string;
  readonly data: Record<string, unknown>;
}

/** Reads server-sent events as a browser does. */
export class EventReader {
  readonly events: StreamedEvent[] = [];
  isOver = false;
  status = 0;
  #rest = '';
  #wake = (): void => {};
  readonly #request: http.ClientRequest;

  constructor(port: number, path: string, headers: http.OutgoingHttpHeaders = {}) {
    this.#request = http.get({ host: '127.0.0.1', port, path, headers, agent: false }, (response) => {
      this.status = response.statusCode ?? 0;
      response.setEncoding('utf8').on('data', (piece: string) => this.#read(piece));
      response.on('close', () => this.#end());
    });
    this.#request.on('error', () => this.#end());
    onTestFinished(() => this.close());
  }

  close(): void {
    this.#request.destroy();
  }

  /** Resolves with the first event that fits, which may have come already. */
  async until(fits: (event: StreamedEvent) => boolean): Promise<StreamedEvent> {
    for (;;) {
      const found = this.events.find(fits);
      if (found) return found;
      if (this.isOver)
        throw new Error(`over before it came; what came: ${JSON.stringify(this.events.slice(-5))}`);
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async over(): Promise<void> {
    while (!this.isOver) await new Promise<void>((resolve) => (this.#wake = resolve));
  }

  /** Numbers of the events of the journal, in the order in which they came. */
  get ids(): number[] {
    return this.events.filter(({ event }) => event === 'journal').map(({ id }) => Number(id));
  }

  #end(): void {
    this.isOver = true;
    this.#wake();
  }

  #read(piece: string): void {
    const frames = (this.#rest + piece).split('\n\n');
    this.#rest = frames.pop() ?? '';
    for (const frame of frames) {
      const fields = Object.fromEntries(
        frame
          .split('\n')
          .map((line) => [line.slice(0, line.indexOf(': ')), line.slice(line.indexOf(': ') + 2)]),
      );
      const { event, id, data } = fields;
      if (event === undefined || data === undefined) continue;
      const parsed = JSON.parse(data) as Record<string, unknown>;
      this.events.push({ event, ...(id === undefined ? {} : { id }), data: parsed });
    }
    this.#wake();
  }
}
