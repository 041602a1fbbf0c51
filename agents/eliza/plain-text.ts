/** Characters of a message that are read; the rest is dropped unseen. */
const longestText = 20_000;

/**
 * What a message would sound like if it was read aloud: no Markdown, no code, no addresses, one kind of
 * apostrophe, and of all punctuation only commas and full stops, which is what ELIZA knows.
 */
export function plainText(message: string): string {
  // NFKC would take an acute accent that stands for an apostrophe apart.
  const text = message.slice(0, longestText).replaceAll('\u00b4', "'").normalize('NFKC');
  return foldPunctuation(withoutMarkdown(text))
    .replace(/\b(Mr|Mrs|Ms|Dr|Prof|St)\./g, '$1')
    .replace(/\s+/g, ' ')
    .trim();
}

function withoutMarkdown(text: string): string {
  return (
    text
      .replace(/```[\s\S]*?(?:```|$)/g, '\n\n')
      .replace(/!?\[([^\]\n]{0,200})\]\([^)\n]{0,500}\)/g, '$1')
      .replace(/\bhttps?:\/\/\S+/g, ' ')
      .replace(/<\/?[a-zA-Z][^<>\n]{0,200}>/g, ' ')
      // Headings, quotations and list items are sentences of their own.
      .replace(/^[ \t]*(?:#{1,6}|>|[-*+]|\d{1,3}[.)])[ \t]+/gm, '\n\n')
      .replace(/[*~`]+|(?<![\p{L}\p{N}])_+|_+(?![\p{L}\p{N}])/gu, '')
      .replace(/\n\s*\n/g, ' . ')
  );
}

function foldPunctuation(text: string): string {
  return (
    text
      .replace(/[\u2018\u2019\u201b\u02bc\u2032]/g, "'")
      // An apostrophe belongs to a word; anything else that looks like one is a quotation mark.
      .replace(/(?<![\p{L}\p{N}])'|'(?![\p{L}\p{N}])/gu, ' ')
      .replace(/["\u201a\u201c-\u201f\u00ab\u00bb\u2039\u203a\u00a1\u00bf]/g, ' ')
      .replace(/\.{2,}/g, ' . ')
      .replace(/[?!\u3002]/g, ' . ')
      .replace(/[:;()[\]{}|\u2013\u2014\u3001]|\s-+\s|--+/g, ' , ')
      .replace(/[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\ufeff]/g, ' ')
      .replace(/[^\p{L}\p{M}\p{N}\s.,'\-+=$*/%&]/gu, ' ')
  );
}
