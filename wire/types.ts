/** The two places at the table: `a` behind port 18888, `b` behind port 19999. */
export const seats = ['a', 'b'] as const;
export type Seat = (typeof seats)[number];

export function otherSeat(seat: Seat): Seat {
  return seat === 'a' ? 'b' : 'a';
}

/** Tokens billed for one reply, as the provider reported them. */
export interface Usage {
  readonly input: number;
  readonly output: number;
  /** Part of `input`: read from the provider's cache, at a lower price. */
  readonly cached: number;
  /** Part of `input`: put into the provider's cache, which some charge more for. Absent: none. */
  readonly stored?: number;
}

/** What an agent says about the turn it is sending (`/meta`). */
export interface TurnMeta {
  readonly usage?: Usage;
  /** Milliseconds from the moment the agent asked its provider to the last piece. */
  readonly ms?: number;
  /** Why the provider stopped: `stop`, `length`, `content-filter`, `empty`, … */
  readonly finish?: string;
}

/** The one word why a meeting ended. */
export const stopReasons = [
  'end',
  'max-messages',
  'max-seconds',
  'max-tokens',
  'max-cost',
  'tests-passed',
  'loop',
  'idle',
  'agent-lost',
  'stopped',
  'error',
] as const;
export type StopReason = (typeof stopReasons)[number];

/** Control tokens a speaker may put at the very start or end of a message. */
export const spokenVerbs = ['bye', 'end', 'stop', 'help'] as const;
export type SpokenVerb = (typeof spokenVerbs)[number];

/** What an agent may ask of the relay in its greeting. */
export const features = ['note', 'delta', 'history', 'numbered', 'retold', 'trace'] as const;
export type Feature = (typeof features)[number];

/** Who sits on a seat, as the greeting said it. Everything but the name may be unknown. */
export interface Participant {
  readonly name: string;
  readonly lang?: string;
  readonly gender?: string;
  readonly provider?: string;
  readonly model?: string;
  /** The whole text the provider is given as system prompt, for the record. */
  readonly persona?: { readonly text: string; readonly sha256: string };
  /** Sampling parameters and other settings of the provider, secrets left out. */
  readonly parameters?: Readonly<Record<string, unknown>>;
  readonly seed?: number;
  readonly software?: string;
}
