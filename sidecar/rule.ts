import type { Language } from '../journal/block.ts';

/** What code is refused for. A pattern is tried on code without comments. */
export interface Rule {
  /** As it is shown: a short name, or the place of the rule in the settings. */
  readonly name: string;
  readonly pattern: RegExp;
  /** Why it is refused, and what to do instead: the end of a sentence. */
  readonly why: string;
  /** Undefined: in every language. */
  readonly languages?: readonly Language[] | undefined;
  /** Found in what `pattern` matched, it excuses that. */
  readonly unless?: RegExp | undefined;
  /** Whether the pattern sees the contents of strings. */
  readonly readsStrings: boolean;
}

// Parts of patterns. Every repetition is bounded, so that no code makes a pattern slow.

/** `import x`, `import y, x as z`, `from x.y import z`. */
export function importing(modules: string): string {
  return `\\b(?:from[ \\t]{1,9}(?:${modules})\\b[\\w.]{0,200}[ \\t]{1,9}import\\b|import[ \\t]{1,9}(?:[\\w.]{1,99}(?:[ \\t]{1,9}as[ \\t]{1,9}\\w{1,99})?[ \\t]{0,9},[ \\t]{0,9}){0,50}(?:${modules})\\b)`;
}

/** `os.system`, and `from os import path, system`. */
export function of(module: string, names: string): string {
  return `\\b${module}[ \\t]{0,9}\\.[ \\t]{0,9}(?:${names})\\b|\\bfrom[ \\t]{1,9}${module}[ \\t]{1,9}import[ \\t]{1,9}[^\\n]{0,200}?\\b(?:${names})\\b`;
}

/** A call of a built-in function: no method of that name, and not the definition of one. */
export function call(names: string): string {
  return `(?<![\\w.]|\\b(?:def|class|function)[ \\t]{1,9})(?:${names})[ \\t]{0,9}\\(`;
}

/** The same in JavaScript, where a method is defined without a word in front. */
export function jsCall(names: string): string {
  return `${call(names)}(?![^()\\n]{0,200}\\)[ \\t]{0,9}\\{)`;
}

/** Where Bash looks for a command. */
export const atCommand =
  '(?:^|[;&|({`]|\\$\\(|\\b(?:then|do|else|exec|env|command|xargs|time|nohup|sudo)[ \\t])[ \\t]{0,200}(?:\\w{1,99}=[^\\s]{0,99}[ \\t]{1,9}){0,9}';
export const anyArguments = '(?:[ \\t]{1,9}-[\\w-]{1,30}){1,9}[ \\t]{1,9}';
