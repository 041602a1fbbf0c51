/**
 * Results of work that goes on by itself, several pieces at a time, while tests ask for them one after
 * the other.
 */
export class EarlyResults<K, V> {
  readonly #known = new Map<K, V>();
  readonly #waiting = new Map<K, (result: V) => void>();
  #ended: Promise<unknown> = Promise.resolve();

  start(work: (tell: (key: K, result: V) => void) => Promise<unknown>): void {
    this.#ended = work((key, result) => {
      this.#known.set(key, result);
      this.#waiting.get(key)?.(result);
    });
    this.#ended.catch(() => {});
  }

  /** Rejects when the work has failed, or has ended without this result. */
  of(key: K): Promise<V> {
    return new Promise((resolve, reject) => {
      const known = this.#known.get(key);
      if (known !== undefined) return resolve(known);
      this.#waiting.set(key, resolve);
      this.#ended.then(() => reject(new Error('it ended without that result')), reject);
    });
  }

  /** Resolves when the work is over, and has cleaned up behind it. */
  async ended(): Promise<void> {
    await this.#ended.catch(() => {});
  }
}
