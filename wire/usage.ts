import type { Usage } from './types.ts';

/** Both together; undefined where neither is known. */
export function addUsage(one: Usage | undefined, other: Usage | undefined): Usage | undefined {
  if (!one || !other) return one ?? other;
  const stored = (one.stored ?? 0) + (other.stored ?? 0);
  return {
    input: one.input + other.input,
    output: one.output + other.output,
    cached: one.cached + other.cached,
    ...(stored > 0 ? { stored } : {}),
  };
}
