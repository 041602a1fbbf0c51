import hljs from 'highlight.js/lib/common';
import type { Tokens } from 'marked';
import sanitize from 'sanitize-html';
import { createMarked, namedReference, readMarkdown } from './markdown-tokens.ts';
import { safeLink } from './safe-link.ts';
import { visibleControls, visibleLine } from './visible-controls.ts';

/** What a speaker wrote, as HTML that is safe in any page: through marked, then through an allow-list. */
export function wordsToHtml(text: string): string {
  const html = readMarkdown(text).map((piece) =>
    piece.type === 'plain'
      ? `<p class="plain">${escapeHtml(piece.text.trim())}</p>`
      : parse([...piece.tokens]),
  );
  return sanitize(html.join('\n'), allowed).trim();
}

/** Code that stands in no turn, with the colours of its language. */
export function codeToHtml(code: string, language: string): string {
  return sanitize(
    `<pre><code class="hljs">${highlight(visibleControls(code), language)}</code></pre>`,
    allowed,
  );
}

/** For text and for attributes in double or single quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? character);
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

const marked = createMarked();
const parse = (tokens: Parameters<typeof marked.parser>[0]): string => marked.parser(tokens);

marked.use({
  renderer: {
    code: ({ text, lang }) => `<pre><code class="hljs">${highlight(text, lang)}</code></pre>\n`,
    codespan: ({ text }) => `<code>${escapeHtml(text)}</code>`,
    // The page's own headings are h1 and h2.
    heading({ tokens, depth }) {
      const level = Math.min(depth + 2, 6);
      return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>\n`;
    },
    link({ href, tokens }) {
      const words = this.parser.parseInline(tokens);
      const address = safeLink(href);
      return address === undefined ? words : `<a href="${escapeHtml(address)}">${words}</a>`;
    },
    // Nothing is fetched when somebody opens a transcript.
    image: ({ text }) => `<em>[image: ${escapeHtml(visibleLine(text) || 'no description')}]</em>`,
    checkbox: ({ checked }) => (checked ? '☑ ' : '☐ '),
    html: ({ text }) => escapeHtml(text),
    text(token) {
      return isBlockText(token) ? this.parser.parseInline(token.tokens) : escapeText(token);
    },
  },
});

function isBlockText(
  token: Tokens.Text | Tokens.Escape,
): token is Tokens.Text & { tokens: NonNullable<Tokens.Text['tokens']> } {
  return 'tokens' in token && token.tokens !== undefined;
}

function escapeText(token: Tokens.Text | Tokens.Escape): string {
  if (token.type === 'escape') return escapeHtml(token.text);
  // The parser has resolved numeric references by now, those of control characters included.
  return visibleControls(token.text).replace(/&(?:[a-z][a-z0-9]{1,31};)?|[<>"']/gi, (found) =>
    namedReference.test(found) ? found : escapeHtml(found),
  );
}

/** Beyond this, colours cost more than they give: the grammars' worst cases grow faster than the code. */
const longestHighlightedCharacters = 12_000;

function highlight(code: string, info: string | undefined): string {
  const language = /^[\w+#.-]+/.exec(info ?? '')?.[0].toLowerCase();
  if (language === undefined || !hljs.getLanguage(language) || code.length > longestHighlightedCharacters) {
    return escapeHtml(code);
  }
  return hljs.highlight(code, { language, ignoreIllegals: true }).value;
}

const alignments = ['left', 'center', 'right'];

/** HTML has given up the attribute, and the page allows no inline style. */
function alignByClass(tagName: string, { align }: sanitize.Attributes): sanitize.Tag {
  return { tagName, attribs: align === undefined ? {} : { class: align } };
}

const allowed: sanitize.IOptions = {
  allowedTags: [
    ...['p', 'br', 'hr', 'h3', 'h4', 'h5', 'h6', 'blockquote', 'ul', 'ol', 'li', 'pre', 'code', 'span'],
    ...['strong', 'em', 'del', 'a', 'table', 'thead', 'tbody', 'tr', 'th', 'td'],
  ],
  allowedAttributes: { a: ['href', 'rel'], ol: ['start'] },
  allowedClasses: {
    code: ['hljs'],
    th: alignments,
    td: alignments,
    p: ['plain'],
    span: [/^hljs-[a-z_-]+$/, /^[a-z]+_$/],
  },
  allowedSchemes: ['http', 'https', 'mailto'],
  allowProtocolRelative: false,
  // A second look at links, in case the parser was fooled where the first one was taken.
  transformTags: {
    a: (_tagName, { href = '' }) => {
      const address = safeLink(href);
      const attribs: sanitize.Attributes =
        address === undefined ? {} : { href: address, rel: 'noopener noreferrer nofollow' };
      return { tagName: 'a', attribs };
    },
    th: alignByClass,
    td: alignByClass,
  },
};
