import type { Exchange } from './ask.ts';

/** All that models were asked and answered, in order, as a document in Markdown that people read. */
export function exchangesPage(exchanges: readonly Exchange[]): string {
  const asked = exchanges.map((exchange, index) => section(exchange, index + 1));
  const list = exchanges.map(({ id, role }, index) => `${index + 1}. ${id} (${roleNames[role]})`);
  return `# What the models were asked\n\n${list.join('\n')}\n\n${asked.join('\n')}`;
}

const roleNames: Readonly<Record<Exchange['role'], string>> = {
  planner: 'planner',
  coder: 'coder',
  linter: 'linter',
  dependency_tracker: 'dependency tracker',
};

function section(exchange: Exchange, number: number): string {
  const { id, role, service, model, temperature, system, messages, reply, usage, ms } = exchange;
  const facts = [
    roleNames[role],
    [service, model].filter(Boolean).join(' '),
    ...(temperature === undefined ? [] : [`temperature ${temperature}`]),
    ...(usage ? [`${usage.input} tokens read, ${usage.output} written`] : []),
    `${(ms / 1_000).toFixed(1)} s`,
  ];
  const said = messages.map(({ role: who, content }) =>
    quoted(who === 'user' ? 'Asked' : 'It had said', content),
  );
  return [
    `## ${number}. ${id}\n`,
    `${facts.join(' · ')}\n`,
    quoted('System prompt', system),
    ...said,
    quoted('Answer', reply),
  ].join('\n');
}

/** In a fence that nothing inside can close: what a model wrote must not become part of the page. */
function quoted(title: string, text: string): string {
  return `**${title}**\n\n${fenced(text, 'text')}\n`;
}

/** A fenced block around any text. */
export function fenced(text: string, language: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`{3,}/g)].map(([ticks]) => ticks.length));
  const mark = '`'.repeat(longest + 1);
  return `${mark}${language}\n${text.replace(/\n$/, '')}\n${mark}`;
}
