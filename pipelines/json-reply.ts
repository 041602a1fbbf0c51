import type * as z from 'zod';

/** What came of reading a model's reply as JSON; a problem is told to the model, which may answer again. */
export type JsonReply<Value> =
  { readonly type: 'value'; readonly value: Value } | { readonly type: 'problem'; readonly problem: string };

/** Reads the JSON object in a reply, whatever stands around it. */
export function readJsonReply<Value>(reply: string, schema: z.ZodType<Value>): JsonReply<Value> {
  const json = reply.slice(reply.indexOf('{'), reply.lastIndexOf('}') + 1);
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return { type: 'problem', problem: 'it is no JSON object' };
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return { type: 'value', value: parsed.data };
  const [issue] = parsed.error.issues;
  return {
    type: 'problem',
    problem: `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'it is not right'}`,
  };
}
