import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskText, unmaskText } from '../../../proxy/translation-mask.ts';
import { extractBlocks } from '../../../sidecar/blocks.ts';

const names = ['Georg Christoph Lichtenberg', 'Σωκράτης'];

/** What the translator would see, and what comes back when it answers in capitals. */
function roundTrip(text: string): { readonly seen: string; readonly back: string } {
  const masked = maskText(text, names);
  const back = unmaskText(masked.text.toUpperCase(), masked);
  if (back.type !== 'whole') throw new Error(back.problem);
  return { seen: masked.text, back: back.text };
}

describe('what a translator is not shown', () => {
  it.each([
    ['a fenced block', 'so:\n```python\nx = "ja"\n```\nund?', 'so:\n⟦1⟧\nund?'],
    ['a block with its marker', 'so:\n\nRUN-CODE\n```python\nx = 1\n```\nund?', 'so:\n\n⟦1⟧\nund?'],
    ['a test', '**TEST-ASSERT**\n\n~~~\nassert ja\n~~~\nja', '⟦1⟧\nja'],
    ['two blocks', '```\na\n```\n```\nb\n```\nja', '⟦1⟧\n⟦2⟧\nja'],
    ['a block in a quote', 'ja:\n> ```\n> nein\n> ```\n> ja', 'ja:\n⟦1⟧\n> ja'],
    ['a block that is not closed', 'ja\n```js\nnein\nnein', 'ja\n⟦1⟧'],
    ['code in a line', 'Die `a` und ``b ` c`` dort', 'Die ⟦1⟧ und ⟦2⟧ dort'],
    ['code over two lines', 'Die `a\nb` dort', 'Die ⟦1⟧ dort'],
    ['an address', 'Siehe https://a.example/x_(y)?q=1#z. Ja (www.b.example)!', 'Siehe ⟦1⟧. Ja (⟦2⟧)!'],
    ['the target of a link', 'Ein [Bild](bild.png) von a.b@c.example', 'Ein [Bild](⟦1⟧) von ⟦2⟧'],
    ['control words', 'Sage /bye oder /end.', 'Sage ⟦1⟧ oder ⟦2⟧.'],
    ['markers in a sentence', 'Schreibe RUN-CODE darüber', 'Schreibe ⟦1⟧ darüber'],
    ['names', 'Lichtenberg, Georg Christoph Lichtenberg und Σωκράτης!', '⟦1⟧, ⟦2⟧ und ⟦3⟧!'],
    ['marks that were there', 'Nimm ⟦1⟧ und ⟦ 7 ⟧', 'Nimm ⟦1⟧ und ⟦2⟧'],
  ])('%s', (_, text, seen) => {
    expect(maskText(text, names).text).toBe(seen);
  });

  it.each([
    ['a path', 'und/oder, /usr/bye/x, 3/4'],
    ['parts of words', 'Lichtenbergs Georgine'],
    ['a lone backtick', 'ein ` allein'],
    ['backticks on both sides of an empty line', 'ein ` hier\n\nund ` dort'],
  ])('but it is shown %s', (_, text) => {
    expect(maskText(text, names)).toMatchObject({ text, kept: [], hasWords: true });
  });

  it('is all there is of a turn of code alone, of figures and of signs', () => {
    for (const text of [
      '```python\nx = 1\n```',
      'RUN-CODE\n```\nx\n```\n',
      '`x`, `y`',
      '42 …',
      '🙂',
      'Lichtenberg!',
    ]) {
      expect(maskText(text, names).hasWords, text).toBe(false);
    }
    expect(maskText('```\nx\n```\nja', names).hasWords).toBe(true);
  });
});

describe('what comes back', () => {
  it('has everything where its mark stands, and the blank around it', () => {
    expect(roundTrip('\n  Die `print` von Lichtenberg:\n\n```py\nja\n```\n\nNa? \n').back).toBe(
      '\n  DIE `print` VON Lichtenberg:\n\n```py\nja\n```\n\nNA? \n',
    );
  });

  it('may be in another order, but for blocks', () => {
    const masked = maskText('`a` vor `b`\n```\n1\n```\n```\n2\n```', names);
    expect(unmaskText('⟦2⟧ nach ⟦1⟧\n⟦3⟧\n⟦ 4 ⟧', masked)).toEqual({
      type: 'whole',
      text: '`b` nach `a`\n```\n1\n```\n```\n2\n```',
    });
    expect(unmaskText('⟦1⟧ ⟦2⟧\n⟦4⟧\n⟦3⟧', masked)).toMatchObject({ type: 'garbled' });
  });

  it('gives a block its own lines again, should it have lost them', () => {
    const masked = maskText('Hier:\n```\n1\n```\nund\n```\n2\n```\nNa?', names);
    const text = 'Here:\n```\n1\n```\n```\n2\n```\nWell?';
    expect(unmaskText('Here: ⟦1⟧⟦2⟧ Well?', masked)).toEqual({
      type: 'whole',
      text: text.replace(':\n', ':\n'),
    });
  });

  it.each([
    ['lacks a mark', 'nur ⟦1⟧', '⟦2⟧ must stand in the translation exactly once'],
    ['has one twice', '⟦1⟧ ⟦2⟧ ⟦1⟧', '⟦1⟧ must stand in the translation exactly once'],
    ['has one of its own', '⟦1⟧ ⟦2⟧ ⟦3⟧', '⟦3⟧ was not in the text; use only the marks that are'],
    ['is nothing', '', '⟦1⟧, ⟦2⟧ must stand in the translation exactly once'],
  ])('is refused where it %s', (_, translated, problem) => {
    const masked = maskText('`a` `b`', names);
    expect(unmaskText(translated, masked)).toEqual({ type: 'garbled', problem });
  });
});

const line = fc.oneof(
  fc.constantFrom(
    'RUN-CODE',
    'TEST-ASSERT',
    '```python',
    '```',
    '~~~',
    '> ```',
    '- ```',
    '    ```',
    '',
    '\t',
  ),
  fc.constantFrom(
    'ja `x` nein',
    '`',
    '``',
    '⟦1⟧',
    'https://a.example).',
    '/bye',
    'Lichtenberg',
    'Σωκράτης ',
    '\r',
  ),
  fc.string({ unit: 'grapheme' }),
);
const anyText = fc.array(line).map((lines) => lines.join('\n'));

describe('for any text whatever', () => {
  it('a translator that changes nothing gives back every byte', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const masked = maskText(text, names);
        expect(unmaskText(masked.text, masked)).toEqual({ type: 'whole', text });
      }),
      { numRuns: 2_000 },
    );
  });

  it('every block that would be run is the same, byte by byte, after a translation', () => {
    fc.assert(
      fc.property(anyText, fc.constantFrom('marked', 'fenced'), (text, mode) => {
        const { blocks } = extractBlocks(text, mode);
        expect(extractBlocks(roundTrip(text).back, mode).blocks).toEqual(blocks);
      }),
      { numRuns: 2_000 },
    );
  });

  it('takes no time to speak of, however hostile the text is', () => {
    const startedAtMs = performance.now();
    for (const piece of [
      '`',
      '` ``',
      ')',
      'https://',
      'www.(',
      'a@',
      '⟦1',
      '](',
      '\n\n`',
      'RUN-',
      'Lichtenberg ',
      ' ',
    ]) {
      roundTrip(piece.repeat(200_000 / piece.length));
    }
    expect(performance.now() - startedAtMs).toBeLessThan(10_000);
  });
});
