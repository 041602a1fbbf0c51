import type { MarkedToken, Token, Tokens } from 'marked';
import { asMarkedTokens, namedReference, readMarkdown } from './markdown-tokens.ts';
import { safeLink } from './safe-link.ts';
import { visibleControls, visibleLine } from './visible-controls.ts';

/**
 * What a speaker wrote, as the cell of a GFM table: one line, blocks parted by `<br>`, code in `<pre>`.
 * The cell cannot be left, because nothing of the speaker's that could end it comes through as it was:
 * no newline, no pipe, no backslash, no `<`, and no mark of Markdown that was not understood as such.
 */
export function markdownCell(text: string): string {
  const blocks = readMarkdown(text).flatMap((piece) =>
    piece.type === 'plain' ? [escapeLines(piece.text)] : writeBlocks(piece.tokens),
  );
  return joinBlocks(blocks, '<br><br>');
}

/** A name, a status: no markup of its own. */
export function markdownLine(text: string): string {
  return escapeMarkdown(visibleLine(text));
}

/** What a program printed, or code that was run: nothing in it is markup. */
export function markdownCode(text: string): string {
  return writeCode(visibleControls(text));
}

/**
 * `words` are Markdown, `address` is encoded. Some parsers take the backslashes out of a link's words
 * before they read them, and would find an image there that somebody only wrote about.
 */
export function writeLink(words: string, address: string): string {
  return `[${words.replaceAll('\\[', '&#91;').replaceAll('\\]', '&#93;')}](${address})`;
}

/**
 * Understood by GitHub and by VS Code alike, in and outside of tables. Addresses are kept from becoming
 * links by themselves: where one is meant as a link, it is written as one.
 */
function escapeMarkdown(text: string): string {
  return text
    .replace(specials, (character) => entities[character] ?? `\\${character}`)
    .replaceAll('://', ':&#47;/');
}

/** `_` between letters means nothing, and names with `\_` are hard to read. `$` starts a formula on GitHub. */
const specials = /[&<|\\`*~[\]$]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])/gu;

/** Those that a backslash does not disarm everywhere: parsers differ on `\|` and on what follows `\\`. */
const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '|': '&#124;',
  '\\': '&#92;',
  '`': '&#96;',
};

function escapeLines(text: string): string {
  return text.trim().split('\n').map(escapeMarkdown).join('<br>');
}

/** Code has lines of its own and needs no break beside it. */
export function joinBlocks(blocks: readonly string[], separator: string): string {
  return blocks.reduce((joined, block) => {
    const isParted = joined === '' || joined.endsWith('</pre>') || block.startsWith('<pre>');
    return joined + (isParted ? '' : separator) + block;
  }, '');
}

function writeBlocks(tokens: readonly MarkedToken[]): string[] {
  return tokens.map(writeBlock).filter((block) => block !== '');
}

function writeBlock(token: MarkedToken): string {
  switch (token.type) {
    case 'space':
    case 'def':
      return '';
    case 'heading':
      return mark('**', writeInline(token.tokens));
    case 'code':
      return writeCode(token.text);
    case 'table':
      // There is no table in a table; as it was typed it can still be read.
      return writeCode(token.raw.trimEnd());
    case 'hr':
      return '———';
    case 'blockquote':
      return writeQuote(writeBlocks(asMarkedTokens(token.tokens)));
    case 'list':
      return writeList(token);
    case 'paragraph':
    case 'text':
      return token.tokens ? writeInline(token.tokens) : escapeLines(token.text);
    case 'strong':
    case 'em':
    case 'del':
    case 'br':
    case 'codespan':
    case 'image':
    case 'link':
    case 'escape':
    case 'html':
    case 'checkbox':
    case 'list_item':
      return writeInline([token]);
  }
}

function writeQuote(blocks: readonly string[]): string {
  const quoted = blocks.map((block) =>
    block.startsWith('<pre>') ? block : `> ${block.replaceAll('<br>', '<br>> ')}`,
  );
  return joinBlocks(quoted, '<br>');
}

function writeList({ items, ordered, start }: Tokens.List): string {
  return items
    .map((item, index) => {
      const bullet = ordered ? `${Number(start || 0) + index}.` : '•';
      const blocks = writeBlocks(asMarkedTokens(item.tokens).filter(({ type }) => type !== 'checkbox'));
      const box = item.task ? (item.checked ? '☑ ' : '☐ ') : '';
      return `${bullet} ${box}${joinBlocks(blocks, '<br>').replaceAll('<br>', `<br>${indent}`)}`;
    })
    .join('<br>');
}

const indent = '&emsp;';

/**
 * Both renderers keep what stands between `<pre>` and `</pre>` as it is, but for Markdown's own marks.
 * Its lines end in `<br/>`, so that lists and quotes, which look for `<br>`, do not indent them.
 */
function writeCode(code: string): string {
  return `<pre>${code.replaceAll('\t', '    ').split('\n').map(escapeMarkdown).join('<br/>')}</pre>`;
}

function writeInline(tokens: readonly Token[]): string {
  return asMarkedTokens(tokens).map(writeInlineToken).join('').trim();
}

function writeInlineToken(token: MarkedToken): string {
  switch (token.type) {
    case 'strong':
      return mark('**', inner(token));
    case 'em':
      return mark('*', inner(token));
    case 'del':
      return mark('~~', inner(token));
    case 'br':
      return '<br>';
    case 'codespan':
      return writeCodeSpan(token.text);
    case 'image':
      return escapeMarkdown(visibleLine(`[image: ${token.text || 'no description'}]`));
    case 'link': {
      const href = safeLink(token.href);
      return href === undefined ? inner(token) : writeLink(inner(token), escapeDestination(href));
    }
    case 'escape':
      return escapeMarkdown(token.text);
    case 'text':
      return token.tokens ? inner(token) : writeText(token.text);
    case 'blockquote':
    case 'checkbox':
    case 'code':
    case 'def':
    case 'heading':
    case 'hr':
    case 'html':
    case 'list':
    case 'list_item':
    case 'paragraph':
    case 'space':
    case 'table':
      // None of these stands inside a line; should one ever, it is shown as it was typed.
      return writeText(token.raw);
  }
}

function inner(token: { readonly tokens?: Token[] }): string {
  return asMarkedTokens(token.tokens).map(writeInlineToken).join('');
}

/** A mark of emphasis counts only where it touches what it marks. */
function mark(sign: string, content: string): string {
  const [, before = '', words = '', after = ''] = /^(\s*)([^]*?)(\s*)$/.exec(content) ?? [];
  return words === '' ? content : `${before}${sign}${words}${sign}${after}`;
}

function writeText(text: string): string {
  return visibleControls(text)
    .split('\n')
    .map((line) =>
      escapeMarkdown(line).replace(/&amp;(?=[a-z])/gi, (escaped, at: number, whole: string) => {
        const original = `&${whole.slice(at + escaped.length)}`;
        return namedReference.test(original) ? '&' : escaped;
      }),
    )
    .join('<br>');
}

function writeCodeSpan(code: string): string {
  const plain = /^[^\s`|\\<>&](?:[^`|\\<>&\n]*[^\s`|\\<>&])?$/.test(code);
  return plain ? `\`${code}\`` : `<code>${code.split('\n').map(escapeMarkdown).join(' ')}</code>`;
}

/** Percent-encodes what ends a destination, a cell or a line. */
function escapeDestination(href: string): string {
  return href.replace(/[\s()<>|\\`*[\]"'&]/g, (character) =>
    character === '&' ? '&amp;' : `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}
