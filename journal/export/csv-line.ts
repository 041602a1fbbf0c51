/**
 * A line of CSV with its end. Source: RFC 4180. A text that a spreadsheet could take for a formula gets an apostrophe
 * ahead, and so does one that begins with an apostrophe: one taken away from every text that has one gives back what
 * was said. NUL, which many readers end at, becomes its picture U+2400.
 */
export function csvLine(cells: readonly (string | number | boolean | undefined)[]): string {
  return `${cells.map((cell) => quote(textOf(cell))).join(',')}\r\n`;
}

function textOf(value: string | number | boolean | undefined): string {
  if (value === undefined) return '';
  if (typeof value !== 'string') return String(value);
  const text = value.replaceAll('\0', '\u2400');
  return formulaLike.test(text) ? `'${text}` : text;
}

/** Source: OWASP, "CSV Injection"; full-width signs count in some spreadsheets. */
const formulaLike = /^['=+\-@\t\r\n＝＋－＠]/;

/** Blanks at the ends are quoted, too: some readers drop them otherwise. */
function quote(cell: string): string {
  return /["',\r\n]|^\s|\s$/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
