import { readFileSync } from 'node:fs';
import path from 'node:path';
import { readPositionedYaml } from '../config/positions.ts';
import { visibleLine } from '../journal/render/visible-controls.ts';

/** Its name, what its first comment says it is for, and its steps, as lines for a list. */
export function describePipelineFile(file: string): string {
  const text = readFileSync(file, 'utf8');
  const lines = [`  ${path.parse(file).name}`];
  const purpose = firstComment(text);
  if (purpose !== '') lines.push(`    ${visibleLine(purpose)}`);
  const steps = stepsOf(text, file);
  lines.push(
    `    ${steps.length > 0 ? visibleLine(steps.join(', ')) : 'cannot be read: colloquy pipeline check'}`,
  );
  return `${lines.join('\n')}\n`;
}

function firstComment(text: string): string {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => line.trim() !== '');
  const rest = start < 0 ? [] : lines.slice(start);
  const end = rest.findIndex((line) => !line.startsWith('#'));
  return rest
    .slice(0, end < 0 ? undefined : end)
    .map((line) => line.replace(/^#+ ?/, '').trim())
    .join(' ')
    .trim();
}

/** What is wrong with a pipeline is for `check` to tell. */
function stepsOf(text: string, file: string): string[] {
  const { value } = readPositionedYaml(text, file);
  if (!Array.isArray(value)) return [];
  return value.flatMap((step: unknown) => {
    const name = (step as { output_name?: unknown } | null)?.output_name;
    return typeof name === 'string' ? [name] : [];
  });
}
