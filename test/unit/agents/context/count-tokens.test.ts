import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, it } from 'vitest';
import { loadTokenCounter, mostTokens } from '../../../../agents/context/count-tokens.ts';
import { shortenMiddle } from '../../../../agents/context/shorten.ts';

describe('counting tokens', () => {
  it('counts as the tokenizer does', async () => {
    const counter = await loadTokenCounter();
    const text = 'Good evening, Ada. Guten Abend. Καλησπέρα. 晚上好。 if (x) { return 3; }';
    expect(counter.text(text)).toBe(encode(text).length);
    expect(counter.message({ role: 'user', content: text })).toBe(encode(text).length + 4);
    expect(counter.text('')).toBe(0);
  });

  it('takes the names of special tokens for words', async () => {
    const counter = await loadTokenCounter();
    expect(counter.text('<|endoftext|> and <|im_start|>')).toBeGreaterThan(4);
  });

  it.each([
    ['letters', 'a'],
    ['blanks', ' '],
    ['signs of Chinese', '漢'],
    ['pictures', '👩‍👩‍👧'],
  ])('is not kept busy by a hundred thousand %s', async (_what, sign) => {
    const counter = await loadTokenCounter();
    const text = sign.repeat(100_000);
    const startedMs = performance.now();
    const tokens = counter.text(text);
    // Without a bound it takes from twenty seconds to minutes.
    expect(performance.now() - startedMs).toBeLessThan(15_000);
    expect(tokens).toBeGreaterThan(100);
    expect(tokens).toBeLessThanOrEqual(mostTokens([{ role: 'user', content: text }]));
  });
});

describe('taking the middle out of a text', () => {
  it('leaves head and tail, says how much is missing, and fits', async () => {
    const counter = await loadTokenCounter();
    const text = Array.from({ length: 500 }, (_, index) => `word${index}`).join(' ');
    const { text: short, characters } = shortenMiddle(text, 100, counter);
    expect(short).toMatch(/^word0 word1 [^]*\n\[… \d+ characters are left out here …\]\n[^]* word499$/);
    expect(short).toContain(`… ${characters} characters`);
    expect(counter.text(short)).toBeLessThanOrEqual(100);
    expect(counter.text(short)).toBeGreaterThan(80);
  });

  it('cuts no character in two', async () => {
    const counter = await loadTokenCounter();
    for (let limit = 20; limit < 60; limit++) {
      const { text } = shortenMiddle('👩'.repeat(300), limit, counter);
      expect(text).not.toMatch(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/);
    }
  });

  it('leaves a text alone that fits', async () => {
    const counter = await loadTokenCounter();
    expect(shortenMiddle('Good day.', 100, counter)).toEqual({ text: 'Good day.', characters: 0 });
  });
});
