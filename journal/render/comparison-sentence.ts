import type { ComparedRow } from '../compare.ts';

/** How alike two meetings are, in one sentence. `common`: so many turns are the same at their beginning. */
export function describeComparison({
  rows,
  common,
}: {
  readonly rows: readonly Pick<ComparedRow, 'type'>[];
  readonly common: number;
}): string {
  const count = (type: ComparedRow['type']): number => rows.filter((row) => row.type === type).length;
  if (count('same') === rows.length) return `All ${rows.length} turns are the same.`;
  const facts = [
    `${common} ${common === 1 ? 'turn' : 'turns'} in common at the beginning`,
    `${count('same') - common} more the same later`,
    `${count('changed')} with other words`,
    `${count('left')} only on the left`,
    `${count('right')} only on the right`,
  ];
  return `${facts.filter((fact, at) => at === 0 || !fact.startsWith('0 ')).join(', ')}.`;
}
