import { isUtf8 } from 'node:buffer';

/**
 * Lines that are nothing but text: no control word, nothing escaped, nothing that JSON would escape. Such
 * lines go on as they came, and into the journal as they are.
 */
export interface PlainLines {
  readonly count: number;
  /** Absent for one that is long, and better not copied. */
  readonly text?: string;
  /** Every byte is a character. */
  readonly isAscii: boolean;
}

/**
 * A slash may begin a control word; a backslash or a quotation mark is escaped; so are control characters,
 * a carriage return among them. All other bytes below 0x80 are characters that stand for themselves.
 */
// eslint-disable-next-line no-control-regex
const special = /[\0-\x09\x0b-\x1f"/\\]/;

/** From here on, looking at the bytes is quicker than making a text of them. */
const shortBytes = 16 * 1024;

/** Undefined where something needs a closer look. `bytes` ends with a newline. */
export function examineLines(bytes: Buffer): PlainLines | undefined {
  if (!isUtf8(bytes)) return undefined;
  const isOne = bytes.indexOf(0x0a) === bytes.length - 1;
  if (isOne && bytes.length > shortBytes) {
    return isSpecialInside(bytes) ? undefined : { count: 1, isAscii: false };
  }
  const text = bytes.toString();
  if (special.test(text)) return undefined;
  return { count: isOne ? 1 : countLines(text), text, isAscii: text.length === bytes.length };
}

function countLines(lines: string): number {
  let count = 0;
  for (let at = lines.indexOf('\n'); at >= 0; at = lines.indexOf('\n', at + 1)) count++;
  return count;
}

/** 1 for what `special` matches. */
const isSpecial = Uint8Array.from({ length: 256 }, (_, byte) =>
  Number(special.test(String.fromCharCode(byte))),
);

function isSpecialInside(bytes: Buffer): boolean {
  let found = 0;
  // Without a way out in the middle the loop is half as fast again; it hardly ever would be taken.
  for (let at = 0; at < bytes.length; at++) found |= isSpecial[bytes[at] as number] as number;
  return found !== 0;
}
