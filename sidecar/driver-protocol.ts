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
  /** Runs a program of the workspace in a process of its own. Only where there is a real python3. */
  | {
      readonly op: 'program';
      readonly nonce: string;
      /** What stands behind `python3`: options, the file, its arguments. */
      readonly args: readonly string[];
      /** After so long it is ended. */
      readonly seconds: number;
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

/** What a `run` or a `program` is answered with. The last value of the code is printed, not told here. */
export interface RunAnswer {
  readonly nonce: string;
  readonly outcome: 'ok' | 'failed' | 'timeout';
  /** One sentence, where the outcome is not `ok`. The traceback is in the output. */
  readonly detail?: string;
  /** How a program left: its exit code, or the number of the signal that killed it, less than 0. */
  readonly exit?: number;
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
