import type { Port } from './deno-api.ts';
import type { Opening, Question } from './worker-link.ts';

interface WorkerScope {
  onmessage: ((event: object) => void) | null;
  addEventListener(type: string, listener: (event: UncaughtEvent) => void): void;
}

export interface UncaughtEvent {
  preventDefault(): void;
  readonly error?: unknown;
  readonly reason?: unknown;
}

const scope = globalThis as unknown as WorkerScope;

// Code that runs later may change the prototypes of all of these. It finds no token here by doing so.
const { apply } = Reflect;
const messageData = Object.getOwnPropertyDescriptor(MessageEvent.prototype, 'data');
const readData = (messageData as { readonly get?: (this: unknown) => unknown } | undefined)?.get;

/** A worker's end of its port: takes questions, gives answers. */
export interface WorkerPort<T> {
  readonly given: T;
  /** `answer` may throw: then the worker is of no use any more. `hear`: what needs no answer. */
  serve(answer: (ask: object) => Promise<object>, hear: (message: object) => void): void;
}

/** Waits for what the main isolate has for this worker. Called once, before anything else runs. */
export function openPort<T>(): Promise<WorkerPort<T>> {
  return new Promise((resolve) => {
    scope.onmessage = (event) => {
      scope.onmessage = null;
      const { port, given } = dataOf(event) as Opening<T>;
      resolve({ given, serve: (answer, hear) => serve(port, answer, hear) });
    };
  });
}

/** What nobody catches would end the worker, and with it the session. */
export function catchUncaught(report: (error: unknown) => void): void {
  scope.addEventListener('error', (event) => {
    event.preventDefault();
    report(event.error);
  });
  scope.addEventListener('unhandledrejection', (event) => {
    event.preventDefault();
    report(event.reason);
  });
}

function serve(port: Port, answer: (ask: object) => Promise<object>, hear: (message: object) => void): void {
  const post = port.postMessage.bind(port);
  port.onmessage = (event) => {
    const message = dataOf(event) as Question | { readonly token?: undefined };
    if (message.token === undefined) return hear(message);
    const { token, ask } = message;
    void (async () => {
      try {
        post({ token, answer: await answer(ask) });
      } catch (error) {
        post({ token, fatal: describe(error) });
      }
    })();
  };
}

function dataOf(event: object): unknown {
  return readData === undefined ? (event as { data?: unknown }).data : apply(readData, event, []);
}

function describe(error: unknown): string {
  try {
    return String(error).slice(0, 500);
  } catch {
    return 'an error that cannot be shown';
  }
}
