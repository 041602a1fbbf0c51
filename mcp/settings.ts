import type { ServiceName } from '../config/service-names.ts';

/** What can be asked for by name alone: the others run programs or read files that are named with them. */
export const offeredServices = ['openai', 'anthropic', 'ollama', 'lmstudio', 'eliza', 'parry'] as const;
export type OfferedService = Extract<ServiceName, (typeof offeredServices)[number]>;

/** What a client may have done, at most. */
export interface McpSettings {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Folder of the journals and transcripts. */
  readonly transcripts: string;
  readonly services: readonly OfferedService[];
  readonly mostMessages: number;
  readonly mostSeconds: number;
  /** US dollars of one meeting; 0: no limit. */
  readonly mostCost: number;
  readonly meetingsAtOnce: number;
}
