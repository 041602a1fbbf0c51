import fc from 'fast-check';
import { expect, test } from 'vitest';
import { wordsToHtml } from '../../../../journal/render/html-words.ts';
import { hostileMixture, hostileTexts, tableBreakOuts } from './hostile.ts';

const openingTag =
  /^<(p|br|hr|h[3-6]|blockquote|ul|ol|li|pre|code|span|strong|em|del|a|table|thead|tbody|tr|th|td)((?: [a-z]+="[^"<>]*")*)(?: \/)?>$/;
const attribute =
  /^(class="(hljs|plain|left|center|right|hljs-[a-z_-]+|[a-z]+_| )*"|start="\d+"|rel="noopener noreferrer nofollow"|href="(https?:|mailto:)[^"\s]*")$/;

/** Every `<` of the output must begin a tag of the list, with attributes of the list. */
function expectHarmless(html: string): void {
  for (const [tag] of html.matchAll(/<[^>]*>?/g)) {
    if (/^<\/[a-z0-6]+>$/.test(tag)) continue;
    const [, , attributes = ''] = openingTag.exec(tag) ?? [undefined, undefined, ` not-allowed="${tag}"`];
    for (const part of attributes.match(/[^ ]+="[^"]*"/g) ?? []) expect(part).toMatch(attribute);
  }
  expect(html).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/);
}

test.each([...hostileTexts, ...tableBreakOuts])('%j stays text', (text) => {
  expectHarmless(wordsToHtml(text));
});

test('no mixture of special characters gets a tag or an attribute through', () => {
  fc.assert(
    fc.property(hostileMixture, (text) => expectHarmless(wordsToHtml(text))),
    { numRuns: 2_000 },
  );
});

test('what looks like HTML is shown, not dropped', () => {
  expect(wordsToHtml('Use <b>bold</b> &amp; <!-- this -->')).toBe(
    '<p>Use &lt;b&gt;bold&lt;/b&gt; &amp; &lt;!-- this --&gt;</p>',
  );
  // A tag does not end the Markdown around it.
  expect(wordsToHtml('<div>\n*word*')).toBe('<p>&lt;div&gt;<br /><em>word</em></p>');
});

test('what looks like a link definition is shown, not dropped', () => {
  expect(wordsToHtml('[whispers]: come')).toBe('<p>[whispers]: come</p>');
});

test('prose is Markdown with the newlines of a chat', () => {
  expect(wordsToHtml('one *two*\nthree')).toBe('<p>one <em>two</em><br />three</p>');
  expect(wordsToHtml('# Title')).toBe('<h3>Title</h3>');
  expect(wordsToHtml('- [x] done')).toContain('☑ done');
});

test('links lead out, with nothing of this page', () => {
  expect(wordsToHtml('[x](https://ok.example/a?b=1&c=2)')).toBe(
    '<p><a href="https://ok.example/a?b=1&amp;c=2" rel="noopener noreferrer nofollow">x</a></p>',
  );
});

test('an image is its description, and nothing is fetched', () => {
  expect(wordsToHtml('![a cat](https://evil.example/cat.png)')).toBe('<p><em>[image: a cat]</em></p>');
});

test('code is coloured when its language is known, and left alone when not', () => {
  expect(wordsToHtml('```python\nx = 1\n```')).toContain('<span class="hljs-number">1</span>');
  expect(wordsToHtml('```klingon\nx < 1\n```')).toBe('<pre><code class="hljs">x &lt; 1</code></pre>');
});

test('the alignment of a table is kept without inline style', () => {
  expect(wordsToHtml('|a|b|\n|:-:|--:|\n|1|2|')).toContain('<td class="right">2</td>');
});

test('a text of a megabyte is shown whole and quickly', () => {
  const html = wordsToHtml('__a_'.repeat(250_000));
  expect(html.length).toBeGreaterThan(1_000_000);
});

test('thousands of nested quotes overflow nothing', () => {
  expect(wordsToHtml('>'.repeat(7_000))).toContain('&gt;&gt;&gt;');
});

test('a long text with paragraphs stays Markdown from its beginning to its end, code included', () => {
  const paragraph = `A *word* here.\n\n\`\`\`js\nconst a = 1;\n\nconst b = 2;\n\`\`\`\n\n`;
  const html = wordsToHtml(paragraph.repeat(600));
  expect(html.match(/<em>word<\/em>/g)).toHaveLength(600);
  expect(html.match(/<pre>/g)).toHaveLength(600);
});
