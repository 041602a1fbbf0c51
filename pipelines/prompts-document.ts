import { formatNumber, formatSeconds } from '../journal/render/sentences.ts';
import { visibleControls, visibleLine } from '../journal/render/visible-controls.ts';
import type { KeptExchange } from './run-records.ts';
import type { RunView } from './run-view.ts';

/** All that models were asked in a run, and what they answered, in the order of time, as Markdown. */
export function renderPrompts({ run, steps }: RunView): string {
  const exchanges = steps.flatMap(({ step, exchanges: those }) =>
    those.map((exchange) => ({ step: step.output_name, exchange })),
  );
  const ordered = exchanges.toSorted((one, other) =>
    (one.exchange.startedAt ?? '').localeCompare(other.exchange.startedAt ?? ''),
  );
  const count = ordered.length === 1 ? 'one question' : `${ordered.length} questions`;
  return [
    `# What was asked in ${visibleLine(run.pipeline)}`,
    `The run of ${run.startedAt}: ${count} to models, in the order in which they were asked.`,
    ...ordered.map(({ step, exchange }, at) => section(step, exchange, at + 1)),
    '',
  ].join('\n\n');
}

function section(step: string, exchange: KeptExchange, number: number): string {
  const { service, model, usage, ms, finish, attempt, startedAt, system, text, reply } = exchange;
  const facts = [
    `${service} ${model}`.trim(),
    ...(startedAt === undefined ? [] : [startedAt]),
    ...(attempt === undefined ? [] : [`attempt ${attempt}`]),
    ...(usage ? [`${formatNumber(usage.input)} tokens in, ${formatNumber(usage.output)} out`] : []),
    formatSeconds(ms),
    finish,
  ];
  return [
    `## ${number}. ${step}`,
    facts.map((fact) => visibleLine(fact)).join(' · '),
    '### System',
    fenced(system),
    '### Text',
    fenced(text),
    '### Reply',
    fenced(reply),
  ].join('\n\n');
}

/** No text can end its own fence. */
function fenced(text: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((ticks) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${visibleControls(text)}\n${fence}`;
}
