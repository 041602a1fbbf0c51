import { rmSync, statSync } from 'node:fs';
import path from 'node:path';

/** Times of files are rounded down to a tick of the kernel, which has 10 ms at most. */
const clockTickMs = 10;

/** Removes the folders of meetings once their transcripts are complete: an hour's would fill a disk. */
export class Clearance {
  /** By folder, when the meeting stopped. */
  readonly #stopped = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  /** How long each transcript took to be complete, in milliseconds. */
  readonly lags: number[] = [];

  constructor() {
    this.#timer = setInterval(() => this.clear(), 2_000);
  }

  add(folder: string, stoppedAtMs: number): void {
    this.#stopped.set(folder, stoppedAtMs);
  }

  /** Returns the folders that are not complete. */
  clear(): string[] {
    const now = Date.now();
    for (const [folder, stoppedAtMs] of this.#stopped) {
      const writtenAtMs =
        statSync(path.join(folder, 'transcript.md'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
      // The other renderings are written beside this one, a moment earlier or later.
      if (writtenAtMs < stoppedAtMs - clockTickMs || now - writtenAtMs < 2_000) continue;
      this.#stopped.delete(folder);
      this.lags.push(Math.max(0, writtenAtMs - stoppedAtMs));
      rmSync(folder, { recursive: true, force: true });
    }
    return [...this.#stopped.keys()];
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
