import { z } from 'zod';

/** `0` alone is a number in YAML, and a decomposition here. */
const text = z
  .union([z.string(), z.number()], { error: 'expected a text' })
  .transform(String)
  .refine((value) => value.trim() !== '', 'this text is empty');
const word = text.refine((value) => !/[\s().,]/.test(value), 'expected a single word');
const texts = z.array(text).min(1, 'at least one is needed');

const reply = z.union([text, z.strictObject({ pre: text, then: word })], {
  error: 'expected a text, =keyword, newkey, or pre and then',
});

const rule = z.strictObject({
  when: text.default('0'),
  say: z.array(reply).min(1, 'at least one is needed'),
});

/** What stands in a script in YAML; `docs/eliza.md` explains it. */
export const yamlScriptSchema = z.strictObject({
  about: text,
  greetings: texts,
  goodbyes: texts,
  case: z.enum(['sentence', 'upper']).default('sentence'),
  clause: z.enum(['first', 'strongest']).default('first'),
  rotation: z.enum(['first', 'anywhere']).default('first'),
  longest_echo: z.int().min(1).optional(),
  no_repeat_within: z.int().min(0).max(1000).default(0),
  delimiters: z.array(text).default([',', '.', 'but']),
  corrections: z.record(z.string(), text).default({}),
  tags: z.record(z.string(), z.array(word)).default({}),
  keywords: z.array(
    z.strictObject({
      words: z.array(word).min(1, 'at least one is needed'),
      as: text.optional(),
      rank: z.int().min(0).max(999_999).default(0),
      rules: z.array(rule).default([]),
      link: word.optional(),
    }),
  ),
  memory: z
    .array(
      z.strictObject({ keyword: word, rules: z.array(z.strictObject({ when: text, say: text })).min(1) }),
    )
    .default([]),
  none: texts,
});

export type YamlScript = z.infer<typeof yamlScriptSchema>;
