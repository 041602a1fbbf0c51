import { z } from 'zod';

const text = z.string().refine((value) => value.trim() !== '', 'this text is empty');
const texts = z.array(text).min(1, 'at least one is needed');
const level = z.number().min(0).max(20);
const levels = z.strictObject({
  fear: level.optional(),
  anger: level.optional(),
  mistrust: level.optional(),
});
const change = z.number().min(-20).max(20);
const changes = z.strictObject({
  fear: change.default(0),
  anger: change.default(0),
  mistrust: change.default(0),
});
const noChange = { fear: 0, anger: 0, mistrust: 0 };
/** `decay`: the share of the way back to the baseline that is gone every turn. */
const affect = z.strictObject({ start: level, baseline: level, decay: z.number().min(0).max(1) });

/** What stands in a script for Parry; `docs/eliza.md` explains it. */
export const parrySchema = z.strictObject({
  about: text,
  greetings: texts,
  goodbyes: texts,
  affects: z.strictObject({ fear: affect, anger: affect, mistrust: affect }),
  swap: z.record(z.string(), text).default({}),
  corrections: z.record(z.string(), text).default({}),
  /** The first that applies is his mood. */
  moods: z
    .array(
      z.strictObject({
        name: text,
        above: levels.default({}),
        /** Nothing but what was written for this mood is said. */
        overrules: z.boolean().default(false),
        /** How often its own replies come before those to what was said: 0 never, 1 always. */
        insists: z.number().min(0).max(1).default(0),
        replies: texts,
      }),
    )
    .min(1, 'at least one is needed'),
  cues: z.array(
    z.strictObject({
      name: text,
      rank: z.int().min(0).max(100).default(1),
      hears: z.array(text).default([]),
      changes: changes.default(noChange),
      /** Asks for the story, when it is safe to tell. */
      invited: z.boolean().default(false),
      /** For every mood, or by its name, `any` being all that have none of their own. */
      replies: z
        .union([texts, z.record(z.string(), texts)], { error: 'expected texts, or texts by mood' })
        .default({}),
    }),
  ),
  story: z.strictObject({ below: levels, changes: changes.default(noChange), pieces: texts }),
});

export type ParryContent = z.infer<typeof parrySchema>;
