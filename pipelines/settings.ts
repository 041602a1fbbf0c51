import * as z from 'zod';
import { ColloquyError } from '../wire/errors.ts';
import type { Step } from './pipeline.ts';

/** Of modules that take nothing under `with`: what stands there would be passed over. */
export const noSettings = z.strictObject({}).prefault({});

/** What `with` of a step says, checked. Throws ColloquyError `bad-setting` that names the first key that is wrong. */
export function settingsOf<T>(schema: z.ZodType<T>, step: Step): T {
  const parsed = schema.safeParse(step.with ?? {});
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const key = ['with', ...(issue?.path ?? [])].join('.');
  const what = issue?.message.replace(/^[A-Z](?=[a-z])/, (letter) => letter.toLowerCase());
  throw new ColloquyError(`${key} of the step ${step.output_name}: ${what ?? 'it is not right'}`, {
    code: 'bad-setting',
  });
}
