import type { Redis } from 'ioredis';
import { RedisRequestGate } from '../batch/redis/request-gate.ts';
import { Parts, readBatch } from '../batch/redis/shipment.ts';
import { ReceivedBatch, type WorkersExecution } from './shipping.ts';

/** A worker may live for years, and whoever needs one again fetches it again. */
const mostKnown = 16;

/** The batches that a worker holds meetings of, as they are now: who goes on with one may have changed its limits. */
export class ReceivedBatches {
  readonly #redis: Redis;
  readonly #execution: WorkersExecution | undefined;
  readonly #known = new Map<string, { readonly text: string; readonly received: ReceivedBatch }>();

  /** `execution`: how code is run here, where it is. */
  constructor(redis: Redis, execution?: WorkersExecution) {
    this.#redis = redis;
    this.#execution = execution;
  }

  /** Rejects with an error where there is none of that name, and with ColloquyError `other-version`. */
  async get(name: string): Promise<ReceivedBatch> {
    const batch = await readBatch(this.#redis, name);
    if (!batch) throw new Error(`the batch ${name} is not there any more`);
    const text = JSON.stringify(batch);
    const known = this.#known.get(name);
    if (known?.text === text) return known.received;
    const received = new ReceivedBatch(batch, {
      parts: new Parts(this.#redis, name),
      createGate: (address, limits) => new RedisRequestGate(this.#redis, `${name} ${address}`, limits),
      execution: this.#execution,
    });
    this.#known.delete(name);
    this.#known.set(name, { text, received });
    const [oldest = ''] = this.#known.keys();
    if (this.#known.size > mostKnown) this.#known.delete(oldest);
    return received;
  }
}
