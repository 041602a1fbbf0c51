import type { Context } from 'hono';
import { fail } from './http-error.ts';

/** What one who listens is sent, asked for piece by piece as there is room for it. */
export interface EventSource {
  /** The next frames; undefined: there is nothing as yet, and `wake` will be called; null: it is over. */
  next(): Promise<string | undefined | null>;
  close(): void;
}

/** Streams at a time: far more than people look at one server, far fewer than it has memory for. */
const mostStreams = 256;
/** Proxies close what is silent for half a minute. */
const heartbeatMs = 15_000;
/** What a browser waits before it comes back. */
const retryMs = 1_500;

let streams = 0;

/**
 * Answers with server-sent events (HTML standard, section 9.2). Nothing is made before whoever listens has taken
 * what came before, so that one who reads slowly costs no memory. `open` is given what must be called when there is
 * something new.
 */
export function streamEvents(
  c: Context,
  open: (wake: () => void) => Promise<EventSource> | EventSource,
): Response {
  if (streams >= mostStreams) {
    c.header('Retry-After', '10');
    return fail(c, 503, 'too-many-streams', `${mostStreams} streams are open already; close a page or two`);
  }
  const headers = {
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store, no-transform',
    // For nginx, which would wait until a block is full.
    'X-Accel-Buffering': 'no',
  };
  // Nothing is opened that nobody would read.
  if (c.req.method === 'HEAD') return c.body(null, 200, headers);
  return c.body(streamOf(open), 200, headers);
}

function streamOf(
  open: (wake: () => void) => Promise<EventSource> | EventSource,
): ReadableStream<Uint8Array> {
  let wake = (): void => {};
  let source: EventSource | undefined;
  let isOver = false;
  const encoder = new TextEncoder();
  streams++;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    streams--;
    wake();
    source?.close();
  };
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    if (!source) {
      controller.enqueue(encoder.encode(`retry: ${retryMs}\n\n`));
      source = await open(() => wake());
      // Gone while it was opened.
      if (isOver) source.close();
      return;
    }
    for (;;) {
      const news = new Promise<'news'>((resolve) => (wake = () => resolve('news')));
      const frames = isOver ? null : await source.next();
      if (frames === null) {
        if (!isOver) controller.close();
        return end();
      }
      if (frames !== undefined && frames !== '') return controller.enqueue(encoder.encode(frames));
      if (frames === '') continue;
      if ((await orHeartbeat(news)) === 'heartbeat')
        return controller.enqueue(encoder.encode(': still here\n\n'));
    }
  };
  return new ReadableStream<Uint8Array>(
    {
      pull: (controller) =>
        pull(controller).catch((error: unknown) => {
          end();
          controller.error(error);
        }),
      cancel: end,
    },
    { highWaterMark: 0 },
  );
}

async function orHeartbeat(news: Promise<'news'>): Promise<'news' | 'heartbeat'> {
  let timer: NodeJS.Timeout | undefined;
  const heartbeat = new Promise<'heartbeat'>((resolve) => {
    timer = setTimeout(() => resolve('heartbeat'), heartbeatMs);
  });
  const first = await Promise.race([news, heartbeat]);
  clearTimeout(timer);
  return first;
}

/** One event as it is sent. */
export function eventFrame(event: string, data: unknown): string {
  // JSON holds no line breaks.
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}
