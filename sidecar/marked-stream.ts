/** What a process prints while no block runs, at most; it is shown with the next block. */
const mostLateBytes = 64 * 1024;

interface Waiting {
  readonly mark: Buffer;
  /** Absent: it belongs to whatever is asked next. */
  readonly onText: ((chunk: Buffer) => void) | undefined;
  readonly onMark: () => void;
}

/** What code prints, with a mark behind what belongs to each request (see `Launch`). */
export class MarkedStream {
  #waiting: Waiting | undefined;
  /** The beginning of what may be a mark. */
  #rest: Buffer = Buffer.alloc(0);
  #late: Buffer[] = [];
  #lateBytes = 0;

  /** Calls `onText` with all that comes before the mark of `nonce`, then `onMark`. */
  waitFor(nonce: string, onText: ((chunk: Buffer) => void) | undefined, onMark: () => void): void {
    this.#waiting = { mark: Buffer.from(`\x1e${nonce}\n`), onText, onMark };
  }

  /** Whether more of what nobody waits for would be dropped. */
  get isFull(): boolean {
    return this.#lateBytes >= mostLateBytes;
  }

  push(chunk: Buffer): void {
    const waiting = this.#waiting;
    if (!waiting) return this.#keepLate(chunk);
    const { mark, onMark, onText = (text: Buffer) => this.#keepLate(text) } = waiting;
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const at = bytes.indexOf(mark);
    if (at >= 0) {
      this.#waiting = undefined;
      this.#rest = Buffer.alloc(0);
      if (at > 0) onText(bytes.subarray(0, at));
      this.#keepLate(bytes.subarray(at + mark.length));
      return onMark();
    }
    const start = bytes.lastIndexOf(0x1e);
    const safe = start >= 0 && bytes.length - start < mark.length ? start : bytes.length;
    this.#rest = bytes.subarray(safe);
    if (safe > 0) onText(bytes.subarray(0, safe));
  }

  /** What came when nothing was waited for: of threads and children that went on after their block. */
  takeLate(): Buffer[] {
    const late = this.#late;
    this.#late = [];
    this.#lateBytes = 0;
    return late;
  }

  #keepLate(chunk: Buffer): void {
    const kept = chunk.subarray(0, mostLateBytes - this.#lateBytes);
    if (kept.length === 0) return;
    this.#late.push(kept);
    this.#lateBytes += kept.length;
  }
}
