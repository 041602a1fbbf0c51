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
  /** Lines of a journal; gone with the next call. */
  readonly bytes: Buffer;
  readonly count: number;
}

const lineFeed = 0x0a;
const space = 0x20;
const quote = 0x22;
const slash = 0x2f;
const backslash = 0x5c;
const letterN = 0x6e;
const letterR = 0x72;

/** 0: stands in JSON as it is. */
const plain = 0;
const escaped = 1;
const end = 2;
const refused = 3;
const kinds = Uint8Array.from({ length: 256 }, (_, byte) => {
  if (byte === lineFeed) return end;
  if (byte < space) return refused;
  return byte === quote || byte === slash || byte === backslash ? escaped : plain;
});

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

  /** `lines` ends with a newline. Undefined where one of them needs a closer look. */
  encode(lines: Buffer, { seat, seq, turn, t, most }: TurnHead): EncodedTurns | undefined {
    if (!isUtf8(lines)) return undefined;
    const middle = `,"t":"${t}","type":"turn","seat":"${seat}","turn":`;
    let count = 0;
    let at = 0;
    for (let from = 0; from < lines.length;) {
      if (count === most || !this.#hasRoom(at + headBytes + 2 * (lines.length - from))) return undefined;
      at += this.#out.write(`{"v":1,"seq":${seq + count}${middle}${turn + count},"text":"`, at, 'latin1');
      const line = this.#encodeLine(lines, from, at);
      if (line === undefined) return undefined;
      from = line.next;
      at = line.at;
      count++;
    }
    return { bytes: this.#out.subarray(0, at), count };
  }

  #encodeLine(lines: Buffer, from: number, start: number): { next: number; at: number } | undefined {
    const first = lines[from] as number;
    // At the start, each of these may come before a control word, or escape one.
    if (first === slash || first === backslash || first === space) return undefined;
    const out = this.#out;
    let at = start;
    let next = from;
    let lastSlash = -1;
    for (;;) {
      const byte = lines[next] as number;
      const kind = kinds[byte] as number;
      if (kind === plain) {
        out[at++] = byte;
        next++;
        continue;
      }
      if (kind === end) break;
      if (kind === refused) return undefined;
      next++;
      if (byte === slash) {
        lastSlash = next - 1;
      } else {
        out[at++] = backslash;
        if (byte === backslash) {
          const following = lines[next] as number;
          if (following === letterN || following === letterR || following === backslash) {
            out[at++] = following;
            next++;
            continue;
          }
        }
      }
      out[at++] = byte;
    }
    if (lastSlash >= 0 && mayBeControl.test(lines.toString('latin1', lastSlash, lastSlash + longestVerb))) {
      return undefined;
    }
    // "}
    out[at++] = quote;
    out[at++] = 0x7d;
    out[at++] = lineFeed;
    return { next: next + 1, at };
  }

  #hasRoom(bytes: number): boolean {
    if (bytes <= this.#out.length) return true;
    if (bytes > mostBytes) return false;
    const larger = Buffer.allocUnsafeSlow(Math.max(bytes, 2 * this.#out.length));
    this.#out.copy(larger);
    this.#out = larger;
    return true;
  }
}

/** A control word at the end of a message stands behind its last slash. */
const mayBeControl = /^\/(?:bye|end|stop|help)/;
const longestVerb = 5;
