import type net from 'node:net';
import type { Dice } from './dice.ts';
import type { NetworkPlan } from './scenario.ts';

/** How a connection ends: which side is told at once, and when the other one is. */
export interface Cut {
  readonly how: 'reset' | 'end';
  readonly side: 'both' | 'agent' | 'proxy';
  readonly lingerMs: number;
}

export interface PipeTrouble {
  readonly dice: Dice;
  readonly isArmed: () => boolean;
  readonly mayCut: () => boolean;
  readonly onTrouble: (what: string) => void;
}

interface PipeHandlers {
  readonly onLine: (line: string) => void;
  readonly onCut: (cut: Cut) => void;
}

const lineFeed = 0x0a;

/** One direction of a connection. Whole lines go in; what comes out may be late, in pieces, or come twice. */
export class Pipe {
  readonly #to: net.Socket;
  readonly #handlers: PipeHandlers;
  #plan: NetworkPlan | undefined;
  #trouble: PipeTrouble | undefined;
  #unfinished = Buffer.alloc(0);
  #waiting: { readonly line: Buffer; readonly isGreeting: boolean }[] = [];
  #recent: Buffer[] = [];
  #isWorking = false;
  #hasEnded = false;
  #isStopped = false;

  constructor(from: net.Socket, to: net.Socket, handlers: PipeHandlers) {
    this.#to = to;
    this.#handlers = handlers;
    from.on('data', (chunk: Buffer) => this.#read(chunk));
    from.on('end', () => {
      this.#hasEnded = true;
      void this.#work();
    });
  }

  trouble(plan: NetworkPlan, trouble: PipeTrouble): void {
    this.#plan = plan;
    this.#trouble = trouble;
  }

  /** Lets nothing more through. */
  stop(): void {
    this.#isStopped = true;
  }

  #read(chunk: Buffer): void {
    if (this.#isStopped) return;
    let rest = Buffer.concat([this.#unfinished, chunk]);
    for (let end = rest.indexOf(lineFeed); end >= 0; end = rest.indexOf(lineFeed)) {
      const line = rest.subarray(0, end + 1);
      rest = rest.subarray(end + 1);
      const text = line.toString('utf8');
      this.#waiting.push({ line, isGreeting: text.startsWith('/iam') });
      this.#handlers.onLine(text);
    }
    this.#unfinished = rest;
    void this.#work();
  }

  async #work(): Promise<void> {
    if (this.#isWorking) return;
    this.#isWorking = true;
    for (let next = this.#waiting.shift(); next && !this.#isStopped; next = this.#waiting.shift()) {
      if (next.isGreeting) this.#write(next.line);
      else await this.#pass(next.line);
    }
    this.#isWorking = false;
    if (!this.#hasEnded || this.#isStopped) return;
    this.#write(this.#unfinished);
    this.#to.end();
  }

  async #pass(line: Buffer): Promise<void> {
    const { slow, cut, frozen, doubled, replayed, split } = this.#plan ?? {};
    const trouble = this.#trouble;
    if (!trouble) return this.#write(line);
    const { dice, isArmed, mayCut, onTrouble } = trouble;
    // As many throws for every line, so that the next ones do not depend on what became of this one.
    const [ms, freezeMs, share, back] = [
      dice.between(1, 15),
      dice.between(30, 400),
      dice.share(),
      dice.between(1, 4),
    ];
    const how = dice.pick(['reset', 'end'] as const);
    const side = dice.pick(['both', 'both', 'agent', 'proxy'] as const);
    const lingerMs = dice.between(50, 500);
    const willBe = [slow, split, frozen, doubled, replayed, cut].map((share = 0) => dice.happens(share));
    const [isSlow, isSplit, isFrozen, isDoubled, isReplayed, isCut] = willBe;
    if (isSlow) await pause(ms);
    if (isFrozen && isArmed()) {
      onTrouble('frozen');
      await pause(freezeMs);
    }
    if (this.#isStopped) return;
    if (isCut && mayCut()) {
      onTrouble('cut');
      this.#write(line.subarray(0, Math.floor(share * (line.length + 1))));
      // Otherwise a reset overtakes what was written just before it.
      if (share > 0.5) await pause(2);
      return this.#handlers.onCut({ how, side, lingerMs });
    }
    if (isSplit) {
      const at = Math.floor(share * line.length);
      this.#write(line.subarray(0, at));
      await pause(2);
      this.#write(line.subarray(at));
    } else this.#write(line);
    this.#recent = [...this.#recent, line].slice(-4);
    if (isDoubled && isArmed()) {
      onTrouble('doubled');
      this.#write(line);
    }
    // Nothing tells an old line that comes between a number and what it counts from the one it counts.
    const isNumber = /^\/(?:meta|seq|turn):/.test(line.toString('latin1', 0, 10));
    if (isReplayed && isArmed() && !isNumber) {
      onTrouble('replayed');
      for (const old of this.#recent.slice(-back)) this.#write(old);
    }
  }

  #write(bytes: Buffer): void {
    if (!this.#isStopped && bytes.length > 0 && this.#to.writable) this.#to.write(bytes);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
