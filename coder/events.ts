import type { CoderRole } from '../config/coder-roles.ts';
import type { CoderConfig } from '../config/coder-schema.ts';
import type { Usage } from '../wire/types.ts';

/** What happens in a coding task, as it happens. Attempts and samples count from 1. */
export type CodingEvent =
  /** `isResumed`: what an earlier run of this folder has paid for is kept. */
  | {
      readonly type: 'started';
      readonly folder: string;
      readonly task: string;
      readonly settings: CoderConfig;
      readonly isResumed: boolean;
    }
  /** Something one should know: a setting without effect, a package that was left out. */
  | { readonly type: 'notice'; readonly text: string }
  | { readonly type: 'phase'; readonly phase: CodingPhase; readonly attempt?: number }
  /** A piece of what a model writes; `id` tells replies that are written at the same time apart. */
  | { readonly type: 'text'; readonly id: string; readonly role: CoderRole; readonly text: string }
  /** What was written of that reply is void: it comes again. */
  | { readonly type: 'restart'; readonly id: string }
  /** "rate limited by openai, next try in 12 s". */
  | { readonly type: 'status'; readonly id: string; readonly text: string }
  /** A model has answered. `isKept`: in an earlier run of this folder. */
  | {
      readonly type: 'answered';
      readonly id: string;
      readonly role: CoderRole;
      readonly service: string;
      readonly model: string;
      readonly temperature?: number;
      readonly usage?: Usage;
      readonly ms: number;
      readonly isKept: boolean;
    }
  | { readonly type: 'planned'; readonly plan: string }
  | { readonly type: 'dependencies'; readonly packages: readonly string[]; readonly votes: readonly Votes[] }
  /** What pip or the program prints, as it comes. */
  | { readonly type: 'output'; readonly text: string }
  | ({ readonly type: 'installation'; readonly attempt: number } & Installation)
  | ({ readonly type: 'sample' } & SampleReport)
  | { readonly type: 'ran'; readonly attempt: number; readonly sample: number; readonly trial: Trial }
  /** Always last, unless the task was aborted or a model could not be asked. */
  | { readonly type: 'finished'; readonly result: CodingResult };

export type CodingPhase = 'plan' | 'dependencies' | 'install' | 'code' | 'mend' | 'run';

export interface Votes {
  readonly name: string;
  readonly votes: number;
  readonly of: number;
}

export type Installation =
  | { readonly outcome: 'installed'; readonly packages: readonly { name: string; version: string }[] }
  | { readonly outcome: 'failed'; readonly why: string; readonly unknown: readonly string[] }
  | { readonly outcome: 'unavailable'; readonly why: string };

/** Something a linter says of a program. */
export interface Finding {
  readonly code: string;
  readonly message: string;
  /** From 1. */
  readonly line: number;
  readonly column: number;
  /** The program cannot run with it, or not where it comes by. */
  readonly isError: boolean;
}

export interface SampleReport {
  readonly attempt: number;
  readonly sample: number;
  readonly temperature?: number;
  /** 0 to 10; absent where nothing was linted. */
  readonly score?: number;
  readonly findings: readonly Finding[];
  /** It does not even parse, or there was no code in the reply: it is not run. */
  readonly problem?: string;
  /** Where the program lies, relative to the folder of the run. */
  readonly file?: string;
}

/** How a program did. */
export interface Trial {
  readonly passed: boolean;
  /** One sentence: "it ended with exit code 1". */
  readonly summary: string;
  /** Of the program, head and tail. */
  readonly output: string;
  readonly ms: number;
  /** Files that the program made. */
  readonly files: readonly string[];
  readonly tests: readonly TestReport[];
}

export interface TestReport {
  readonly name: string;
  readonly passed: boolean;
  readonly detail?: string;
  readonly output: string;
}

export interface CodingResult {
  readonly outcome: 'solved' | 'written' | 'failed';
  /** One sentence: what was done, or why it could not be. */
  readonly summary: string;
  /** The program, the best there was where the task failed; absent where none was written. */
  readonly source?: string;
  /** The file it was written to; only where it is known to work, or was not to be run. */
  readonly sourceFile?: string;
  readonly plan: string;
  readonly packages: readonly string[];
  readonly attempts: number;
  /** The last run of the program. */
  readonly trial?: Trial;
  readonly folder: string;
  readonly report: string;
  /** Of all that was asked, in this run and those it goes on with. */
  readonly usage: Usage;
}
