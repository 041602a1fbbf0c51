import { availableParallelism } from 'node:os';
import { Interpreter } from './interpreter.ts';
import type { Limits, Tier } from './tiers/tier.ts';

/**
 * Starts interpreters of one tier and shares the machine among them: a crowd that begins at once, or
 * fifty blocks that compute, would otherwise all miss their time limits together.
 */
export class InterpreterPool {
  readonly tier: Tier;
  readonly limits: Limits;
  readonly #starts = new Slots(availableParallelism());
  // Blocks that wait for something need no processor, so there are more places than processors.
  readonly #runs = new Slots(2 * availableParallelism());
  #spare: Promise<Interpreter | undefined> | undefined;
  #closed = false;

  constructor(tier: Tier, limits: Limits) {
    this.tier = tier;
    this.limits = limits;
  }

  /** Starts one ahead of time, on a tier that is slow to start. */
  warm(): void {
    if (this.#closed || !this.tier.keepsSpare) return;
    this.#spare ??= this.#start().catch(() => undefined);
  }

  /** An interpreter that nobody has used. Rejects with ColloquyError `interpreter-failed`. */
  async take(): Promise<Interpreter> {
    const reserved = this.#spare;
    this.#spare = undefined;
    const spare = await reserved;
    const interpreter = spare?.isAlive ? spare : await this.#start();
    this.warm();
    return interpreter;
  }

  /** Runs `work` when there is a place for it. */
  share<T>(work: () => Promise<T>): Promise<T> {
    return this.#runs.run(work);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const spare = await this.#spare;
    await spare?.close();
  }

  #start(): Promise<Interpreter> {
    return this.#starts.run(() => Interpreter.start(this.tier, this.limits));
  }
}

/** So many at a time; the others wait their turn. */
class Slots {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next) next();
      else this.#free++;
    }
  }
}
