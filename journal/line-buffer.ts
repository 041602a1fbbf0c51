/** Far more than one read can bring, if its lines are not all empty. */
const mostBytes = 4 * 1024 * 1024;
const firstBytes = 256 * 1024;

/** Lines of journals on their way to the disk, one behind the other. */
export class LineBuffer {
  #bytes = Buffer.allocUnsafeSlow(firstBytes);
  #view = viewOf(this.#bytes);
  /** Of what is in it. */
  length = 0;

  get bytes(): Buffer {
    return this.#bytes;
  }

  /** The same bytes, four at a time. */
  get view(): DataView {
    return this.#view;
  }

  /** Makes room behind what is in it; false where that would be too much. */
  reserve(more: number): boolean {
    const needed = this.length + more;
    if (needed <= this.#bytes.length) return true;
    if (needed > mostBytes) return false;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#bytes.length));
    this.#bytes.copy(larger, 0, 0, this.length);
    this.#bytes = larger;
    this.#view = viewOf(larger);
    return true;
  }
}

export function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
