import { isUtf8 } from 'node:buffer';
import type { Seat } from '../wire/types.ts';
import { viewOf, type LineBuffer } from './line-buffer.ts';

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

const lineFeed = 0x0a;
const space = 0x20;
const quote = 0x22;
const slash = 0x2f;
const backslash = 0x5c;
const letterN = 0x6e;
const letterR = 0x72;

/** All of an event but its text. */
const headBytes = 160;

/**
 * Makes events of the lines of one seat, from bytes to bytes: the relay's fast path. A message on the wire and a text in
 * JSON are escaped almost alike, `\n`, `\r` and `\\` being the same in both. What may be more than text
 * (a control word, a control character, bytes that are no UTF-8) is refused, for others to look at.
 */
export class TurnEncoder {
  #middles = { a: middleOf('a', ''), b: middleOf('b', '') };
  #stamp = '';
  #isAscii = true;
  /** The bytes that were given last, which are often the same, and how to read four of them at a time. */
  #read: Buffer = Buffer.alloc(0);
  #words = viewOf(this.#read);
  /** Where the next line begins, after `#encodeLine`. */
  #next = 0;

  /**
   * Appends the first `end` bytes of `lines`, the last of which is a newline, to `into`. Returns how many lines they
   * were; 0 where one of them needs a closer look, and nothing was appended.
   */
  encode(lines: Buffer, end: number, { seat, seq, turn, t, most }: TurnHead, into: LineBuffer): number {
    if (t !== this.#stamp) {
      this.#stamp = t;
      this.#middles = { a: middleOf('a', t), b: middleOf('b', t) };
    }
    if (lines !== this.#read) {
      this.#read = lines;
      this.#words = viewOf(lines);
    }
    const middle = this.#middles[seat];
    const start = into.length;
    this.#isAscii = true;
    let count = 0;
    for (let from = 0; from < end; from = this.#next) {
      const at = this.#encodeLine(from, end, middle, seq + count, turn + count, count < most, into);
      if (at < 0) {
        into.length = start;
        return 0;
      }
      into.length = at;
      count++;
    }
    if (this.#isAscii || isUtf8(lines.subarray(0, end))) return count;
    into.length = start;
    return 0;
  }

  /** Returns where it ends in `into`, or -1. */
  #encodeLine(
    from: number,
    end: number,
    middle: Words,
    seq: number,
    turn: number,
    isWanted: boolean,
    into: LineBuffer,
  ): number {
    const lines = this.#read;
    const words = this.#words;
    const first = lines[from] as number;
    // At the start, each of these may come before a control word, or escape one.
    if (first === slash || first === backslash || first === space) return -1;
    if (!isWanted || !into.reserve(headBytes + 2 * (end - from))) return -1;
    const { bytes: out, view: outWords } = into;
    let at = writeWords(outWords, into.length, head);
    at = writeNumber(out, at, seq);
    at = writeWords(outWords, at, middle);
    at = writeNumber(out, at, turn);
    at = writeWords(outWords, at, beforeText);
    let next = from;
    let lastSlash = -1;
    let seen = 0;
    const lastWord = end - 4;
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
        if (byte !== lineFeed) return -1;
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
      return -1;
    }
    this.#next = next;
    return writeWords(outWords, at, afterText);
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

/** A few bytes that are copied four at a time, and up to three behind them, which are written over. */
interface Words {
  readonly view: DataView;
  readonly length: number;
}

function wordsOf(text: string): Words {
  const bytes = Buffer.from(text.padEnd(Math.ceil(text.length / 4) * 4));
  return { view: viewOf(bytes), length: text.length };
}

const head = wordsOf('{"v":1,"seq":');
const beforeText = wordsOf(',"text":"');
const afterText = wordsOf('"}\n');

function middleOf(seat: Seat, t: string): Words {
  return wordsOf(`,"t":"${t}","type":"turn","seat":"${seat}","turn":`);
}

function writeWords(out: DataView, start: number, { view, length }: Words): number {
  for (let at = 0; at < length; at += 4) out.setInt32(start + at, view.getInt32(at, true), true);
  return start + length;
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
