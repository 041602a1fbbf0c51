import { formatCost } from '../../journal/cost.ts';
import { escapeHtml } from '../../journal/render/html-words.ts';
import { describeModel, formatNumber } from '../../journal/render/sentences.ts';
import { visibleLine } from '../../journal/render/visible-controls.ts';
import { seats } from '../../wire/types.ts';
import type { VerdictFile } from '../judges/verdict-file.ts';
import { decide, measureAgreement, measurePositionBias, pairUp, rate, type Decision } from './decisions.ts';
import { drawBars, drawIntervals, drawLegend, drawMatrix } from './figures.ts';
import { describeShare, intervalCell, sideBySide } from './html-parts.ts';
import type { Interval } from '../statistics/bootstrap.ts';
import type { Grouping } from './measure.ts';
import { decimals, headOf, type Surroundings } from './speaker-sections.ts';

/** Who won against whom, and how strong that makes each. Empty where nobody met another. */
export function winSection(surroundings: Surroundings, by: Grouping): string {
  const { meetings, lists, numbering } = surroundings;
  const decisions = decide(meetings);
  const compared = decisions.filter(({ meeting }) => meeting.sides.a[by] !== meeting.sides.b[by]);
  const pairings = pairUp(decisions, by);
  if (pairings.length === 0) return '';
  const names = [...new Set(pairings.map(({ player }) => player))].sort();
  const titleOf = (player: string, opponent: string): string => `${player} against ${opponent}`;
  const matrix = drawMatrix(
    pairings.map(({ player, opponent, wins, losses, ties, ids }) => ({
      row: player,
      column: opponent,
      share: (wins + ties / 2) / (wins + losses + ties),
      text: `${wins}–${losses}–${ties}`,
      href: lists.href(titleOf(player, opponent), ids),
    })),
    names,
    `Wins by ${by}`,
  );
  const figure = numbering.figure(
    [{ svg: matrix, ...(names.length > 2 ? { title: `Who won against whom, by ${by}` } : {}) }],
    `Wins, losses and ties of the row against the column, by ${by}; the darker, the more was won. A decision is what one judge found of one meeting in all its verdicts; where they contradict each other, as when the verdict turns round with the order, it is a tie. n = ${compared.length} decisions on ${new Set(compared.map(({ meeting }) => meeting.id)).size} meetings of two different ones.`,
  );
  const [ranking, table] = rankingOf(surroundings, decisions, by);
  return sideBySide([figure, ranking]) + table;
}

function rankingOf(
  { lists, numbering }: Surroundings,
  decisions: readonly Decision[],
  by: Grouping,
): [figure: string, table: string] {
  const { ratings, isDetermined } = rate(decisions, by);
  const format = (value: number): string => formatNumber(Math.round(value));
  const rows = ratings.map(({ player, rating, ids }) => ({
    name: player,
    interval: rating,
    count: ids.length,
    href: lists.href(`Decided meetings of ${player}`, ids),
  }));
  const note = isDetermined
    ? ''
    : ' Some have won, or lost, all there was against the rest: how far they are from it rests on that one tie; they have no interval.';
  const figure = numbering.figure(
    [
      {
        svg: drawIntervals(rows, {
          label: 'points',
          title: `Ranking by ${by}`,
          reference: 1_000,
          format,
        }),
      },
    ],
    `Ranking by ${by} after Bradley and Terry, in points as in chess: 1,000 is the middle, 400 more are ten times the chance to win. A tie is half a win; each has one tie with the middle beside its own decisions, so that nobody is infinitely strong. 95&nbsp;% bootstrap intervals over meetings; n = ${new Set(ratings.flatMap(({ ids }) => ids)).size} meetings.${note}`,
  );
  const table = numbering.table(
    [headOf[by], 'Points', 'Wins', 'Losses', 'Ties', 'Meetings'],
    ratings.map(({ player, rating, wins, losses, ties, ids }) => [
      escapeHtml(player),
      pointsCell(
        lists.link(format(rating.estimate), `Decided meetings of ${player}`, ids),
        rating,
        ids.length,
      ),
      ...(
        [
          ['wins', wins],
          ['losses', losses],
          ['ties', ties],
        ] as const
      ).map(([what, count]) =>
        lists.link(count, `${player}: ${what}`, idsWhere(decisions, by, player, what)),
      ),
      lists.link(ids.length, `Decided meetings of ${player}`, ids),
    ]),
    `The same in numbers, the strongest first. Wins, losses and ties are decisions. Where there is no interval, somebody has only won or only lost, or every sample that is drawn again says the same.`,
  );
  return [figure, table];
}

function idsWhere(
  decisions: readonly Decision[],
  by: Grouping,
  player: string,
  what: 'wins' | 'losses' | 'ties',
): string[] {
  return decisions.flatMap(({ meeting: { id, sides }, winner }) => {
    const seat = seats.find((each) => sides[each][by] === player);
    if (!seat || sides.a[by] === sides.b[by]) return [];
    const own = winner === 'tie' ? 'ties' : winner === seat ? 'wins' : 'losses';
    return own === what ? [id] : [];
  });
}

/** Where every sample that is drawn says the same, the interval would claim to know it. */
function pointsCell(value: string, rating: Interval, count: number): string {
  const format = (points: number): string => formatNumber(Math.round(points));
  if (rating.low === rating.high) return `${value}<br><small>no interval</small>`;
  return intervalCell(value, rating, format, count);
}

/** Whether the judges are to be trusted. Empty where there never was a verdict. */
export function judgeSection(surroundings: Surroundings): string {
  const { meetings } = surroundings;
  const names = [...new Set(meetings.flatMap(({ verdicts }) => verdicts.map(({ judge }) => judge)))].sort();
  if (names.length === 0) return leftOut(surroundings);
  return (
    judgeTable(surroundings, names) +
    biasFigure(surroundings, names) +
    agreementTable(surroundings) +
    problems(surroundings) +
    leftOut(surroundings)
  );
}

function judgeTable({ meetings, lists, numbering }: Surroundings, names: readonly string[]): string {
  const rows = names.map((name) => {
    const own = meetings.flatMap((meeting) =>
      meeting.verdicts.filter(({ judge }) => judge === name).map((verdict) => ({ id: meeting.id, verdict })),
    );
    const former = meetings.flatMap(({ formerVerdicts }) =>
      formerVerdicts.filter(({ judge }) => judge === name),
    );
    const which = (type: VerdictFile['result']['type'], words: string): string => {
      const ids = own.filter(({ verdict }) => verdict.result.type === type).map(({ id }) => id);
      return lists.link(ids.length, `Verdicts of ${name}: ${words}`, ids);
    };
    const again = own
      .filter(({ verdict }) => verdict.result.type === 'verdict' && verdict.attempts.length > 1)
      .map(({ id }) => id);
    const all = [...own.map(({ verdict }) => verdict), ...former];
    const tokens = all.reduce((sum, { usage }) => sum + (usage ? usage.input + usage.output : 0), 0);
    const costs = all.flatMap(({ cost }) => cost ?? []);
    const models = [...new Set(own.map(({ verdict }) => describeModel(verdict)))];
    return [
      escapeHtml(name),
      escapeHtml(models.join(', ')),
      which('verdict', 'given'),
      lists.link(again.length, `Verdicts of ${name}: asked again`, again),
      which('invalid', 'could not be used'),
      which('failed', 'could not be had'),
      formatNumber(tokens),
      costs.length === 0
        ? '<span class="none">not known</span>'
        : formatCost(costs.reduce((sum, cost) => sum + cost, 0)),
    ];
  });
  return numbering.table(
    ['Judge', 'Model', 'Verdicts', 'Asked again', 'Not usable', 'Not had', 'Tokens', 'Cost'],
    rows,
    `Judges. Asked again: verdicts whose first answer could not be used. Not usable: none of its answers could. Not had: the service failed; running the batch again asks again. Tokens and cost count verdicts that were replaced since.`,
  );
}

function biasFigure({ meetings, lists, numbering }: Surroundings, names: readonly string[]): string {
  const kinds = [
    ['same', 'the same'],
    ['half', 'a winner once, a tie once'],
    ['first', 'whoever was Speaker 1'],
    ['second', 'whoever was Speaker 2'],
  ] as const;
  const biases = names
    .map((judge) => measurePositionBias(meetings, judge))
    .filter((bias) => kinds.some(([key]) => bias[key].length > 0));
  if (biases.length === 0) return '<p>No judge has read a meeting in both orders.</p>\n';
  const parts = biases.flatMap((bias) =>
    kinds.flatMap(([key, words]) =>
      bias[key].length === 0
        ? []
        : [
            {
              row: bias.judge,
              part: words,
              count: bias[key].length,
              href: lists.href(`${bias.judge} in both orders: ${words}`, bias[key]),
            },
          ],
    ),
  );
  const n = parts.reduce((sum, { count }) => sum + count, 0);
  const words = kinds.map(([, each]) => each);
  const figure = numbering.figure(
    [
      {
        svg: drawBars(parts, {
          rows: biases.map(({ judge }) => judge),
          kinds: words,
          label: 'pairs of verdicts',
          title: 'Verdicts in both orders, by judge',
        }),
      },
    ],
    `Position bias: who won when the same meeting was read in both orders. A judge whom the order does not sway says the same. n = ${n} pairs of verdicts.`,
    drawLegend(words),
  );
  const table = numbering.table(
    [
      'Judge',
      'Pairs',
      'The same',
      'Once a tie',
      'Speaker 1 both times',
      'Speaker 2 both times',
      'Cohen’s kappa of the orders',
    ],
    biases.map((bias) => {
      const all = kinds.flatMap(([key]) => bias[key]);
      return [
        escapeHtml(bias.judge),
        lists.link(all.length, `${bias.judge} in both orders`, all),
        ...kinds.map(([key, each]) =>
          lists.link(
            `${bias[key].length}, ${describeShare(bias[key].length, all.length)}`,
            `${bias.judge} in both orders: ${each}`,
            bias[key],
          ),
        ),
        kappaCell(bias.kappa, all.length),
      ];
    }),
    `The same in numbers, with the agreement of each judge with itself in the other order, and its 95&nbsp;% bootstrap interval.`,
  );
  return figure + table;
}

function agreementTable({ meetings, lists, numbering }: Surroundings): string {
  const agreements = measureAgreement(decide(meetings));
  if (agreements.length === 0) return '';
  return numbering.table(
    ['Judges', 'Kappa', 'Value', 'Said the same', 'Meetings'],
    agreements.map(({ judges, kind, kappa, agreed, ids }) => [
      escapeHtml(judges.join(', ')),
      `${kind}’s`,
      kappaCell(kappa, ids.length),
      describeShare(agreed * ids.length, ids.length),
      lists.link(ids.length, `Judged by ${judges.join(', ')}`, ids),
    ]),
    `Agreement of judges on the winner (one, the other, or a tie): 1 is wholly, 0 what chance would give. 95&nbsp;% bootstrap intervals over meetings.`,
  );
}

function problems({ meetings, lists }: Surroundings): string {
  const found = meetings.flatMap((meeting) =>
    meeting.verdicts.flatMap(({ judge, order, result }) =>
      result.type === 'invalid' || result.type === 'failed'
        ? [{ meeting, judge, order, problem: result.problem }]
        : [],
    ),
  );
  if (found.length === 0) return '';
  const items = found.map(
    ({ meeting, judge, order, problem }) =>
      `<li><a href="#${lists.anchorOf(meeting.id)}">${escapeHtml(meeting.id)}</a>, ${escapeHtml(judge)} (${order}): ${escapeHtml(visibleLine(problem))}</li>`,
  );
  return `<h3>Verdicts that are missing</h3><ul>${items.join('')}</ul>\n`;
}

function leftOut({ meetings, lists }: Surroundings): string {
  const ids = meetings.flatMap(({ id, formerVerdicts }) => formerVerdicts.map(() => id));
  if (ids.length === 0) return '';
  const link = lists.link(ids.length, 'Meetings with verdicts that do not count', ids);
  return `<p>Verdicts of a judge, a rubric or a transcript that is not the same any more: ${link}. They were paid for, and do not count.</p>\n`;
}

function kappaCell(kappa: Interval | undefined, count: number): string {
  if (!kappa) return '<span class="none">not defined: all said the same</span>';
  const format = (value: number): string => decimals(value, 2);
  return intervalCell(format(kappa.estimate), kappa, format, count);
}
