import type { Seat } from '../../wire/types.ts';
import { Dice } from './dice.ts';

/** All that is to happen in one run. The same seed gives the same scenario. */
export interface Scenario {
  readonly seed: number;
  readonly maxMessages: number;
  /** Who starts, in every meeting. */
  readonly first: Seat;
  readonly meetings: readonly MeetingPlan[];
  readonly network: NetworkPlan;
  /** In the order of their triggers. */
  readonly faults: readonly PlannedFault[];
}

export interface MeetingPlan {
  readonly name: string;
  /** How long each reply takes to write. */
  readonly replyMs: number;
  /** The number of the turn that takes leave; absent: the limit ends the meeting. */
  readonly byeTurn?: number;
  readonly style: 'plain' | 'unicode' | 'long';
  /** This seat is killed for good in the course of the run: the meeting ends without it. */
  readonly leaves?: Seat;
}

/** Shares of the lines that pass, in each direction. */
export interface NetworkPlan {
  readonly slow: number;
  readonly cut: number;
  readonly frozen: number;
  readonly doubled: number;
  readonly replayed: number;
  readonly split: number;
  /** Of one meeting; beyond that its lines pass. */
  readonly maxCuts: number;
}

/** It begins `delayMs` after so many messages have passed, over all meetings of the run. */
export type PlannedFault = { readonly afterMessages: number; readonly delayMs: number } & Fault;

export type Fault =
  | { readonly kind: 'kill-proxy'; readonly downMs: number }
  /** Told to end, where the program knows `--drain`; killed otherwise. */
  | { readonly kind: 'drain-proxy'; readonly downMs: number }
  | { readonly kind: 'freeze-proxy'; readonly ms: number }
  | { readonly kind: 'kill-agent'; readonly meeting: number; readonly seat: Seat; readonly downMs: number }
  | { readonly kind: 'freeze-agent'; readonly meeting: number; readonly seat: Seat; readonly ms: number }
  | { readonly kind: 'lose-agent'; readonly meeting: number; readonly seat: Seat }
  | { readonly kind: 'cut-network'; readonly ms: number; readonly reset: boolean }
  | { readonly kind: 'fill-disk'; readonly ms: number };

export type FaultKind = Fault['kind'];

export const faultKinds: readonly FaultKind[] = [
  'kill-proxy',
  'drain-proxy',
  'freeze-proxy',
  'kill-agent',
  'freeze-agent',
  'lose-agent',
  'cut-network',
  'fill-disk',
];

export interface ScenarioOptions {
  /** What this machine, or the person who asks, leaves out. */
  readonly without: ReadonlySet<FaultKind | 'network'>;
}

export function createScenario(seed: number, { without }: ScenarioOptions): Scenario {
  const dice = new Dice(`colloquy ${seed}`);
  const maxMessages = dice.between(8, 14);
  const count = dice.pick([1, 2, 2, 2, 3]);
  const planned: MeetingPlan[] = Array.from({ length: count }, (_, index) =>
    planMeeting(index, maxMessages, dice.named(`meeting ${index}`), without),
  );
  const expected = maxMessages * count;
  const faults = [
    ...planFaults(dice.named('faults'), count, expected),
    ...planned.flatMap(({ leaves }, meeting) => {
      if (!leaves) return [];
      const afterMessages = dice.between(2, Math.ceil(expected / 2));
      return [{ kind: 'lose-agent' as const, meeting, seat: leaves, afterMessages, delayMs: 0 }];
    }),
  ];
  // Short turns would fit into what is left of the last page.
  const fillsDisk = faults.some(({ kind }) => kind === 'fill-disk') && !without.has('fill-disk');
  return {
    seed,
    maxMessages,
    first: dice.pick(['a', 'b']),
    meetings: fillsDisk ? planned.map((plan) => ({ ...plan, style: 'long' })) : planned,
    network: without.has('network') ? calm : planNetwork(dice.named('network')),
    faults: faults
      .filter(({ kind }) => !without.has(kind))
      .sort((one, other) => one.afterMessages - other.afterMessages),
  };
}

const calm: NetworkPlan = { slow: 0, cut: 0, frozen: 0, doubled: 0, replayed: 0, split: 0, maxCuts: 0 };

function planMeeting(
  index: number,
  maxMessages: number,
  dice: Dice,
  without: ScenarioOptions['without'],
): MeetingPlan {
  const byeTurn = dice.between(3, maxMessages - 2);
  const leaves = dice.pick(['a', 'b'] as const);
  const [saysBye, losesOne] = [dice.happens(0.15), dice.happens(0.06)];
  return {
    name: `m${index}`,
    replyMs: dice.between(5, 60),
    style: dice.pick(['plain', 'plain', 'unicode', 'unicode', 'long']),
    ...(saysBye ? { byeTurn } : {}),
    ...(losesOne && !without.has('lose-agent') ? { leaves } : {}),
  };
}

function planNetwork(dice: Dice): NetworkPlan {
  if (dice.happens(0.15)) return calm;
  return {
    slow: dice.pick([0, 0.1, 0.3]),
    cut: dice.pick([0, 0.01, 0.03, 0.06]),
    frozen: dice.pick([0, 0.01, 0.03]),
    doubled: dice.pick([0, 0.05, 0.2]),
    replayed: dice.pick([0, 0.03, 0.1]),
    split: dice.pick([0, 0.2, 0.6]),
    maxCuts: 4,
  };
}

function planFaults(dice: Dice, meetings: number, expected: number): PlannedFault[] {
  const kinds: readonly [FaultKind, ...FaultKind[]] = [
    ...(['kill-proxy', 'kill-proxy', 'kill-proxy', 'drain-proxy'] as const),
    ...(['kill-agent', 'kill-agent', 'kill-agent', 'freeze-agent'] as const),
    ...(['freeze-proxy', 'cut-network', 'cut-network', 'fill-disk'] as const),
  ];
  const count = dice.between(1, 4);
  return Array.from({ length: count }, () => {
    const [kind, downMs, ms] = [dice.pick(kinds), dice.pick([0, 0, 50, 200, 500]), dice.between(20, 400)];
    const where = { meeting: dice.between(0, meetings - 1), seat: dice.pick(['a', 'b'] as const) };
    const reset = dice.happens(0.5);
    // Some meet: the second while the first still lasts.
    const afterMessages = dice.happens(0.3) ? Math.ceil(expected / 3) : dice.between(0, expected - 2);
    const when = { afterMessages, delayMs: dice.between(0, 60) };
    switch (kind) {
      case 'kill-proxy':
      case 'drain-proxy':
        return { kind, downMs, ...when };
      case 'freeze-proxy':
      case 'fill-disk':
        return { kind, ms, ...when };
      case 'kill-agent':
        return { kind, ...where, downMs, ...when };
      case 'freeze-agent':
        return { kind, ...where, ms, ...when };
      case 'lose-agent':
        return { kind, ...where, ...when };
      case 'cut-network':
        return { kind, ms, reset, ...when };
    }
  });
}

/** What every reply of these agents begins with, and no other has: who, the how manieth, in which life. */
export function idOf(text: string): string {
  return /^[ab]\d+\.\d+\.\d+/.exec(text)?.[0] ?? 'nothing';
}
