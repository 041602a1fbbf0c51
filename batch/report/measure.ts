import { bootstrapInterval, type Interval } from '../statistics/bootstrap.ts';
import { seats, type Seat } from '../../wire/types.ts';
import { sidesOf, type MeetingRecord, type Side } from './collect.ts';
import { meanOf } from './tables.ts';

/** How often a sample of so many is drawn again, for intervals of 95 %; large ones less often, they tell the same. */
export function resamplesFor(size: number): number {
  return Math.round(Math.min(2_000, Math.max(400, 4_000_000 / Math.max(1, size))));
}
/** The same data gives the same report. */
export const seed = 20_261_121;

/** What personas or models are compared by. */
export type Grouping = 'persona' | 'model';

/** A mean over meetings, and the meetings that it is the mean of. */
export interface Estimate extends Interval {
  readonly ids: readonly string[];
}

/** Those meetings that were held in which one persona or model took part. */
export interface Group {
  readonly name: string;
  readonly meetings: readonly MeetingRecord[];
}

/** By name. */
export function groupHeld(meetings: readonly MeetingRecord[], by: Grouping): Group[] {
  const groups = new Map<string, MeetingRecord[]>();
  for (const meeting of meetings) {
    if (meeting.status !== 'held') continue;
    for (const name of new Set(sidesOf(meeting).map((side) => side[by]))) {
      groups.set(name, [...(groups.get(name) ?? []), meeting]);
    }
  }
  return [...groups]
    .map(([name, own]) => ({ name, meetings: own }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** What is measured of a side of a meeting; undefined where nobody knows. */
export const measures = {
  turns: (side: Side) => side.turns,
  tokens: (side: Side) => side.inputTokens + side.outputTokens,
  cost: (side: Side) => side.cost,
  seconds: (side: Side) => {
    const ms = meanOf(side.latenciesMs);
    return ms === undefined ? undefined : ms / 1_000;
  },
} as const;
export type Measure = keyof typeof measures;

/** The mean over the meetings of a group; of those where it holds both seats, of both. Undefined where nothing is known. */
export function estimateMeasure(group: Group, by: Grouping, measure: Measure): Estimate | undefined {
  return estimateSides(group, by, (meeting, seat) => measures[measure](meeting.sides[seat]));
}

/** The mean of scores by all verdicts on a meeting, over the meetings of a group. */
export function estimateScore(group: Group, by: Grouping, criterion: string): Estimate | undefined {
  return estimateSides(group, by, ({ verdicts }, seat) =>
    meanOf(
      verdicts.flatMap(({ result }) =>
        result.type === 'verdict' ? (result.scores[seat][criterion] ?? []) : [],
      ),
    ),
  );
}

/** Every criterion of the verdicts, with its scale. */
export function criteriaOf(
  meetings: readonly MeetingRecord[],
): { readonly name: string; readonly min: number; readonly max: number }[] {
  const known = new Map<string, { name: string; min: number; max: number }>();
  for (const { verdicts } of meetings) {
    for (const { rubric } of verdicts) for (const each of rubric) known.set(each.name, each);
  }
  return [...known.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** Meetings are drawn again, and not turns or verdicts: those of one meeting are no independent observations. */
function estimateSides(
  { name, meetings }: Group,
  by: Grouping,
  valueOf: (meeting: MeetingRecord, seat: Seat) => number | undefined,
): Estimate | undefined {
  const values: number[] = [];
  const ids: string[] = [];
  for (const meeting of meetings) {
    const own = seats.filter((seat) => meeting.sides[seat][by] === name);
    const value = meanOf(own.flatMap((seat) => valueOf(meeting, seat) ?? []));
    if (value === undefined) continue;
    values.push(value);
    ids.push(meeting.id);
  }
  const interval = bootstrapInterval(values, { seed, resamples: resamplesFor(values.length) });
  return interval && { ...interval, ids };
}
