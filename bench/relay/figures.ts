export function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other);
  const middle = sorted.length / 2;
  if (sorted.length === 0) return NaN;
  if (sorted.length % 2 === 1) return sorted[Math.floor(middle)] as number;
  return ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** The least squares line through points that are one apart: by how much it rises from each to the next. */
export function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const average = sum(values) / values.length;
  const rise = sum(values.map((value, index) => (index - middle) * (value - average)));
  return rise / sum(values.map((_, index) => (index - middle) ** 2));
}

/** Text to the left, figures to the right. */
export function printTable(header: readonly string[], rows: readonly (readonly string[])[]): void {
  const columns = header.map((title, column) => {
    const cells = rows.map((row) => row[column] ?? '');
    const width = Math.max(title.length, ...cells.map((cell) => cell.length));
    const isText = cells.some((cell) => /^[a-z]/i.test(cell));
    return (cell: string): string => (isText ? cell.padEnd(width) : cell.padStart(width));
  });
  for (const row of [header, ...rows]) {
    console.log(
      row
        .map((cell, column) => columns[column]?.(cell))
        .join('  ')
        .trimEnd(),
    );
  }
}

/** Three digits that mean something, and no exponent. */
export function figure(value: number): string {
  if (!Number.isFinite(value)) return '-';
  if (Math.abs(value) >= 100) return value.toFixed(0);
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}
