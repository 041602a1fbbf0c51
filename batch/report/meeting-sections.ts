import { formatCost } from '../../journal/cost.ts';
import { escapeHtml } from '../../journal/render/html-words.ts';
import { formatNumber } from '../../journal/render/sentences.ts';
import { visibleLine } from '../../journal/render/visible-controls.ts';
import { otherSeat, seats } from '../../wire/types.ts';
import { verdictFileName, type VerdictFile } from '../judges/verdict-file.ts';
import { sidesOf, type MeetingRecord, type MeetingStatus } from './collect.ts';
import type { MeetingLists } from './lists.ts';
import type { Surroundings } from './speaker-sections.ts';

/** With more meetings than these, what judges wrote is in the files of data only. */
const mostWithVerdicts = 1_000;

const statusWords: { readonly [status in MeetingStatus]: string } = {
  held: 'held',
  failed: 'failed',
  interrupted: 'interrupted, goes on',
  open: 'not begun',
};

/** How far the batch is, and what it took. */
export function overview({ meetings, lists, numbering }: Surroundings): string {
  const rows = (Object.keys(statusWords) as MeetingStatus[]).flatMap((status) => {
    const some = meetings.filter((meeting) => meeting.status === status);
    if (some.length === 0) return [];
    const sides = some.flatMap(sidesOf);
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
    const verdicts = some.flatMap((meeting) => [...meeting.verdicts, ...meeting.formerVerdicts]);
    const unpriced = some.filter(
      (meeting) =>
        meeting.outline !== undefined &&
        (sidesOf(meeting).some(({ cost }) => cost === undefined) ||
          meeting.verdicts.some(({ cost, usage }) => cost === undefined && usage !== undefined)),
    ).length;
    const cost = sum([...sides.map(({ cost }) => cost ?? 0), ...verdicts.map(({ cost }) => cost ?? 0)]);
    return [
      [
        statusWords[status],
        lists.link(
          some.length,
          `Meetings ${statusWords[status]}`,
          some.map(({ id }) => id),
        ),
        formatNumber(sum(some.map(({ outline }) => outline?.turns ?? 0))),
        formatNumber(sum(sides.map(({ inputTokens, outputTokens }) => inputTokens + outputTokens))),
        formatNumber(sum(verdicts.map(({ usage }) => (usage ? usage.input + usage.output : 0)))),
        formatCost(cost) + (unpriced > 0 ? ` and more: no price is known in ${unpriced}` : ''),
      ],
    ];
  });
  const tried = meetings.filter(({ failedTries }) => failedTries.length > 0);
  const tries = tried.flatMap(({ failedTries }) => failedTries);
  if (tries.length > 0) {
    const total = (key: 'turns' | 'tokens' | 'cost'): number =>
      tries.reduce((sum, each) => sum + each[key], 0);
    rows.push([
      'tries that failed',
      lists.link(
        tries.length,
        'Meetings with tries that failed',
        tried.map(({ id }) => id),
      ),
      formatNumber(total('turns')),
      formatNumber(total('tokens')),
      '',
      formatCost(total('cost')),
    ]);
  }
  return numbering.table(
    ['Meetings', 'Number', 'Turns', 'Tokens of speakers', 'Tokens of judges', 'Cost'],
    rows,
    `All meetings of the experiment, and what was spent on tries that failed.`,
  );
}

/** What came to nothing, and why. Empty where nothing did. */
export function failureSection({ meetings, lists }: Surroundings): string {
  const failed = meetings.filter(({ failure, status }) => failure !== undefined || status === 'failed');
  if (failed.length === 0) return '';
  const items = failed.map(({ id, failure, outline, failedTries, status }) => {
    const reason = failure?.reason ?? outline?.stop?.detail ?? outline?.stop?.reason ?? '';
    const tries = failure ? `, tried ${failure.tries === 1 ? 'once' : `${failure.tries} times`}` : '';
    const links = failedTries.flatMap(({ transcript }, at) =>
      transcript === undefined ? [] : [`<a href="${lists.address(transcript)}">try ${at + 1}</a>`],
    );
    const goesOn = status === 'interrupted' ? ' (now under way again)' : '';
    return `<li><a href="#${lists.anchorOf(id)}">${escapeHtml(id)}</a>${tries}${goesOn}: ${escapeHtml(visibleLine(reason))}${links.length > 0 ? ` <small>${links.join(', ')}</small>` : ''}</li>`;
  });
  return `<ul>${items.join('')}</ul>\n`;
}

/** A row for each meeting, with its transcript and what the judges said. */
export function meetingSection({ meetings, lists }: Surroundings): string {
  const areVerdictsShown = meetings.length <= mostWithVerdicts;
  const rows = meetings.map((meeting, at) => {
    const { id, job, status, outline, transcript } = meeting;
    const name =
      transcript === undefined
        ? escapeHtml(id)
        : `<a href="${lists.address(transcript)}">${escapeHtml(id)}</a>`;
    const speakers = seats.map((seat) => {
      const { persona, model } = meeting.sides[seat];
      return `<b class="${seat}">${escapeHtml(persona)}</b> <small>${escapeHtml(model)}</small>`;
    });
    return `<tr id="${lists.anchorOf(id)}"><td>${at + 1}</td><th scope="row">${name}</th><td>${speakers.join('<br>')}</td><td>${job.seed}</td><td>${escapeHtml(visibleLine(job.settingName))}</td><td>${outline?.turns ?? ''}</td><td>${outline?.stop?.reason ?? statusWords[status]}</td><td>${areVerdictsShown ? verdictsOf(meeting, lists) : meeting.verdicts.length}</td></tr>`;
  });
  return `<div class="table all" tabindex="0" role="region" aria-label="All meetings"><table><thead><tr>${['No.', 'Meeting', 'Speakers a and b', 'Seed', 'Setting', 'Turns', 'End', 'Verdicts'].map((head) => `<th scope="col">${head}</th>`).join('')}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>\n`;
}

function verdictsOf(meeting: MeetingRecord, lists: MeetingLists): string {
  const { verdicts } = meeting;
  if (verdicts.length === 0) return '';
  const items = verdicts.map((verdict) => `<li>${verdictItem(meeting, verdict, lists)}</li>`);
  return `<details><summary>${verdicts.length}</summary><ul>${items.join('')}</ul></details>`;
}

function verdictItem(
  { id, sides, transcript }: MeetingRecord,
  verdict: VerdictFile,
  lists: MeetingLists,
): string {
  const { judge, order, result, repetition } = verdict;
  const file = lists.address(`meetings/${id}/verdicts/${verdictFileName(verdict)}`);
  const times = repetition === 1 ? '' : `, ${repetition}`;
  const head = `<a href="${file}">${escapeHtml(judge)} (${order}${times})</a>`;
  if (result.type !== 'verdict') {
    return `${head}: ${'problem' in result ? escapeHtml(visibleLine(result.problem)) : 'not finished'}`;
  }
  const { winner, turn, quotation, scores } = result;
  const isNameShared = sides.a.persona === sides.b.persona;
  const won =
    winner === 'tie'
      ? 'tie'
      : `${escapeHtml(sides[winner].persona)}${isNameShared ? ` (seat ${winner})` : ''} before ${escapeHtml(sides[otherSeat(winner)].persona)}`;
  const points = seats.map((seat) =>
    Object.entries(scores[seat])
      .map(([criterion, score]) => `${criterion} ${score}`)
      .join(', '),
  );
  const where =
    transcript === undefined
      ? `turn ${turn}`
      : `<a href="${lists.address(transcript)}#turn-${turn}">turn ${turn}</a>`;
  return `${head}: ${won}; a: ${escapeHtml(points[0] ?? '')}; b: ${escapeHtml(points[1] ?? '')}; <q>${escapeHtml(visibleLine(quotation))}</q> ${where}`;
}
