import { escapeHtml } from '../../journal/render/html-words.ts';
import { formatMoment } from '../../journal/render/sentences.ts';
import type { MeetingRecord } from './collect.ts';
import { Numbering } from './html-parts.ts';
import { judgeSection, winSection } from './judge-sections.ts';
import { MeetingLists } from './lists.ts';
import { failureSection, meetingSection, overview } from './meeting-sections.ts';
import { style } from './page-style.ts';
import { scoreSection, speakerSection, type Surroundings } from './speaker-sections.ts';

export interface PageOptions {
  /** What the experiment is called. */
  readonly name: string;
  readonly software: string;
  /** Where the folder of the batch is, seen from the page; with a slash at its end unless it is empty. */
  readonly base: string;
  /** Files with the same data beside the page. */
  readonly data: readonly string[];
}

/** The report of a batch as one page that loads nothing and runs nothing. The same data give the same page. */
export function renderReport(meetings: readonly MeetingRecord[], options: PageOptions): string {
  const { name, software, base, data } = options;
  const lists = new MeetingLists(meetings, base);
  const surroundings: Surroundings = { meetings, lists, numbering: new Numbering() };
  const held = meetings.filter(({ status }) => status === 'held');
  const hasVerdicts = held.some(({ verdicts }) => verdicts.length > 0);
  const bothWays = (section: (by: 'persona' | 'model') => string): string => {
    const [personas, models] = [section('persona'), section('model')];
    if (personas + models === '') return '';
    return `<h3>By persona</h3>\n${personas}<h3>By model</h3>\n${models}`;
  };
  const sections = [
    ['overview', 'Overview', overview(surroundings)],
    ...(held.length === 0
      ? []
      : [
          ['personas', 'By persona', speakerSection(surroundings, 'persona')],
          ['models', 'By model', speakerSection(surroundings, 'model')],
        ]),
    ['scores', 'Scores', hasVerdicts ? bothWays((by) => scoreSection(surroundings, by)) : ''],
    ['wins', 'Wins and ranking', hasVerdicts ? bothWays((by) => winSection(surroundings, by)) : ''],
    ['judges', 'Judges', judgeSection(surroundings)],
    ['failures', 'Failures', failureSection(surroundings)],
    ['meetings', 'All meetings', meetingSection(surroundings)],
  ].filter(([, , html]) => html !== '') as [string, string, string][];
  // Written after all that points to them.
  const all = [
    ...sections,
    [
      'lists',
      'Meetings behind a number',
      `<p>Follow a number or a point of a figure, and its meetings are listed here, each with its transcript.</p>\n${lists.toHtml()}`,
    ] as const,
  ];
  const entries = all.map(([id, title]) => `<li><a href="#${id}">${title}</a></li>`);
  const files = data.map(
    (file) => `<a href="${escapeHtml(encodeURIComponent(file))}">${escapeHtml(file)}</a>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="Colloquy">
<title>${escapeHtml(name)}: report of a batch</title>
<style>${style}</style>
</head>
<body>
<header>
<p class="kicker">Report of a batch${momentOf(meetings)}</p>
<h1>${escapeHtml(name)}</h1>
${describeState(meetings, held.length)}
</header>
<nav aria-label="Sections"><ul>${entries.join('')}</ul></nav>
<main>
${all.map(([id, title, html]) => `<section id="${id}">\n<h2>${title}</h2>\n${html}</section>`).join('\n')}
</main>
<footer><p>The same data as files: ${files.join(', ')}. Made by ${escapeHtml(software)}.</p></footer>
</body>
</html>
`;
}

/** When the last thing happened that it tells of. */
function momentOf(meetings: readonly MeetingRecord[]): string {
  const times = meetings.flatMap(({ outline, verdicts }) => [
    ...(outline?.lastAt === undefined ? [] : [outline.lastAt]),
    ...verdicts.flatMap(({ attempts }) => attempts.map(({ startedAt }) => startedAt)),
  ]);
  const last = times.reduce((one, other) => (other > one ? other : one), '');
  return last === '' ? '' : `, as of ${escapeHtml(formatMoment(last))}`;
}

function describeState(meetings: readonly MeetingRecord[], held: number): string {
  const left = meetings.length - held;
  if (left === 0) return `<p class="state">All ${meetings.length} meetings are held.</p>`;
  const count = (status: MeetingRecord['status']): number =>
    meetings.filter((each) => each.status === status).length;
  const parts = [
    [count('failed'), 'failed'],
    [count('interrupted'), 'interrupted'],
    [count('open'), 'not begun'],
  ] as const;
  const what = parts.filter(([number]) => number > 0).map(([number, words]) => `${number} ${words}`);
  return `<p class="state warning">This batch is not whole: ${held} of ${meetings.length} meetings are held, ${what.join(', ')}. All numbers below are of those that are held.</p>`;
}
