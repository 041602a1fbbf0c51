import { isUtf8 } from 'node:buffer';
import { ProtocolError } from './errors.ts';

const lineFeed = 0x0a;
const carriageReturn = 0x0d;

/**
 * Cuts a stream of bytes into frames: the bytes up to LF, without a CR before it. Holds at most
 * `maxFrameBytes` of an unfinished frame; one byte more is a ProtocolError `frame-too-large`.
 */
export class FrameSplitter {
  #maxFrameBytes: number;
  /** The unfinished frame, at the start of it. */
  #pending: Buffer = nothing;
  #pendingBytes = 0;

  constructor(maxFrameBytes: number) {
    this.#maxFrameBytes = maxFrameBytes;
  }

  allow(maxFrameBytes: number): void {
    this.#maxFrameBytes = maxFrameBytes;
  }

  /** The frames that `chunk` completes, as text. Throws ProtocolError `frame-too-large` or `not-utf8`. */
  push(chunk: Buffer): string[] {
    const frames: string[] = [];
    let from = 0;
    for (let at = chunk.indexOf(lineFeed); at >= 0; at = chunk.indexOf(lineFeed, from)) {
      const end = chunk.subarray(from, at);
      this.#check(end.length);
      const frame = this.#pendingBytes === 0 ? end : this.takeWith(end);
      frames.push(decodeUtf8(withoutCarriageReturn(frame)));
      from = at + 1;
    }
    this.keep(chunk.subarray(from));
    return frames;
  }

  get pendingBytes(): number {
    return this.#pendingBytes;
  }

  /** What has come of an unfinished frame; the splitter is empty afterwards. */
  takeRest(): Buffer {
    const rest = this.#pending.subarray(0, this.#pendingBytes);
    this.#pending = nothing;
    this.#pendingBytes = 0;
    return rest;
  }

  /** Takes back what `takeWith` gave, when nobody needs it any more: a new one takes long to get. */
  reuse(taken: Buffer): void {
    if (this.#pendingBytes === 0) this.#pending = Buffer.from(taken.buffer);
  }

  /** The unfinished frame and what completes it, in one piece. Throws ProtocolError `frame-too-large`. */
  takeWith(end: Buffer): Buffer {
    this.#append(end);
    return this.takeRest();
  }

  /** Adds to the unfinished frame without looking for its end. Throws ProtocolError `frame-too-large`. */
  keep(bytes: Buffer): void {
    this.#check(bytes.length);
    if (bytes.length > 0) this.#append(bytes);
  }

  #check(more: number): void {
    if (this.#pendingBytes + more > this.#maxFrameBytes) {
      throw new ProtocolError('frame-too-large', `a frame may have ${this.#maxFrameBytes} bytes at most`);
    }
  }

  /** Copies: what was read is gone with the next read. */
  #append(bytes: Buffer): void {
    const size = this.#pendingBytes + bytes.length;
    if (size > this.#pending.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(2 * this.#pending.length, size, firstPendingBytes));
      this.#pending.copy(larger, 0, 0, this.#pendingBytes);
      this.#pending = larger;
    }
    bytes.copy(this.#pending, this.#pendingBytes);
    this.#pendingBytes = size;
  }
}

const nothing = Buffer.alloc(0);
const firstPendingBytes = 4 * 1024;

/** Throws ProtocolError `not-utf8`. */
export function decodeUtf8(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new ProtocolError('not-utf8', 'what was sent is no valid UTF-8');
  return bytes.toString('utf8');
}

/** Whether the last bytes are the beginning of a character that has not come whole yet. */
export function endsInsideCharacter(bytes: Buffer): boolean {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) return false;
    if (byte < 0xc0) continue;
    if (byte > 0xf4) return false;
    const length = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return back < length && isUtf8(bytes.subarray(0, bytes.length - back));
  }
  return false;
}

/** A text of any number of lines as one line; `unescapeText` is its inverse. */
export function escapeText(text: string): string {
  const line = text.replace(/[\\\n\r]/g, (character) =>
    character === '\n' ? '\\n' : character === '\r' ? '\\r' : '\\\\',
  );
  return line.startsWith('/') ? '\\' + line : line;
}

/** `\n`, `\r`, `\\` and a leading `\/` stand for themselves; any other backslash stays as it is. */
export function unescapeText(line: string): string {
  const rest = line.startsWith('\\/') ? line.slice(1) : line;
  return unescapeArgument(rest);
}

/** As `unescapeText`, for what follows a verb, where a leading slash means nothing. */
export function unescapeArgument(line: string): string {
  if (!line.includes('\\')) return line;
  return line.replace(/\\([nr\\])/g, (_, letter: string) =>
    letter === 'n' ? '\n' : letter === 'r' ? '\r' : '\\',
  );
}

function withoutCarriageReturn(line: Buffer): Buffer {
  return line.at(-1) === carriageReturn ? line.subarray(0, -1) : line;
}
