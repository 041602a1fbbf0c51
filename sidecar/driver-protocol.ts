import type { Language } from '../journal/block.ts';

/** What an interpreter is asked, one JSON object a line. `nonce` is new for every request. */
export type DriverRequest =
  /** Runs code in the session. `test`: functions and classes that look like tests are called as well. */
  | {
      readonly op: 'run';
      readonly nonce: string;
      readonly language: Language;
      readonly code: string;
      readonly test: boolean;
      /** After so long the code is interrupted, and the session goes on. */
      readonly seconds: number;
      /** What tracebacks call the code: `code block 1 of turn 3`. */
      readonly name: string;
    }
  /** Writes a file of an earlier interpreter of the same session into the workspace. */
  | { readonly op: 'put'; readonly nonce: string; readonly path: string; readonly base64: string }
  /** Reads a piece of a file of the workspace. */
  | {
      readonly op: 'get';
      readonly nonce: string;
      readonly path: string;
      readonly offset: number;
      readonly length: number;
    }
  /** Asked after a test has passed: whoever answers is back in the driver's own loop. */
  | { readonly op: 'ping'; readonly nonce: string };

/** What a `run` is answered with. The last value of the code is printed, not told here. */
export interface RunAnswer {
  readonly nonce: string;
  readonly outcome: 'ok' | 'failed' | 'timeout';
  /** One sentence, where the outcome is not `ok`. The traceback is in the output. */
  readonly detail?: string;
  /** Regular files in the workspace that are new or changed, at most 200 of them. */
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  /** Files that were there before and are gone, at most 200 of them. */
  readonly deleted?: readonly string[];
}

/** `put` and `ping` are answered with the nonce alone; `error` says why a file could not be had. */
export interface FileAnswer {
  readonly nonce: string;
  readonly base64?: string;
  readonly error?: string;
}
