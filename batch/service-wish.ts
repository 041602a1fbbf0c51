import * as z from 'zod';

export const words = z.string().min(1);
export const count = z.int().min(1);

/** What the name of a part of an experiment may look like, since files are called after it. */
export const partName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/, 'must have letters, digits, "_" and "-" only, 40 at most');

/** Who writes, as an experiment says it of speakers and judges. */
export const serviceShape = {
  /** Absent: the persona's own. */
  service: words.optional(),
  model: words.optional(),
  config: words.optional(),
  base_url: words.optional(),
  temperature: z.number().min(0).max(2).optional(),
  max_tokens: count.optional(),
  context_tokens: count.optional(),
};
