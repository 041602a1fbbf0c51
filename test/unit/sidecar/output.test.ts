import { existsSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Output } from '../../../sidecar/output.ts';

function outputOf(shown: number, most: number, ...chunks: (string | Buffer)[]): Output {
  const output = new Output(shown, most);
  for (const chunk of chunks) output.push(Buffer.from(chunk as string));
  return output;
}

describe('an output', () => {
  it('that is short is shown as it is, and not spooled', () => {
    const output = outputOf(10, 100, '12345', '67890');
    expect([output.toString(), output.bytes, output.isLong]).toEqual(['1234567890', 10, false]);
    expect(output.takeSpool()).toBeUndefined();
  });

  it('that is one byte longer is shown by head and tail, with what is missing, and kept whole', () => {
    const output = outputOf(10, 100, '12345', '67890', 'X');
    expect(output.toString()).toBe('12345\n[… 1 bytes left out …]\n7890X');
    const spool = output.takeSpool();
    expect(readFileSync(spool?.file ?? '', 'utf8')).toBe('1234567890X');
    spool?.remove();
    expect(existsSync(spool?.file ?? '')).toBe(false);
  });

  it('of whatever pieces counts all, keeps all up to its share, and shows no more than it may', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 40 }), (chunks) => {
        const whole = Buffer.concat(chunks);
        const output = outputOf(32, 200, ...chunks.map((chunk) => Buffer.from(chunk)));
        const spool = output.takeSpool();
        try {
          expect(output.bytes).toBe(whole.length);
          if (whole.length <= 32) expect(output.toString()).toBe(whole.toString('utf8'));
          else expect(readFileSync(spool?.file ?? '').equals(whole.subarray(0, 200))).toBe(true);
          expect(spool === undefined).toBe(whole.length <= 32);
        } finally {
          spool?.remove();
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is not cut inside a character', () => {
    const output = outputOf(9, 100, '🙂🙂🙂🙂🙂🙂');
    expect(output.toString()).toMatch(/^🙂\n\[… 16 bytes left out …\]\n🙂$/);
    output.takeSpool()?.remove();
  });
});
