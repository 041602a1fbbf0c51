import * as z from 'zod';
import { count, partName, serviceShape, words } from '../service-wish.ts';

const criterion = z
  .strictObject({
    name: z
      .string()
      .regex(
        /^[A-Za-z][A-Za-z0-9_-]{0,39}$/,
        'must have letters, digits, "_" and "-" only, a letter first, 40 at most',
      ),
    description: words,
    min: z.number().default(1),
    max: z.number().default(5),
  })
  .refine(({ min, max }) => min < max, { message: 'max must be more than min', path: ['max'] });

/** One entry of `judges` in an experiment. */
export const judgeWish = z.strictObject({
  name: partName,
  persona: words,
  ...serviceShape,
  rubric: z.array(criterion).min(1),
  /** Verdicts on each meeting in each order. */
  repeat: count.default(1),
  /** Whether each of the two speakers is Speaker 1 once. */
  swap: z.boolean().default(true),
});

export type JudgeWish = z.infer<typeof judgeWish>;
export type Criterion = z.infer<typeof criterion>;

/** Who is Speaker 1, and who is Speaker 2. */
export type Order = 'ab' | 'ba';

export function ordersOf({ swap }: Pick<JudgeWish, 'swap'>): readonly Order[] {
  return swap ? ['ab', 'ba'] : ['ab'];
}

/** Criteria that have one name and two scales, each with the judge and its place in the rubric: their scores cannot be compared. */
export function clashingCriteria(
  judges: readonly Pick<JudgeWish, 'name' | 'rubric'>[],
): { readonly judge: number; readonly at: number; readonly message: string }[] {
  const known = new Map<string, { readonly by: string; readonly scale: string }>();
  return judges.flatMap(({ name: by, rubric }, judge) => {
    const own = new Set<string>();
    return rubric.flatMap(({ name, min, max }, at) => {
      const scale = `${min} to ${max}`;
      const before = known.get(name);
      known.set(name, before ?? { by, scale });
      const isTwice = own.has(name);
      own.add(name);
      if (isTwice) return [{ judge, at, message: `the rubric has ${name} twice; delete one` }];
      if (!before || before.scale === scale) return [];
      return [
        {
          judge,
          at,
          message: `${name} goes from ${scale} here and from ${before.scale} for ${before.by}; use one scale, or another name`,
        },
      ];
    });
  });
}
