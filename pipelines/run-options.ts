import type { Writer } from './ask-model.ts';
import type { Exchange, Module, ModuleContext, Seat } from './module.ts';
import type { ModelConfig } from './pipeline.ts';
import type { RunFolder } from './run-folder.ts';
import type { StepCache } from './step-cache.ts';

/** What happens in a run, as it happens. */
export type RunEvent =
  | { readonly type: 'started' | 'kept' | 'blocked'; readonly step: string }
  | { readonly type: 'skipped'; readonly step: string; readonly why: string }
  /** A piece of what its model writes. */
  | { readonly type: 'text'; readonly step: string; readonly text: string }
  /** What was shown of the text is void: it comes again. */
  | { readonly type: 'restart'; readonly step: string }
  | { readonly type: 'status'; readonly step: string; readonly text: string }
  | { readonly type: 'exchange'; readonly step: string; readonly exchange: Exchange }
  | { readonly type: 'done'; readonly step: string; readonly ms: number; readonly fromCache: boolean }
  | { readonly type: 'failed'; readonly step: string; readonly error: string };

export interface RunOptions {
  readonly modules: ReadonlyMap<string, Module>;
  readonly folder: RunFolder;
  /** Absent: every step is run, whatever was run before. */
  readonly cache?: StepCache;
  readonly request?: string | undefined;
  /** Where the pipeline holds a seat in a meeting. */
  readonly seat?: Seat | undefined;
  /** What writes for a step. Rejects with ColloquyError where it cannot. */
  readonly provide: (model: ModelConfig | undefined) => Promise<Writer>;
  /** All that shapes what it writes, whoever said so; what differs in it is not the same step to the cache. */
  readonly identify?: (model: ModelConfig | undefined) => unknown;
  /** Asks a person; absent where there is none. */
  readonly ask?: (question: string, signal: AbortSignal) => Promise<string | undefined>;
  /** The sandbox; absent where there is none. */
  readonly openProject?: ModuleContext['openProject'];
  /** Absent where no meetings can be held. */
  readonly holdMeeting?: ModuleContext['holdMeeting'];
  readonly observe?: (event: RunEvent) => void;
  /** These are run anew, and all that depends on them. */
  readonly anew?: ReadonlySet<string>;
  /** Only these are run; what they need must have been. */
  readonly only?: ReadonlySet<string>;
  readonly signal: AbortSignal;
  readonly nowMs?: () => number;
}

export interface RunResult {
  /** By output name, of the steps that have one. */
  readonly outputs: ReadonlyMap<string, string>;
  /** Why a step failed, by its output name. */
  readonly failures: ReadonlyMap<string, string>;
}
