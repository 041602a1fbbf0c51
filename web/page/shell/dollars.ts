/** "$1.24", "$0.0031": never rounded to nothing. */
export function formatDollars(dollars: number): string {
  if (dollars === 0) return '$0.00';
  return `$${dollars < 0.1 ? dollars.toPrecision(2) : dollars.toFixed(2)}`;
}
