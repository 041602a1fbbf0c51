/**
 * The words of a command line as a shell would split them: blanks between, quotes around, a backslash before a
 * character. Nothing else of a shell: no variables, no wildcards, no pipes. Undefined if a quote is not closed.
 */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  for (const [token] of line.matchAll(/\s+|'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^]/gsu)) {
    if (/^\s/.test(token)) {
      if (word !== undefined) words.push(word);
      word = undefined;
      continue;
    }
    const isQuote = token.startsWith("'") || token.startsWith('"');
    if (isQuote && token.length === 1) return undefined;
    word = (word ?? '') + unquote(token);
  }
  return word === undefined ? words : [...words, word];
}

function unquote(token: string): string {
  if (token.startsWith("'")) return token.slice(1, -1);
  // Between double quotes a backslash is one unless it stands before these.
  if (token.startsWith('"')) return token.slice(1, -1).replace(/\\(["\\$`])/g, '$1');
  return token.length > 1 && token.startsWith('\\') ? token.slice(1) : token;
}
