import type { ProxyConfig } from '../../config/schema.ts';
import type { LoopSettings } from '../../journal/event.ts';

/** What `loops` in config/proxy.yml says, as the journal has it. */
export function toLoopSettings(loops: ProxyConfig['loops']): LoopSettings {
  const { repeats, similarity, window, courtesies, short_turns: shortTurns, one_sided: oneSided } = loops;
  return { repeats, similarity, window, courtesies, shortTurns, oneSided };
}
