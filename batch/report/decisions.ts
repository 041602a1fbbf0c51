import type { Seat } from '../../wire/types.ts';
import { speakerOf } from '../judges/brief.ts';
import type { VerdictFile } from '../judges/verdict-file.ts';
import { bootstrapInterval, bootstrapIntervals, type Interval } from '../statistics/bootstrap.ts';
import { rankPlayers, type Match, type Ranking } from '../statistics/bradley-terry.ts';
import { cohensKappa, fleissKappa } from '../statistics/kappa.ts';
import type { MeetingRecord } from './collect.ts';
import { resamplesFor, seed, type Grouping } from './measure.ts';

/** Who did better in a meeting in the eyes of one judge, all its verdicts taken together. */
export interface Decision {
  readonly meeting: MeetingRecord;
  readonly judge: string;
  readonly winner: Seat | 'tie';
}

/**
 * The one whom more of a judge's verdicts on a meeting name; a tie where they are equally many, as they are where the
 * verdict turned round with the order.
 */
export function decide(meetings: readonly MeetingRecord[]): Decision[] {
  return meetings.flatMap((meeting) => {
    const judges = [...new Set(meeting.verdicts.map(({ judge }) => judge))].sort();
    return judges.flatMap((judge): Decision[] => {
      const winners = meeting.verdicts.flatMap((verdict) =>
        verdict.judge === judge && verdict.result.type === 'verdict' ? [verdict.result.winner] : [],
      );
      if (winners.length === 0) return [];
      const count = (who: Seat): number => winners.filter((winner) => winner === who).length;
      const difference = count('a') - count('b');
      return [{ meeting, judge, winner: difference === 0 ? 'tie' : difference > 0 ? 'a' : 'b' }];
    });
  });
}

/** A tie of everybody with somebody in the middle: who has won all is not infinitely strong. */
const priorTies = 1;

export interface Rating {
  readonly player: string;
  /**
   * Points as in chess: 1,000 in the middle, 400 more are ten times the chance. Without width for who has only won, or
   * only lost: no sample that is drawn says how far that goes.
   */
  readonly rating: Interval;
  readonly wins: number;
  readonly losses: number;
  readonly ties: number;
  readonly ids: readonly string[];
}

/** The strongest first. `isDetermined`: without the tie that each is given, the ratings would be finite as well. */
export function rate(
  decisions: readonly Decision[],
  by: Grouping,
): { readonly ratings: Rating[]; readonly isDetermined: boolean } {
  const byMeeting = new Map<string, Match[]>();
  const ids = new Map<string, string[]>();
  for (const { meeting, winner } of decisions) {
    const [a, b] = [meeting.sides.a[by], meeting.sides.b[by]];
    if (a === b) continue;
    byMeeting.set(meeting.id, [...(byMeeting.get(meeting.id) ?? []), { a, b, winner }]);
    for (const player of [a, b]) ids.set(player, [...(ids.get(player) ?? []), meeting.id]);
  }
  const clusters = [...byMeeting.values()];
  const points = ({ players }: Ranking): ReadonlyMap<string, number> =>
    new Map(players.map(({ player, strength }) => [player, 1_000 + 400 * Math.log10(strength)]));
  // A ranking takes a hundred times as long as a mean.
  const options = { seed, resamples: resamplesFor(clusters.length) / 4 };
  const intervals = bootstrapIntervals(clusters, options, (drawn) =>
    points(rankPlayers(drawn.flat(), { priorTies })),
  );
  const { players } = rankPlayers(clusters.flat(), { priorTies });
  const ratings = players.flatMap(({ player, wins, losses, ties }): Rating[] => {
    const drawn = intervals.get(player);
    if (!drawn) return [];
    const isOpen = ties === 0 && (wins === 0 || losses === 0);
    const { estimate } = drawn;
    const rating = isOpen ? { estimate, low: estimate, high: estimate } : drawn;
    return [{ player, rating, wins, losses, ties, ids: [...new Set(ids.get(player))] }];
  });
  return { ratings, isDetermined: rankPlayers(clusters.flat()).isDetermined };
}

/** What one has won against another. */
export interface Pairing {
  readonly player: string;
  readonly opponent: string;
  readonly wins: number;
  readonly losses: number;
  readonly ties: number;
  readonly ids: readonly string[];
}

/** Both ways round; those who have met themselves are left out. */
export function pairUp(decisions: readonly Decision[], by: Grouping): Pairing[] {
  const pairings = new Map<string, { -readonly [key in keyof Pairing]: Pairing[key] }>();
  for (const { meeting, winner } of decisions) {
    const players = { a: meeting.sides.a[by], b: meeting.sides.b[by] };
    if (players.a === players.b) continue;
    for (const [own, other] of [
      ['a', 'b'],
      ['b', 'a'],
    ] as const) {
      const key = JSON.stringify([players[own], players[other]]);
      const none = { player: players[own], opponent: players[other], wins: 0, losses: 0, ties: 0, ids: [] };
      const pairing = pairings.get(key) ?? none;
      pairings.set(key, pairing);
      pairing[winner === 'tie' ? 'ties' : winner === own ? 'wins' : 'losses']++;
      if (pairing.ids.at(-1) !== meeting.id) pairing.ids = [...pairing.ids, meeting.id];
    }
  }
  return [...pairings.values()];
}

/** What a judge says when the two change places. */
export interface PositionBias {
  readonly judge: string;
  /** Of meetings that were judged in both orders; the same one won, or neither. */
  readonly same: readonly string[];
  /** Whoever was Speaker 1 won. */
  readonly first: readonly string[];
  readonly second: readonly string[];
  /** One order gave a winner, the other a tie. */
  readonly half: readonly string[];
  /** Agreement of the one order with the other. */
  readonly kappa: Interval | undefined;
}

export function measurePositionBias(meetings: readonly MeetingRecord[], judge: string): PositionBias {
  const found = { same: [] as string[], first: [] as string[], second: [] as string[], half: [] as string[] };
  const pairs: (readonly [string, string])[] = [];
  for (const { id, verdicts } of meetings) {
    const own = verdicts.filter((verdict) => verdict.judge === judge);
    for (const one of own.filter(({ order }) => order === 'ab')) {
      const other = own.find(({ order, repetition }) => order === 'ba' && repetition === one.repetition);
      const winners = [winnerOf(one), other && winnerOf(other)] as const;
      const [inOne, inOther] = winners;
      if (inOne === undefined || inOther === undefined) continue;
      pairs.push([inOne, inOther]);
      if (inOne === inOther) found.same.push(id);
      else if (inOne === 'tie' || inOther === 'tie') found.half.push(id);
      else found[speakerOf(inOne, 'ab') === 1 ? 'first' : 'second'].push(id);
    }
  }
  return { judge, ...found, kappa: kappaInterval(pairs, cohensKappa) };
}

export interface Agreement {
  readonly judges: readonly string[];
  readonly kind: 'Cohen' | 'Fleiss';
  readonly kappa: Interval | undefined;
  /** Share of meetings on which all of them said the same. */
  readonly agreed: number;
  /** Meetings that all of them have judged. */
  readonly ids: readonly string[];
}

/** Of every two judges, and of all together where they are more. */
export function measureAgreement(decisions: readonly Decision[]): Agreement[] {
  const judges = [...new Set(decisions.map(({ judge }) => judge))].sort();
  const byMeeting = new Map<string, Map<string, string>>();
  for (const { meeting, judge, winner } of decisions) {
    byMeeting.set(meeting.id, (byMeeting.get(meeting.id) ?? new Map<string, string>()).set(judge, winner));
  }
  const agreementOf = (some: readonly string[]): Agreement => {
    const all = [...byMeeting].filter(([, winners]) => some.every((judge) => winners.has(judge)));
    const said = all.map(([, winners]) => some.map((judge) => winners.get(judge) as string));
    const isPair = some.length === 2;
    return {
      judges: some,
      kind: isPair ? 'Cohen' : 'Fleiss',
      kappa: isPair
        ? kappaInterval(said as unknown as [string, string][], cohensKappa)
        : kappaInterval(said, fleissKappa),
      agreed: said.filter((each) => new Set(each).size === 1).length / said.length,
      ids: all.map(([id]) => id),
    };
  };
  const pairs = judges.flatMap((one, at) => judges.slice(at + 1).map((other) => [one, other]));
  return [...(judges.length > 2 ? [judges] : []), ...pairs]
    .map(agreementOf)
    .filter(({ ids }) => ids.length > 0);
}

function kappaInterval<Subject>(
  subjects: readonly Subject[],
  kappa: (subjects: readonly Subject[]) => number | undefined,
): Interval | undefined {
  if (kappa(subjects) === undefined) return undefined;
  const indexes = subjects.map((_, at) => at);
  return bootstrapInterval(
    indexes,
    { seed, resamples: resamplesFor(subjects.length) },
    (drawn) => kappa(drawn.map((at) => subjects[at] as Subject)) ?? NaN,
  );
}

function winnerOf({ result }: VerdictFile): Seat | 'tie' | undefined {
  return result.type === 'verdict' ? result.winner : undefined;
}
