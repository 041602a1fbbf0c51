import { readdirSync } from 'node:fs';
import { median, slope } from '../relay/figures.ts';
import { residentMiB } from '../relay/processes.ts';

/** Looks at the memory of a process once a second. */
export class MemoryWatch {
  readonly #pid: number;
  readonly #mebibytes: number[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(pid: number) {
    this.#pid = pid;
    this.#look();
    this.#timer = setInterval(() => this.#look(), 1_000);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  get first(): number {
    return this.#mebibytes[0] as number;
  }

  get most(): number {
    return Math.max(...this.#mebibytes);
  }

  /** Medians of as many equal parts of the time. */
  parts(count: number): number[] {
    const length = this.#mebibytes.length / count;
    return Array.from({ length: count }, (_, part) =>
      median(this.#mebibytes.slice(Math.floor(part * length), Math.floor((part + 1) * length))),
    );
  }

  /** From the given share of the time on: by how much the line through all that follows rises, in MiB. */
  growthAfter(share: number): { perMinute: number; inAll: number } {
    const after = this.#mebibytes.slice(Math.floor(this.#mebibytes.length * share));
    const perSecond = slope(after);
    return { perMinute: perSecond * 60, inAll: perSecond * (after.length - 1) };
  }

  #look(): void {
    const mebibytes = residentMiB(this.#pid);
    if (mebibytes !== undefined) this.#mebibytes.push(mebibytes);
  }
}

/** Files and sockets that a process holds open. */
export function openDescriptors(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}
