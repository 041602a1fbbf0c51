import type { BlockKind, BlockResult, Language, Outcome } from '../../journal/block.ts';
import type { Limits, TierName } from '../tiers/tier.ts';
import type { Decoys } from './decoys.ts';

/** In the order in which they are shown. */
export const probeGroups = [
  'secrets',
  'files',
  'network',
  'processes',
  'kernel',
  'time',
  'memory and disk',
  'crowds',
  'endings',
  'forgery',
  'other sessions',
  'embedded',
] as const;
export type ProbeGroup = (typeof probeGroups)[number];

/**
 * How the same attack is shown to work where there is no wall, so that a probe that holds means something.
 * - `plain`: the code is run by plain python3 or bash, as the user who runs the tests;
 * - `namespaces`: the same, in namespaces of its own, where it can hurt nobody;
 * - `outlives`: the code is still running when the wall would have ended it;
 * - `open pyodide`: in Pyodide under a Deno that may do everything;
 * - `impossible`: there is nothing to compare with, for the reason given.
 */
export type Control =
  | { readonly how: 'plain' | 'namespaces' | 'outlives' | 'open pyodide'; readonly needsRoot?: boolean }
  | { readonly how: 'impossible'; readonly because: string };

/** What is known of a run: by the wall, or by the control. */
export type ProbedRun = Pick<BlockResult, 'outcome' | 'output' | 'outputBytes' | 'detail' | 'files'>;

/** One attack on the wall, and how it must end. */
export interface Probe {
  /** In kebab case; one of its kind. */
  readonly name: string;
  readonly group: ProbeGroup;
  /** What the attack does, to be read behind "code that": "reads /etc/shadow". */
  readonly description: string;
  readonly tiers: readonly TierName[];
  /** Python unless given. */
  readonly language?: Language;
  /** A `test` must never count as passed. `code` unless given. */
  readonly kind?: BlockKind;
  /** Tries the attack, bounded and aimed at decoys only; prints a `WALL:held` or a `WALL:broken` line. */
  readonly code: (decoys: Decoys) => string;
  /** Run in another session once the first has run. */
  readonly codeOfOther?: (decoys: Decoys) => string;
  /** Which ends are right; `ok` alone unless given, and then only with a `WALL:held` line. */
  readonly outcomes?: readonly Outcome[];
  /** What must have become of the session's variables; `kept` where the outcome is `ok` alone. */
  readonly variables?: 'kept' | 'gone';
  /** Looks at the host afterwards: what the attack got, if anything. */
  readonly check?: (
    decoys: Decoys,
    run: ProbedRun,
    other: ProbedRun | undefined,
  ) => Promise<string | undefined> | string | undefined;
  /** Where they differ from those of the other probes; also makes for a session of its own. */
  readonly limits?: Partial<Limits>;
  readonly ownSession?: boolean;
  /** Why this is known not to hold, and no reason for worry. */
  readonly knownWeakness?: string;
  readonly control: Control;
}

export const nativeTiers = ['bubblewrap', 'runsc'] as const satisfies readonly TierName[];
export const embeddedTiers = ['deno'] as const satisfies readonly TierName[];
export const allTiers = [...nativeTiers, ...embeddedTiers] as const;

/** A text or number as Python and JavaScript both read it. */
export function literal(value: string | number): string {
  return JSON.stringify(value);
}

/** Python that makes several attempts, each `attempt(name, function)`; what a function returns is a gain. */
export function attempts(code: string): string {
  return `${prelude}\n${code.trim()}\nverdict()\n`;
}

const prelude = `
import os, sys
gains, refusals = [], []
def one_line(value):
    return str(value)[:80].replace("\\n", " ")
def attempt(name, attack):
    try:
        got = attack()
    except Exception as error:
        refusals.append(f"{name}: {type(error).__name__}: {one_line(error)}")
    else:
        (gains if got else refusals).append(f"{name}: {one_line(got) if got else 'nothing'}")
def verdict():
    print("WALL:broken " + "; ".join(gains)[:2000] if gains else "WALL:held " + "; ".join(refusals)[:600])
`.trim();
