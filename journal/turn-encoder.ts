import { isUtf8 } from 'node:buffer';
import type { Seat } from '../wire/types.ts';

/** What is the same in all the turns of one call. */
export interface TurnHead {
  readonly seat: Seat;
  readonly seq: number;
  readonly turn: number;
  /** ISO 8601 in UTC. */
  readonly t: string;
  /** More lines than that are refused. */
  readonly most: number;
}

export interface EncodedTurns {
  /** At the start of it, lines of a journal; gone with the next call. */
  readonly bytes: Buffer;
  readonly length: number;
  readonly count: number;
}

const lineFeed = 0x0a;
const space = 0x20;
const quote = 0x22;
const slash = 0x2f;
const backslash = 0x5c;
const letterN = 0x6e;
const letterR = 0x72;

const firstBytes = 256 * 1024;
/** Far more than one read can bring, if its lines are not all empty. */
const mostBytes = 4 * 1024 * 1024;
/** All of an event but its text. */
const headBytes = 160;

/**
 * Makes events of the lines of one seat, from bytes to bytes: the relay's fast path. A message on the wire and a text in
 * JSON are escaped almost alike, `\n`, `\r` and `\\` being the same in both. What may be more than text
 * (a control word, a control character, bytes that are no UTF-8) is refused, for others to look at.
 */
export class TurnEncoder {
  #out = Buffer.allocUnsafeSlow(firstBytes);
  #outWords = viewOf(this.#out);
  #middles = { a: middleOf('a', ''), b: middleOf('b', '') };
  #stamp = '';
  #isAscii = true;

  /** `lines` ends with a newline. Undefined where one of them needs a closer look. */
  encode(lines: Buffer, { seat, seq, turn, t, most }: TurnHead): EncodedTurns | undefined {
    if (t !== this.#stamp) {
      this.#stamp = t;
      this.#middles = { a: middleOf('a', t), b: middleOf('b', t) };
    }
    const middle = this.#middles[seat];
    this.#isAscii = true;
    const words = viewOf(lines);
    let count = 0;
    let at = 0;
    for (let from = 0; from < lines.length;) {
      if (count === most || !this.#hasRoom(at + headBytes + 2 * (lines.length - from))) return undefined;
      const out = this.#out;
      at = writeBytes(out, at, head);
      at = writeNumber(out, at, seq + count);
      out.set(middle, at);
      at += middle.length;
      at = writeNumber(out, at, turn + count);
      at = writeBytes(out, at, beforeText);
      const line = this.#encodeLine(lines, words, from, at);
      if (line === undefined) return undefined;
      from = line.next;
      at = line.at;
      count++;
    }
    if (!this.#isAscii && !isUtf8(lines)) return undefined;
    return { bytes: this.#out, length: at, count };
  }

  #encodeLine(
    lines: Buffer,
    words: DataView,
    from: number,
    start: number,
  ): { next: number; at: number } | undefined {
    const first = lines[from] as number;
    // At the start, each of these may come before a control word, or escape one.
    if (first === slash || first === backslash || first === space) return undefined;
    const out = this.#out;
    const outWords = this.#outWords;
    let at = start;
    let next = from;
    let lastSlash = -1;
    let seen = 0;
    const lastWord = lines.length - 4;
    for (;;) {
      if (next <= lastWord) {
        const word = words.getInt32(next, true);
        outWords.setInt32(at, word, true);
        seen |= word;
        const found = specialBytes(word);
        if (found === 0) {
          next += 4;
          at += 4;
          continue;
        }
        const plain = indexOfFirst(found);
        next += plain;
        at += plain;
      }
      const byte = lines[next] as number;
      seen |= byte;
      next++;
      if (byte < space) {
        if (byte !== lineFeed) return undefined;
        break;
      }
      if (byte === slash) {
        lastSlash = next - 1;
      } else if (byte === quote) {
        out[at++] = backslash;
      } else if (byte === backslash) {
        out[at++] = backslash;
        const following = lines[next] as number;
        if (following === letterN || following === letterR || following === backslash) {
          out[at++] = following;
          next++;
          continue;
        }
      }
      out[at++] = byte;
    }
    if ((seen & highBits) !== 0) this.#isAscii = false;
    if (lastSlash >= 0 && mayBeControl.test(lines.toString('latin1', lastSlash, lastSlash + longestVerb))) {
      return undefined;
    }
    return { next, at: writeBytes(out, at, afterText) };
  }

  #hasRoom(bytes: number): boolean {
    if (bytes <= this.#out.length) return true;
    if (bytes > mostBytes) return false;
    const larger = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * this.#out.length));
    this.#out.copy(larger);
    this.#out = larger;
    this.#outWords = viewOf(larger);
    return true;
  }
}

const highBits = 0x80808080;

/**
 * The highest bit of each of four bytes that cannot stand in JSON, or here, as it is: less than a space, a
 * quote, a slash, a backslash. Above the first of them there may be bits that mean nothing.
 */
function specialBytes(word: number): number {
  const quotes = word ^ 0x22222222;
  const slashes = word ^ 0x2f2f2f2f;
  const backslashes = word ^ 0x5c5c5c5c;
  const found =
    ((word - 0x20202020) & ~word) |
    ((quotes - 0x01010101) & ~quotes) |
    ((slashes - 0x01010101) & ~slashes) |
    ((backslashes - 0x01010101) & ~backslashes);
  return found & highBits;
}

/** Of bytes in little-endian order. */
function indexOfFirst(found: number): number {
  return (31 - Math.clz32(found & -found)) >> 3;
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

const head = Buffer.from('{"v":1,"seq":');
const beforeText = Buffer.from(',"text":"');
const afterText = Buffer.from('"}\n');

function middleOf(seat: Seat, t: string): Buffer {
  return Buffer.from(`,"t":"${t}","type":"turn","seat":"${seat}","turn":`);
}

/** Few bytes are copied sooner by hand. */
function writeBytes(out: Buffer, start: number, bytes: Buffer): number {
  let at = start;
  for (let index = 0; index < bytes.length; index++) out[at++] = bytes[index] as number;
  return at;
}

function writeNumber(out: Buffer, start: number, number: number): number {
  let end = start + 1;
  for (let rest = number; rest >= 10; rest = (rest / 10) | 0) end++;
  let rest = number;
  for (let at = end - 1; at >= start; at--) {
    out[at] = 0x30 + (rest % 10);
    rest = (rest / 10) | 0;
  }
  return end;
}

/** A control word at the end of a message stands behind its last slash. */
const mayBeControl = /^\/(?:bye|end|stop|help)/;
const longestVerb = 5;
