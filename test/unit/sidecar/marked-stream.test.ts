import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MarkedStream } from '../../../sidecar/marked-stream.ts';

it('a stream is cut at its mark, however the bytes come', () => {
  const piece = fc.constantFrom('a', '\x1e', '\x1en1', 'n1\n', '\n', '\x1en2\n', 'Grüße');
  fc.assert(
    fc.property(
      fc.array(piece),
      fc.array(piece),
      fc.infiniteStream(fc.integer({ min: 1, max: 5 })),
      (one, two, sizes) => {
        const before = one.join('').replaceAll('\x1en1\n', '');
        const after = two.join('');
        const bytes = Buffer.from(`${before}\x1en1\n${after}`);
        // What stands before may end in what begins the mark, and then the mark comes earlier.
        fc.pre(bytes.indexOf('\x1en1\n') === Buffer.byteLength(before));
        const stream = new MarkedStream();
        const seen: Buffer[] = [];
        let marks = 0;
        stream.waitFor(
          'n1',
          (chunk) => seen.push(chunk),
          () => marks++,
        );
        for (let from = 0; from < bytes.length;) {
          const size = sizes.next().value as number;
          stream.push(bytes.subarray(from, from + size));
          from += size;
        }
        expect(marks).toBe(1);
        expect(Buffer.concat(seen).toString()).toBe(before);
        expect(Buffer.concat(stream.takeLate()).toString()).toBe(after);
      },
    ),
  );
});

it('what comes while nothing is waited for is kept, up to a bound, and taken once', () => {
  const stream = new MarkedStream();
  for (let round = 0; round < 100; round++) stream.push(Buffer.alloc(1_000, 'x'));
  expect(Buffer.concat(stream.takeLate())).toHaveLength(65_536);
  expect(stream.takeLate()).toEqual([]);
});
