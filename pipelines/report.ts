import { createHash } from 'node:crypto';
import { formatCost } from '../journal/cost.ts';
import { style } from '../journal/render/html-style.ts';
import { escapeHtml, wordsToHtml } from '../journal/render/html-words.ts';
import { formatDuration, formatMoment, formatNumber, formatSeconds } from '../journal/render/sentences.ts';
import { visibleControls, visibleLine } from '../journal/render/visible-controls.ts';
import type { KeptExchange } from './run-records.ts';
import { pictureStyle } from './picture-style.ts';
import { drawPipeline } from './picture.ts';
import { describeSpending, describeState, stateSigns, type RunView, type StepView } from './run-view.ts';

/** Of a longer text the page shows the beginning; the files of the run have all of it. */
const longestShownCharacters = 60_000;

/** A whole run as one page. What a model wrote goes through the sanitizer, and nothing in the page can run. */
export function renderReport(view: RunView): string {
  const title = `${visibleLine(view.run.pipeline)}, a run`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src '${hashSource(pageStyle)}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<meta name="generator" content="Colloquy">
<title>${escapeHtml(title)}</title>
<style>${pageStyle}</style>
</head>
<body>
<header class="cover" id="top">
<p class="kicker">${formatMoment(view.run.startedAt)} · ${escapeHtml(visibleLine(view.folder))}</p>
<h1>${escapeHtml(visibleLine(view.run.pipeline))}</h1>
<p class="outcome">${outcomeOf(view)}</p>
</header>
<figure class="graph">${graphOf(view)}</figure>
${table(view)}
${view.steps.map((step) => section(step, view)).join('\n')}
</body>
</html>
`;
}

function graphOf({ steps, run }: RunView): string {
  const states = new Map(
    steps.map((view) => [view.step.output_name, { state: view.state, note: describeState(view) }]),
  );
  return drawPipeline(
    steps.map(({ step }) => step),
    { title: `The steps of ${visibleLine(run.pipeline)}`, states, linkOf: (step) => `#step-${step}` },
  );
}

function outcomeOf({ steps, run, isRunning, spending }: RunView): string {
  const count = (state: StepView['state']): number => steps.filter((step) => step.state === state).length;
  const failed = count('failed');
  const verdict = isRunning
    ? 'It is at work.'
    : failed > 0
      ? `${failed === 1 ? 'One step' : `${failed} steps`} failed.`
      : run.outcome === 'done'
        ? 'Done.'
        : 'Interrupted.';
  const facts = [`${count('done')} of ${steps.length} steps done`];
  if (run.ms !== undefined) facts.push(`${formatDuration(run.ms)} at work`);
  const spent = describeSpending(spending);
  if (spent !== '') facts.push(spent);
  return `<b>${verdict}</b> ${escapeHtml(facts.join(' · '))}`;
}

function table({ steps, spending }: RunView): string {
  const numbers = ({ usage, cost, isCostPartial }: StepView['spending']): string[] => [
    usage ? formatNumber(usage.input) : '–',
    usage ? formatNumber(usage.output) : '–',
    usage ? (isCostPartial ? 'unknown' : formatCost(cost)) : '–',
  ];
  const rows = steps.map(({ step, state, record, spending: spent, ...view }) => [
    `<a href="#step-${step.output_name}">${step.output_name}</a>`,
    escapeHtml(`${stateSigns[state]} ${describeState({ state, record })}`),
    record && record.attempts > 0 ? String(record.attempts) : '–',
    String(view.exchanges.length),
    ...numbers(spent),
  ]);
  const all = ['All', '', '', String(steps.reduce((sum, { exchanges }) => sum + exchanges.length, 0))];
  const row = (cells: readonly string[], element: 'th' | 'td'): string =>
    `<tr>${cells.map((cell) => `<${element}>${cell}</${element}>`).join('')}</tr>`;
  const head = ['Step', 'State', 'Attempts', 'Questions', 'Tokens in', 'Out', 'Cost'];
  return `<div class="scroll"><table class="usage steps"><thead>${row(head, 'th')}</thead><tbody>${[
    ...rows,
    [...all, ...numbers(spending)],
  ]
    .map((cells) => row(cells, 'td'))
    .join('')}</tbody></table></div>`;
}

function section(view: StepView, run: RunView): string {
  const { step, state, record, output, exchanges, spending } = view;
  const name = step.output_name;
  const writers = [
    ...new Set(exchanges.map(({ service, model }) => visibleLine(`${service} ${model}`.trim()))),
  ];
  const facts = [
    step.module,
    `${stateSigns[state]} ${describeState(view)}`,
    ...writers,
    ...(record && record.attempts > 1 ? [`${record.attempts} attempts`] : []),
    describeSpending(spending),
  ].filter((fact) => fact !== '');
  return [
    `<section class="step ${state}" id="step-${name}">`,
    `<h2>${name}</h2>`,
    `<p class="facts">${escapeHtml(facts.join(' · '))}</p>`,
    record?.why === undefined ? '' : `<p class="facts">Skipped: ${escapeHtml(visibleLine(record.why))}</p>`,
    record?.error === undefined
      ? ''
      : `<pre class="error">${escapeHtml(visibleControls(record.error))}</pre>`,
    ...step.inputs.map((input) => inputDetails(input, run)),
    step.supplement === undefined
      ? ''
      : `<details><summary>Supplement</summary><pre>${escapeHtml(visibleControls(step.supplement))}</pre></details>`,
    ...exchanges.map((exchange, at) => exchangeDetails(exchange, at + 1)),
    state === 'done' ? `<div class="words" dir="auto">${words(output, `steps/${name}/output.md`)}</div>` : '',
    '</section>',
  ]
    .filter((part) => part !== '')
    .join('\n');
}

function inputDetails(input: string, { steps }: RunView): string {
  const from = steps.find(({ step }) => step.output_name === input);
  const isThere = from?.state === 'done';
  const summary = `<summary>Input <a href="#step-${input}">${input}</a>${isThere ? '' : ' (missing)'}</summary>`;
  const text = isThere
    ? `<div class="words" dir="auto">${words(from.output, `steps/${input}/output.md`)}</div>`
    : '';
  return `<details>${summary}${text}</details>`;
}

function exchangeDetails(exchange: KeptExchange, number: number): string {
  const { service, model, usage, finish, ms, attempt, system, text, reply } = exchange;
  const facts = [
    `Question ${number}`,
    `${service} ${model}`.trim(),
    ...(usage ? [`${formatNumber(usage.input)} in, ${formatNumber(usage.output)} out`] : []),
    formatSeconds(ms),
    ...(finish === 'stop' ? [] : [finish]),
    ...(attempt !== undefined && attempt > 1 ? [`attempt ${attempt}`] : []),
  ];
  const part = (title: string, content: string): string =>
    content === ''
      ? ''
      : `<h3>${title}</h3><pre dir="auto">${escapeHtml(visibleControls(shorten(content)))}</pre>`;
  return `<details><summary>${escapeHtml(visibleLine(facts.join(' · ')))}</summary>${part('System', system)}${part('Text', text)}${part('Reply', reply)}</details>`;
}

function words(text: string, file: string): string {
  const rest =
    text.length > longestShownCharacters
      ? `<p class="facts">The rest is in <a href="${file}">${file}</a>.</p>`
      : '';
  return wordsToHtml(shorten(text)) + rest;
}

function shorten(text: string): string {
  return text.length > longestShownCharacters ? `${text.slice(0, longestShownCharacters)}…` : text;
}

function hashSource(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}

const pageStyle = `${style}${pictureStyle}
.graph { margin: 1.5rem 0; overflow-x: auto; }
.graph svg { display: block; max-width: 100%; height: auto; min-width: min(24rem, 100%); margin: 0 auto; }
.scroll { overflow-x: auto; }
.usage.steps { margin: 1.5rem 0; width: 100%; }
.usage.steps :nth-child(2) { text-align: start; }
.step { --seat: var(--soft); --ground: var(--raised); --edge: var(--line); margin: 2.5rem 0 0; padding-top: 0.75rem; border-top: 3px solid var(--seat); }
.step.done { --seat: var(--passed); }
.step.failed { --seat: var(--failed); }
.step.running, .step.interrupted { --seat: var(--a); }
.step h2 { margin: 0; font-size: 1.25rem; color: var(--seat); }
.step h3 { margin: 0.75rem 0 0; font: 600 0.8125rem/1.5 var(--sans); color: var(--soft); }
.step details .words { margin: 0.5rem 0; }
.step > .words { margin-top: 0.9rem; }
.facts, .step summary { color: var(--soft); font: 0.875rem/1.5 var(--sans); font-variant-numeric: tabular-nums; }
.facts { margin: 0.1rem 0 0; }
.error { border-color: var(--failed); color: var(--failed); white-space: pre-wrap; }
@media print { .step h2, .step .facts { break-after: avoid; } .graph { break-inside: avoid; } }
`;
