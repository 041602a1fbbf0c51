/**
 * How far two judges agree beyond chance, over what both have judged: 1 wholly, 0 as by chance. Undefined where there
 * is nothing, or where both said one and the same throughout, so that chance alone explains it. Source: Cohen, "A
 * Coefficient of Agreement for Nominal Scales", Educational and Psychological Measurement 20 (1960).
 */
export function cohensKappa(pairs: readonly (readonly [string, string])[]): number | undefined {
  if (pairs.length === 0) return undefined;
  const agreed = pairs.filter(([one, other]) => one === other).length / pairs.length;
  const first = countEach(pairs.map(([one]) => one));
  const second = countEach(pairs.map(([, other]) => other));
  let chance = 0;
  for (const [category, count] of first) chance += (count * (second.get(category) ?? 0)) / pairs.length ** 2;
  return chance === 1 ? undefined : (agreed - chance) / (1 - chance);
}

/**
 * The same of any number of judges: what each subject was judged to be, by equally many judges. Throws RangeError where
 * they are not equally many, or fewer than two. Source: Fleiss, "Measuring nominal scale agreement among many raters",
 * Psychological Bulletin 76 (1971).
 */
export function fleissKappa(subjects: readonly (readonly string[])[]): number | undefined {
  const judges = subjects[0]?.length;
  if (judges === undefined) return undefined;
  if (judges < 2 || subjects.some(({ length }) => length !== judges)) {
    throw new RangeError('every subject needs the same number of judges, two or more');
  }
  const all = countEach(subjects.flat());
  let chance = 0;
  for (const count of all.values()) chance += (count / (subjects.length * judges)) ** 2;
  let agreed = 0;
  for (const subject of subjects) {
    let pairs = 0;
    for (const count of countEach(subject).values()) pairs += count * (count - 1);
    agreed += pairs / (judges * (judges - 1)) / subjects.length;
  }
  return chance === 1 ? undefined : (agreed - chance) / (1 - chance);
}

function countEach(values: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}
