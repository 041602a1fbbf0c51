import type { Seat } from '../../wire/types.ts';
import type { Entry } from '../conversation.ts';
import { editedTitle, describeFiles, verdictOf, visibleOutput, type Result } from './results.ts';
import { translationTitle, type TranslationEntry } from './translations.ts';
import { visibleControls, visibleLine } from './visible-controls.ts';

/**
 * The words of one speaker alone, turns parted by a blank line, and below a turn in plain words what
 * became of its code, and its translation; empty for all that is not of `seat`.
 */
export function textEntry(entry: Entry, seat: Seat, isFirst: boolean): string {
  if (entry.type === 'unreadable' || entry.seat !== seat) return '';
  if (entry.type === 'translation') return textTranslation(entry);
  if (entry.type !== 'turn' && entry.type !== 'block' && entry.type !== 'result') return '';
  if (entry.type === 'turn') return `${isFirst ? '' : '\n'}${visibleControls(entry.text).trim()}\n`;
  if (entry.type === 'result') return `\n${textResult(entry).join('\n')}\n`;
  if (!entry.isEdited) return '';
  const code = indent(visibleControls(entry.code).trimEnd());
  return `\n[${editedTitle(entry)}:]\n${code}\n`;
}

function textTranslation(translation: TranslationEntry): string {
  const title = `\n[${translationTitle(translation)}]\n`;
  return translation.failed === undefined
    ? `${title}${indent(visibleControls(translation.text).trim())}\n`
    : title;
}

function textResult(result: Result): string[] {
  const detail = result.detail === undefined ? '' : `. ${visibleLine(result.detail)}`;
  const output = visibleOutput(result);
  const files = describeFiles(result);
  return [
    `[${verdictOf(result).words}${detail}]`,
    ...(output === '' ? [] : [indent(output)]),
    ...(files === '' ? [] : [`[${files}]`]),
  ];
}

/** So that nothing a program printed passes for something that was said. */
function indent(text: string): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? '' : `    ${line}`))
    .join('\n');
}
