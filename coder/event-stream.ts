/** Events for one reader, who may come late: nothing is lost until it was read. */
export class EventStream<T> implements AsyncIterable<T> {
  readonly #waiting: T[] = [];
  readonly #onLeave: () => void;
  #end: { readonly error?: unknown } | undefined;
  #wake: (() => void) | undefined;

  /** `onLeave` is called when the reader loses interest before the end. */
  constructor(onLeave: () => void) {
    this.#onLeave = onLeave;
  }

  push(event: T): void {
    this.#waiting.push(event);
    this.#wake?.();
  }

  /** After all that was pushed the reader is told; with `error`, by being thrown it. */
  end(how: { readonly error?: unknown } = {}): void {
    this.#end ??= how;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    let isDone = false;
    try {
      for (;;) {
        const next = this.#waiting.shift();
        if (next !== undefined) {
          yield next;
        } else if (this.#end) {
          isDone = true;
          if ('error' in this.#end) throw this.#end.error;
          return;
        } else {
          await new Promise<void>((resolve) => (this.#wake = resolve));
        }
      }
    } finally {
      if (!isDone) this.#onLeave();
    }
  }
}
