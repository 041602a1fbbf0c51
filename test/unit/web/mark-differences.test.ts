import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { diffWords } from '../../../journal/word-diff.ts';
import { wordsToHtml } from '../../../journal/render/html-words.ts';
import { markDifferences } from '../../../web/page/read/mark-differences.ts';

/** Both sides as the page shows them, and whether all that differs can be seen there. */
function compare(left: string, right: string) {
  const parts = diffWords(left, right);
  const side = (which: 'left' | 'right', text: string) => {
    const { document } = parseHTML(`<main>${wordsToHtml(text)}</main>`);
    const root = document.querySelector('main') as unknown as Element;
    const pieces = parts
      .filter(({ type }) => type === 'same' || type === which)
      .map((part) => ({ text: part.text, isOther: part.type !== 'same' }));
    const isSeen = markDifferences(root, pieces, which === 'left' ? 'del' : 'ins');
    return { html: root.innerHTML.replaceAll(' class="differs"', ''), isSeen };
  };
  return [side('left', left), side('right', right)] as const;
}

const marks = (html: string): string[] =>
  [...html.matchAll(/<(?:del|ins)>(.*?)<\/(?:del|ins)>/g)].map(([, text]) => text ?? '');

describe('differences of what was written', () => {
  test('are marked in what is shown, within Markdown, and one mark spans words that stand together', () => {
    const [left, right] = compare(
      'The **quick brown fox** jumps over *the dog*.',
      'The **slow grey fox** jumps over *the cat*!',
    );
    expect(left).toEqual({
      html: '<p>The <strong><del>quick brown</del> fox</strong> jumps over <em>the <del>dog</del></em><del>.</del></p>',
      isSeen: true,
    });
    expect(marks(right.html)).toEqual(['slow grey', 'cat', '!']);
  });

  test('are found in code, lists and tables, behind addresses and the rules of tables, which are not shown', () => {
    const text = (word: string): string =>
      `See [the paper](https://example.org/the/paper?a=b).\n\n- one\n- ${word}\n\n| a | b |\n|---|---|\n| ${word} | the |\n\n` +
      `\`\`\`python\nprint("${word}")  # the end\n\`\`\`\n\nAnd the ${word} & the <end>.`;
    const [left, right] = compare(text('apple'), text('pear'));
    expect(left.isSeen && right.isSeen).toBe(true);
    expect(marks(left.html)).toEqual(['apple', 'apple', 'apple', 'apple']);
    expect(marks(right.html)).toEqual(['pear', 'pear', 'pear', 'pear']);
  });

  test('that cannot be seen are owned up to: an address, bold, a line that is broken', () => {
    const [address] = compare(
      'See [this](https://one.example/) now.',
      'See [this](https://two.example/) now.',
    );
    expect(address.isSeen).toBe(false);
    expect(compare('A **bold** word, and more.', 'A bold word, and more.')[0].isSeen).toBe(false);
    expect(compare('One line\nand one more', 'One line and one more')[0].isSeen).toBe(false);
    expect(compare('The same, and more', 'The same')[1].isSeen).toBe(true);
  });

  test('bring no element along, whatever was written', () => {
    const [left] = compare(
      'Say <img src=x onerror=alert(1)> and go on, as before',
      'Say <b>nothing</b> and go on, as before',
    );
    expect(left.html).not.toContain('<img');
    expect(marks(left.html).join(' ')).toContain('onerror');
  });
});
