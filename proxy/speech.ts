import type { AgentFrame } from '../wire/message.ts';

/** What somebody said. */
export type Speech = Extract<AgentFrame, { type: 'speech' }>;

/** Other words than those that came: the line they came in says something else. */
export function withoutLine({ text, control }: Pick<Speech, 'text' | 'control'>): Speech {
  return { type: 'speech', text, ...(control ? { control } : {}) };
}
