/** A script as the engine wants it, whichever notation it was written in. Links are known to lead somewhere. */
export interface ElizaScript {
  /** Said to `/start`; one of them is chosen. */
  readonly greetings: readonly string[];
  /** Said to `/bye`. */
  readonly goodbyes: readonly string[];
  /** Said to `/help`, in one line. */
  readonly about: string;
  readonly manner: Manner;
  /** Words and marks that end a clause, in capitals. */
  readonly delimiters: ReadonlySet<string>;
  /** By the word in capitals. */
  readonly keywords: ReadonlyMap<string, Keyword>;
  /** By keyword, in capitals. */
  readonly memories: ReadonlyMap<string, readonly MemoryRule[]>;
  readonly none: Transformation;
}

/** Where a script may leave the paper of 1966; the list notation never does. */
export interface Manner {
  /** `upper`: as on the teletype. `sentence`: words as they were typed, a capital at the start. */
  readonly case: 'upper' | 'sentence';
  /** `first`: the first clause with a keyword is answered. `strongest`: the one with the highest rank, of equals the last. */
  readonly clause: 'first' | 'strongest';
  /** `first`: the replies of a rule come in the order written. `anywhere`: in that order, from a random one on. */
  readonly rotation: 'first' | 'anywhere';
  /** A reply that would give back more words than this, or none, is passed over. Infinity: never. */
  readonly longestEchoWords: number;
  /** A reply that was among this many last ones is passed over. 0: never. */
  readonly noRepeatWithin: number;
  /** What a rule says that fits no text, by the state of the counter: the paper's program had four of these. */
  readonly noMatch: readonly string[];
  /** Repairs to the grammar of what is given back, in this order. */
  readonly corrections: readonly { readonly wrong: RegExp; readonly right: string }[];
}

export interface Keyword {
  readonly word: string;
  /** What the word becomes in the text; may be several words. */
  readonly substitute?: string;
  readonly rank: number;
  readonly transformations: readonly Transformation[];
  /** The keyword that takes over when no decomposition fits. */
  readonly link?: string;
}

export interface Transformation {
  readonly pattern: Pattern;
  /** Taken in turn. */
  readonly reassemblies: readonly Reassembly[];
}

export interface MemoryRule {
  readonly pattern: Pattern;
  readonly template: Template;
}

export type Pattern = readonly PatternTerm[];

export type PatternTerm =
  /** `0`: any number of words. */
  | { readonly type: 'any' }
  /** `1`, `2`, …: exactly so many words. */
  | { readonly type: 'count'; readonly count: number }
  | { readonly type: 'word'; readonly word: string }
  /** `(*SAD UNHAPPY)`, and `(/NOUN FAMILY)` with its tags looked up. */
  | { readonly type: 'one-of'; readonly words: ReadonlySet<string> };

export type Reassembly =
  | { readonly type: 'say'; readonly template: Template }
  | { readonly type: 'link'; readonly keyword: string }
  | { readonly type: 'pre'; readonly template: Template; readonly keyword: string }
  | { readonly type: 'newkey' };

/** Text, and the numbers of the parts (from 1) that go between. */
export type Template = readonly (string | number)[];

export function isKey(keyword: Keyword): boolean {
  return keyword.transformations.length > 0 || keyword.link !== undefined;
}
