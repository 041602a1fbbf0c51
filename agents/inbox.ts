import type { ProxyFrame } from '../wire/message.ts';

/** Frames that are told again to somebody who comes back: each is taken once. */
const repeatable: ReadonlySet<ProxyFrame['type']> = new Set(['start', 'text', 'note', 'bye', 'help']);

/** What the proxy has said, in order. */
export class Inbox {
  readonly #queue: ProxyFrame[] = [];
  #wake = (): void => {};
  #ended: { readonly error?: unknown } | undefined;
  /** The number that stands before the frames that come now, and what of them was taken. */
  #current: { readonly seq: number; readonly taken: Set<ProxyFrame['type']> } | undefined;
  /** Whether this connection began with what was said before. */
  #hasHistory = false;
  /** What came last. */
  #previous: ProxyFrame['type'] | undefined;

  /**
   * The last event of the meeting's journal that has come whole; undefined where the proxy does not number
   * them. Of the one after it something may be missing: it is told again, and what was taken is not taken twice.
   */
  get seen(): number | undefined {
    return this.#current === undefined ? undefined : this.#current.seq - 1;
  }

  /** The number that stood before what came last; undefined where the proxy does not number. */
  get heard(): number | undefined {
    return this.#current?.seq;
  }

  get waiting(): readonly ProxyFrame[] {
    return this.#queue;
  }

  /** False for what has come before, and for the numbers themselves. */
  isNews(frame: ProxyFrame): boolean {
    const current = this.#current;
    const previous = this.#previous;
    const isOld = frame.type === 'seq' && frame.seq < (current?.seq ?? 0);
    this.#previous = isOld ? undefined : frame.type;
    if (frame.type === 'seq') {
      if (frame.seq > (current?.seq ?? 0)) this.#current = { seq: frame.seq, taken: new Set() };
      return false;
    }
    if (frame.type === 'history') return this.#beginsAnew(previous);
    if (!current || !repeatable.has(frame.type)) return true;
    // A line that comes twice does not stand behind its number the second time.
    const isWord = frame.type === 'bye' || frame.type === 'help';
    if (previous !== 'seq' && !(isWord && previous === 'text')) return false;
    if (current.taken.has(frame.type)) return false;
    current.taken.add(frame.type);
    return true;
  }

  /** What was said so far replaces all that was heard: once where a connection begins, and behind a number of its own. */
  #beginsAnew(previous: ProxyFrame['type'] | undefined): boolean {
    if (previous === 'seq') return true;
    if (previous !== 'welcome' || this.#hasHistory) return false;
    this.#hasHistory = true;
    // What follows is told as to somebody who has heard nothing.
    this.#current = undefined;
    return true;
  }

  /** What comes now comes by another connection. */
  reconnect(): void {
    this.#previous = undefined;
    this.#hasHistory = false;
  }

  add(frame: ProxyFrame): void {
    this.#queue.push(frame);
    this.#wake();
  }

  /** There will be no more; with an error, `frames` rejects with it. */
  end(error?: unknown): void {
    this.#ended ??= error === undefined ? {} : { error };
    this.#wake();
  }

  async *frames(): AsyncGenerator<ProxyFrame> {
    for (;;) {
      const next = this.#queue.shift();
      if (next) yield next;
      else if (this.#ended && 'error' in this.#ended) throw this.#ended.error;
      else if (this.#ended) return;
      else await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
