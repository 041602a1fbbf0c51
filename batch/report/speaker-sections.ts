import { formatCost } from '../../journal/cost.ts';
import { escapeHtml } from '../../journal/render/html-words.ts';
import { formatNumber } from '../../journal/render/sentences.ts';
import { flagNames } from '../../journal/flag.ts';
import { stopReasons } from '../../wire/types.ts';
import { sidesOf, type MeetingRecord } from './collect.ts';
import { drawBars, drawIntervals, drawLegend, type IntervalRow } from './figures.ts';
import { intervalCell, sideBySide, type Numbering } from './html-parts.ts';
import type { MeetingLists } from './lists.ts';
import {
  criteriaOf,
  estimateMeasure,
  estimateScore,
  groupHeld,
  type Estimate,
  type Group,
  type Grouping,
  type Measure,
} from './measure.ts';

export interface Surroundings {
  readonly meetings: readonly MeetingRecord[];
  readonly lists: MeetingLists;
  readonly numbering: Numbering;
}

/** As the head of a column. */
export const headOf = { persona: 'Persona', model: 'Model' } as const;

/** What each measure is called, and how it is written. */
const measureWords: {
  readonly [measure in Measure]: { readonly name: string; readonly format: (value: number) => string };
} = {
  turns: { name: 'Turns', format: (value) => decimals(value, 1) },
  tokens: { name: 'Tokens read and written', format: (value) => formatNumber(Math.round(value)) },
  cost: { name: 'Cost, US dollars', format: formatCost },
  seconds: { name: 'Seconds a turn', format: (value) => decimals(value, value < 1 ? 3 : 1) },
};
const allMeasures = Object.keys(measureWords) as Measure[];

export function decimals(value: number, digits: number): string {
  // Not even a little below nothing has a sign, once it is rounded to nothing.
  return value.toFixed(digits).replace(/^-(?=[0.]*$)/, '');
}

/** What personas, or models, did and took. */
export function speakerSection({ meetings, lists, numbering }: Surroundings, by: Grouping): string {
  const groups = groupHeld(meetings, by);
  const estimates = groups.map((group) => ({
    group,
    values: allMeasures.map((measure) => estimateMeasure(group, by, measure)),
  }));
  const cell = (group: Group, estimate: Estimate | undefined, measure: Measure): string => {
    if (!estimate) return '<span class="none">not known</span>';
    const { format } = measureWords[measure];
    const value = lists.link(format(estimate.estimate), `Meetings of ${group.name}`, estimate.ids);
    return intervalCell(value, estimate, format, estimate.ids.length);
  };
  const table = numbering.table(
    [headOf[by], 'Meetings', ...allMeasures.map((measure) => measureWords[measure].name), 'Flags'],
    estimates.map(({ group, values }) => [
      escapeHtml(group.name),
      lists.link(group.meetings.length, `Meetings of ${group.name}`, idsOf(group)),
      ...values.map((estimate, at) => cell(group, estimate, allMeasures[at] as Measure)),
      flagCell(group, by, lists),
    ]),
    `Of one ${by} in one meeting: means over the meetings it took part in, with 95&nbsp;% bootstrap intervals. Where it held both seats, the mean of the two. Each number leads to its meetings. Of few meetings, say fewer than ten, the intervals are too narrow.`,
  );
  // Nothing but zeros is told by the table.
  const shown = allMeasures.filter((_, at) => estimates.some(({ values }) => (values[at]?.high ?? 0) > 0));
  const panels = shown.map((measure) => {
    const { name, format } = measureWords[measure];
    const rows = estimates.flatMap(({ group, values }) =>
      toRow(group, values[allMeasures.indexOf(measure)], lists, `Meetings of ${group.name}`),
    );
    return {
      heading: name,
      svg: drawIntervals(rows, {
        label: `${name.toLowerCase().replace('us dollars', 'US dollars')}`,
        title: `${name} by ${by}`,
        format,
      }),
    };
  });
  const n = meetings.filter(({ status }) => status === 'held').length;
  const figure = numbering.figure(
    panels,
    `Means by ${by} of one speaker in one meeting; the bar is the 95&nbsp;% bootstrap interval over meetings. n = ${n} meetings in all, for each point as in the table.`,
  );
  const others = [stopFigure(groups, by, lists, numbering), flagFigure(groups, by, lists, numbering)];
  return table + figure + sideBySide(others);
}

/** Scores by persona, or by model, a panel for each criterion. Empty without verdicts. */
export function scoreSection({ meetings, lists, numbering }: Surroundings, by: Grouping): string {
  const criteria = criteriaOf(meetings);
  if (criteria.length === 0) return '';
  const groups = groupHeld(meetings, by);
  const format = (value: number): string => decimals(value, 2);
  const titleOf = (criterion: string, group: Group): string =>
    `Meetings of ${group.name} with a score for ${criterion}`;
  const estimates = groups.map((group) => criteria.map(({ name }) => estimateScore(group, by, name)));
  const panels = criteria.map(({ name, min, max }, at) => ({
    heading: name,
    svg: drawIntervals(
      groups.flatMap((group, index) => toRow(group, estimates[index]?.[at], lists, titleOf(name, group))),
      {
        label: `${name}, ${min} to ${max}`,
        title: `${name} by ${by}`,
        domain: [min, max],
        format,
      },
    ),
  }));
  const judged = meetings.filter(({ verdicts }) => verdicts.some(({ result }) => result.type === 'verdict'));
  const figure = numbering.figure(
    panels,
    `Scores by ${by}: means over meetings of what all judges and orders gave together, with 95&nbsp;% bootstrap intervals over meetings. n = ${judged.length} judged meetings in all, for each point as in the table.`,
  );
  const table = numbering.table(
    [headOf[by], ...criteria.map(({ name, min, max }) => `${name} (${min} to ${max})`)],
    groups.map((group, index) => [
      escapeHtml(group.name),
      ...criteria.map(({ name }, at) => {
        const estimate = estimates[index]?.[at];
        if (!estimate) return '<span class="none">none</span>';
        const value = lists.link(format(estimate.estimate), titleOf(name, group), estimate.ids);
        return intervalCell(
          `${value} <small>n = ${estimate.ids.length}</small>`,
          estimate,
          format,
          estimate.ids.length,
        );
      }),
    ]),
    `The same in numbers; n: meetings with a score.`,
  );
  return figure + table;
}

function toRow(
  group: Group,
  estimate: Estimate | undefined,
  lists: MeetingLists,
  title: string,
): IntervalRow[] {
  if (!estimate) return [];
  return [
    {
      name: group.name,
      interval: estimate,
      count: estimate.ids.length,
      href: lists.href(title, estimate.ids),
    },
  ];
}

function stopFigure(
  groups: readonly Group[],
  by: Grouping,
  lists: MeetingLists,
  numbering: Numbering,
): string {
  const reasonOf = ({ outline }: MeetingRecord): string => outline?.stop?.reason ?? '';
  const kinds = stopReasons.filter((reason) =>
    groups.some(({ meetings }) => meetings.some((each) => reasonOf(each) === reason)),
  );
  const parts = groups.flatMap(({ name, meetings }) =>
    kinds.flatMap((reason) => {
      const ids = meetings.filter((each) => reasonOf(each) === reason).map(({ id }) => id);
      return ids.length === 0
        ? []
        : [
            {
              row: name,
              part: reason,
              count: ids.length,
              href: lists.href(`${name}: ended by ${reason}`, ids),
            },
          ];
    }),
  );
  const rows = groups.map(({ name }) => name);
  return numbering.figure(
    [
      {
        svg: drawBars(parts, {
          rows,
          kinds,
          label: `meetings`,
          title: `Stop reasons by ${by}`,
        }),
      },
    ],
    `Why meetings ended, by ${by}. A meeting of two different ones counts for both; n = ${countMeetings(groups)} meetings.`,
    drawLegend(kinds),
  );
}

function flagFigure(
  groups: readonly Group[],
  by: Grouping,
  lists: MeetingLists,
  numbering: Numbering,
): string {
  const parts = groups.flatMap((group) =>
    flagNames.flatMap((flag) => {
      const ids = flaggedIds(group, by, flag);
      return ids.length === 0
        ? []
        : [
            {
              row: group.name,
              part: flag,
              count: ids.length,
              href: lists.href(`${group.name}: ${flag}`, ids),
            },
          ];
    }),
  );
  if (parts.length === 0) return `<p>No speaker was flagged.</p>\n`;
  const kinds = flagNames.filter((flag) => parts.some(({ part }) => part === flag));
  const rows = groups.map(({ name }) => name);
  return numbering.figure(
    [
      {
        svg: drawBars(parts, {
          rows,
          kinds,
          label: `meetings with that flag`,
          title: `Flags by ${by}`,
        }),
      },
    ],
    `What was doubtful about speakers, by ${by}: meetings in which they were flagged. A meeting with two kinds of flags counts twice; n = ${countMeetings(groups)} meetings, flagged or not.`,
    drawLegend(kinds),
  );
}

function flagCell(group: Group, by: Grouping, lists: MeetingLists): string {
  const cells = flagNames.flatMap((flag) => {
    const ids = flaggedIds(group, by, flag);
    return ids.length === 0 ? [] : [`${flag} ${lists.link(ids.length, `${group.name}: ${flag}`, ids)}`];
  });
  return cells.length === 0 ? 'none' : `<span class="words">${cells.join(', ')}</span>`;
}

function flaggedIds({ name, meetings }: Group, by: Grouping, flag: string): string[] {
  const isFlagged = (meeting: MeetingRecord): boolean =>
    sidesOf(meeting).some((side) => side[by] === name && side.flags.includes(flag));
  return meetings.filter(isFlagged).map(({ id }) => id);
}

function countMeetings(groups: readonly Group[]): number {
  return new Set(groups.flatMap(idsOf)).size;
}

function idsOf({ meetings }: Group): string[] {
  return meetings.map(({ id }) => id);
}
