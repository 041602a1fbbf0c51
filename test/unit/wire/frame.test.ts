import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { endsInsideCharacter, escapeText, FrameSplitter, unescapeText } from '../../../wire/frame.ts';

/** Cuts a buffer at the given places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1))), bytes.length].sort(
    (a, b) => a - b,
  );
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}

const anyText = fc.string({ unit: fc.constantFrom('\\', '/', 'n', 'r', '\n', '\r', 'a', ' ', 'ß', '🙂') });

describe('escaping', () => {
  it('gives back any text, on one line', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const line = escapeText(text);
        expect(line).not.toMatch(/[\n\r]/);
        expect(unescapeText(line)).toBe(text);
      }),
      { numRuns: 2_000 },
    );
  });

  it('never lets a text look like a control frame', () => {
    expect(escapeText('/bye')).toBe('\\/bye');
    fc.assert(
      fc.property(anyText, (text) => {
        expect(escapeText(text).startsWith('/')).toBe(false);
      }),
    );
  });

  it('leaves backslashes alone that mean nothing, as people type them', () => {
    expect(unescapeText('C:\\temp \\x \\/ 1\\\\2')).toBe('C:\\temp \\x \\/ 1\\2');
    expect(unescapeText('one\\ntwo')).toBe('one\ntwo');
    expect(unescapeText('\\/start')).toBe('/start');
  });
});

describe('FrameSplitter', () => {
  it('finds the same lines wherever the bytes are cut', () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'ß', '€', '🙂', ' ', '\\') });
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat()), (lines, places) => {
        const splitter = new FrameSplitter(10_000);
        const bytes = Buffer.from(lines.map((text) => text + '\n').join(''));
        const found = cut(bytes, places).flatMap((piece) => splitter.push(piece));
        expect(found).toEqual(lines);
        expect(splitter.pendingBytes).toBe(0);
      }),
    );
  });

  it('drops a CR before the LF and no other', () => {
    expect(new FrameSplitter(100).push(Buffer.from('a\r\nb\rc\n\r\n'))).toEqual(['a', 'b\rc', '']);
  });

  it('takes a frame of exactly the limit and refuses one byte more, however it comes', () => {
    expect(new FrameSplitter(4).push(Buffer.from('abcd\n'))).toEqual(['abcd']);
    expect(() => new FrameSplitter(4).push(Buffer.from('abcde\n'))).toThrowError(/4 bytes/);
    const splitter = new FrameSplitter(4);
    splitter.push(Buffer.from('abc'));
    expect(() => splitter.push(Buffer.from('de'))).toThrowError(/4 bytes/);
  });

  it('refuses what is no UTF-8', () => {
    expect(() => new FrameSplitter(100).push(Buffer.from([0x61, 0xff, 0x0a]))).toThrowError(/UTF-8/);
  });
});

describe('endsInsideCharacter', () => {
  it('is true for every beginning of a character and false at every end of one', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(), (text, place) => {
        const bytes = Buffer.from(text);
        const at = place % (bytes.length + 1);
        const isBoundary = at === bytes.length || ((bytes[at] as number) & 0xc0) !== 0x80;
        expect(endsInsideCharacter(bytes.subarray(0, at))).toBe(!isBoundary);
      }),
    );
  });

  it('is false for bytes that no character begins with', () => {
    expect(endsInsideCharacter(Buffer.from([0x61, 0x80]))).toBe(false);
    expect(endsInsideCharacter(Buffer.from([0xff, 0x80]))).toBe(false);
  });
});
