import type { RequestGate } from '../agents/request-limit.ts';

/** The gate of others, which knows how many of one meeting wait at it, and how many it has let in. */
export class WatchedGate implements RequestGate {
  readonly #gate: RequestGate;
  #waiting = 0;
  #underWay = 0;

  constructor(gate: RequestGate) {
    this.#gate = gate;
  }

  get waiting(): number {
    return this.#waiting;
  }

  get underWay(): number {
    return this.#underWay;
  }

  async enter(signal: AbortSignal, onWait?: (why: string) => void): Promise<() => void> {
    this.#waiting++;
    try {
      const leave = await this.#gate.enter(signal, onWait);
      this.#underWay++;
      let isOver = false;
      return () => {
        if (!isOver) this.#underWay--;
        isOver = true;
        leave();
      };
    } finally {
      this.#waiting--;
    }
  }

  holdBack(delayMs: number): void {
    this.#gate.holdBack(delayMs);
  }
}
