import { WebMessageChannel, WebWorker, type DenoWorker, type Port } from './deno-api.ts';

/** The first message to a worker: the only one that comes by the way that all code in it can see. */
export interface Opening<T> {
  readonly port: Port;
  readonly given: T;
}

/** What goes over the port. The token is new for every question. */
export interface Question {
  readonly token: string;
  readonly ask: object;
}
export type Reply =
  | { readonly token: string; readonly answer: object }
  /** The interpreter is of no use any more. */
  | { readonly token: string; readonly fatal: string };

export interface WorkerLinkOptions<T> {
  readonly url: string;
  readonly name: string;
  readonly given: T;
  readonly transfer?: readonly unknown[];
  /** Something answered in the worker's place, or told what nobody asked. */
  readonly onTainted: () => void;
}

/**
 * The main isolate's end of a worker that runs code of strangers: no permissions, and a port of its own
 * that the code has no name for. What comes by any other way is a forgery.
 */
export class WorkerLink<T> {
  readonly #worker: DenoWorker;
  readonly #port: Port;
  readonly #onTainted: () => void;
  #pending:
    | {
        readonly token: string;
        readonly resolve: (answer: object) => void;
        readonly reject: (error: Error) => void;
      }
    | undefined;
  #ended: string | undefined;

  constructor({ url, name, given, transfer = [], onTainted }: WorkerLinkOptions<T>) {
    this.#onTainted = onTainted;
    this.#worker = new WebWorker(url, { type: 'module', name, deno: { permissions: 'none' } });
    const { port1, port2 } = new WebMessageChannel();
    this.#port = port1;
    this.#port.onmessage = (event) => this.#hear((event as { data?: unknown }).data);
    this.#worker.onmessage = () => onTainted();
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.end(`its worker ended: ${event.message}`);
    };
    const opening: Opening<T> = { port: port2, given };
    this.#worker.postMessage(opening, [port2, ...transfer]);
  }

  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** Asks one thing at a time. Rejects when the worker cannot answer any more. */
  ask(ask: object): Promise<object> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== undefined) return reject(new Error(this.#ended));
      const token = crypto.randomUUID();
      this.#pending = { token, resolve, reject };
      const question: Question = { token, ask };
      this.#port.postMessage(question);
    });
  }

  /** Tells it something that is not answered. */
  tell(message: object): void {
    this.#port.postMessage(message);
  }

  end(reason: string): void {
    if (this.#ended !== undefined) return;
    this.#ended = reason;
    this.#worker.terminate();
    const pending = this.#pending;
    this.#pending = undefined;
    pending?.reject(new Error(reason));
  }

  #hear(message: unknown): void {
    const reply = message as Reply;
    const pending = this.#pending;
    if (pending === undefined || reply?.token !== pending.token) return this.#onTainted();
    if ('fatal' in reply ? typeof reply.fatal !== 'string' : typeof reply.answer !== 'object') {
      return this.#onTainted();
    }
    this.#pending = undefined;
    if ('fatal' in reply) {
      pending.reject(new Error(reply.fatal));
      this.end(reply.fatal);
    } else {
      pending.resolve(reply.answer);
    }
  }
}
