import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { Usage } from '../../wire/types.ts';
import { wires, type Api } from './model-wires.ts';

/** What the server does with one request. */
export type Answer =
  | {
      readonly type: 'reply';
      readonly reasoning?: readonly string[];
      readonly pieces: readonly string[];
      readonly usage?: Usage;
      /** As the API calls it; its own word for "finished well" if left out. */
      readonly finish?: string;
      /** What Ollama took to load the model. */
      readonly loadMs?: number;
      /** How it ends; `reset` and `error` wait until `hear` was called, so that the pieces arrive. */
      readonly ending?: 'finish' | 'early-end' | 'stall' | 'reset' | 'error';
    }
  | {
      readonly type: 'refuse';
      readonly status: number;
      readonly message: string;
      /** `invalid_request_error`, `overloaded_error` and the like. Ollama has none. */
      readonly kind?: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Sends exactly this with status 200. */
  | { readonly type: 'raw'; readonly contentType: string; readonly text: string }
  /** Reads the request and never answers. */
  | { readonly type: 'silence' }
  /** Reads the request and closes the connection. */
  | { readonly type: 'hang-up' };

export interface RecordedRequest {
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Readonly<Record<string, unknown>>;
  /** Resolves when the connection of this request is closed or its answer has been sent in full. */
  readonly closed: Promise<void>;
}

/** A loopback server that speaks one model API as it is on the wire, and fails as it is told to. */
export interface ModelServer {
  readonly origin: string;
  readonly requests: readonly RecordedRequest[];
  /** Resolves when so many requests have come. */
  readonly untilAsked: (count: number) => Promise<void>;
  /** The client has got what was sent so far. */
  readonly hear: () => void;
}

/** Makes up an answer to the n-th request, from 0. */
type Answering = (body: Readonly<Record<string, unknown>>, index: number) => Answer;

/** Gives the n-th answer to the n-th request, and refuses those for which there is none. */
export async function startModelServer(
  api: Api,
  answers: readonly Answer[] | Answering,
): Promise<ModelServer> {
  const requests: RecordedRequest[] = [];
  let hear = (): void => {};
  const heard = new Promise<void>((resolve) => (hear = resolve));
  const waiting = new Set<() => void>();

  const server = createServer((request, response) => {
    const closed = new Promise<void>((resolve) => response.once('close', resolve));
    void readBody(request).then(async (body) => {
      const index = requests.length;
      const given = typeof answers === 'function' ? answers(body, index) : answers[index];
      const answer = given ?? noAnswerLeft;
      requests.push({ url: request.url ?? '', headers: request.headers, body, closed });
      for (const wake of waiting) wake();
      await give(answer, api, body, response, heard);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });

  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    requests,
    untilAsked: async (count) => {
      while (requests.length < count) await new Promise<void>((resolve) => waiting.add(resolve));
    },
    hear,
  };
}

const noAnswerLeft: Answer = { type: 'refuse', status: 400, message: 'the test foresees no more requests' };

async function give(
  answer: Answer,
  api: Api,
  body: Readonly<Record<string, unknown>>,
  response: ServerResponse,
  heard: Promise<void>,
): Promise<void> {
  const wire = wires[api];
  switch (answer.type) {
    case 'silence':
      return;
    case 'hang-up':
      response.socket?.destroy();
      return;
    case 'raw':
      response.writeHead(200, { 'content-type': answer.contentType }).end(answer.text);
      return;
    case 'refuse':
      response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers });
      response.end(JSON.stringify(wire.refusal(answer.message, answer.kind)));
      return;
    case 'reply': {
      const {
        reasoning = [],
        pieces,
        usage = { input: 0, output: 0, cached: 0 },
        ending = 'finish',
      } = answer;
      response.writeHead(200, { 'content-type': wire.contentType });
      response.write(wire.begin(usage, body) + wire.reasoning(reasoning) + wire.words(pieces));
      if (ending === 'reset' || ending === 'error') await heard;
      if (ending === 'reset') response.socket?.resetAndDestroy();
      if (ending === 'error') response.end(wire.failure());
      if (ending === 'early-end') response.end();
      if (ending === 'finish') response.end(wire.end(usage, answer.finish, body, answer.loadMs));
      return;
    }
  }
}

async function readBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8') as AsyncIterable<string>) text += chunk;
  // Whoever lists the models sends none.
  return JSON.parse(text || '{}') as Readonly<Record<string, unknown>>;
}
