import type { Manner, Template } from './script.ts';
import { plainWords, type Word } from './words.ts';

type Parts = readonly (readonly Word[])[];

/** The reply: a template with the parts of a decomposition in their places. */
export function reassemble(template: Template, parts: Parts, manner: Manner): string {
  const line = fill(template, parts, (text) => corrected(text, manner));
  return manner.case === 'upper' ? line.toUpperCase() : asSentence(line);
}

/** The same as raw material for another keyword (PRE): nothing is made beautiful yet. */
export function prepare(template: Template, parts: Parts): Word[] {
  return plainWords(fill(template, parts, (text) => text));
}

/** Whether every part that the template gives back has something in it, and not too much. */
export function echoesWell(template: Template, parts: Parts, manner: Manner): boolean {
  if (manner.longestEchoWords === Infinity) return true;
  return template.every((piece) => {
    if (typeof piece === 'string') return true;
    const length = parts[piece - 1]?.length ?? 0;
    return length > 0 && length <= manner.longestEchoWords;
  });
}

function fill(template: Template, parts: Parts, finish: (text: string) => string): string {
  const pieces = template.map((piece) => {
    if (typeof piece === 'string') return piece;
    return finish((parts[piece - 1] ?? []).map((word) => word.text).join(' '));
  });
  return pieces.join('').replace(/\s+/g, ' ').trim();
}

function corrected(text: string, { corrections }: Manner): string {
  return corrections.reduce((soFar, { wrong, right }) => soFar.replace(wrong, right), text);
}

function asSentence(line: string): string {
  return line
    .replace(/\s+([?!.,;:])/g, '$1')
    .replace(/(?<![\p{L}'])i(?='(?:m|d|ll|ve)\b|(?![\p{L}'.-]))/gu, 'I')
    .replace(/^\P{L}*\p{Ll}/u, (start) => start.toUpperCase());
}
