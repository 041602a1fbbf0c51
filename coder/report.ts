import type { Exchange } from './ask.ts';
import type { CodingResult } from './events.ts';
import { fenced } from './prompts-page.ts';
import { shorten } from './prompts.ts';
import type { CodingRunRecord } from './run-folder.ts';

/** The page that tells how a coding task went, in Markdown. */
export function renderReport(
  run: CodingRunRecord,
  result: CodingResult,
  { history, exchanges }: { readonly history: readonly string[]; readonly exchanges: readonly Exchange[] },
): string {
  const titles = { solved: 'Solved', written: 'Written', failed: 'Not solved' } as const;
  const { outcome, summary, plan, packages, attempts, trial, source, usage } = result;
  return [
    `# ${titles[outcome]}`,
    quote(summary),
    '## Task',
    fenced(shorten(run.task.trim(), 8_000), 'text'),
    ...(plan === '' ? [] : ['## Plan', fenced(plan, 'text')]),
    '## Packages',
    packages.length > 0 ? packages.map((each) => `- \`${each}\``).join('\n') : 'None.',
    '## Attempts',
    attemptsText(history, attempts, outcome),
    ...(trial ? ['## Last run', quote(trial.summary), ...runText(trial)] : []),
    ...(source === undefined
      ? []
      : [outcome === 'failed' ? '## The last program' : '## The program', fenced(source, 'python')]),
    '## What it took',
    `${exchanges.length} answers of models, ${usage.input} tokens read, ${usage.output} written. All of them are in \`prompts.md\`.`,
    ...(outcome === 'failed' ? ['## What to do', advice(run)] : []),
  ]
    .join('\n\n')
    .concat('\n');
}

function attemptsText(
  history: readonly string[],
  attempts: number,
  outcome: CodingResult['outcome'],
): string {
  const lines = history.map((each, index) => `${index + 1}. ${line(each)}`);
  if (attempts > history.length && outcome !== 'failed')
    lines.push(`${attempts}. ${outcome === 'solved' ? 'It works.' : 'Written, and not run.'}`);
  return lines.join('\n') || 'None.';
}

function runText({ output, tests, files }: NonNullable<CodingResult['trial']>): string[] {
  const results = tests.map(
    ({ name, passed, detail }) => `- ${name}: ${passed ? 'passed' : line(detail ?? 'failed')}`,
  );
  return [
    ...(output.trim() === '' ? ['It printed nothing.'] : [fenced(shorten(output, 8_000), 'text')]),
    ...(results.length > 0 ? [results.join('\n')] : []),
    ...(files.length > 0
      ? [
          `Files that it made, in \`files/\`:\n\n${files
            .slice(0, 50)
            .map((file) => `- ${line(file)}`)
            .join('\n')}`,
        ]
      : []),
  ];
}

function advice({ settings }: CodingRunRecord): string {
  return `Say more in the task, choose another model, or go on with more attempts than ${settings.max_coding_attempts}: \`colloquy code --resume FOLDER --max-coding-attempts ${settings.max_coding_attempts * 2}\`. What was paid for is kept.`;
}

/** What a program printed is no Markdown of ours. */
function line(text: string): string {
  return text.replace(/\s+/g, ' ').replace(/[\\`*_[\]<>#|]/g, '\\$&');
}

function quote(text: string): string {
  return `> ${line(text)}`;
}
