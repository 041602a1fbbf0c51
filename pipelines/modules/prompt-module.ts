import { createHash } from 'node:crypto';
import { inputsText } from '../inputs-text.ts';
import type { Module } from '../module.ts';
import { noSettings } from '../settings.ts';

/** A module that is nothing but a system prompt. */
export function createPromptModule(name: string, prompt: string, describe = firstSentence(prompt)): Module {
  return {
    name,
    describe,
    version: versionOf(prompt),
    settings: noSettings,
    run: (context) => context.write({ system: prompt, text: inputsText(context) }),
  };
}

/** Another one when the code of a module, the first of these, or one of its prompts is. */
export function versionOf(...parts: readonly string[]): string {
  return createHash('sha256').update(parts.join('\n')).digest('hex');
}

function firstSentence(prompt: string): string {
  const [paragraph = ''] = prompt.trim().split(/\n\s*\n/);
  const text = paragraph.replace(/^#+\s*/, '').replace(/\s+/g, ' ');
  const sentence = (/^.*?[.:](?=\s|$)/.exec(text)?.[0] ?? text).replace(/[.:]$/, '');
  // Not in the middle of a word.
  return sentence.length > 120 ? `${sentence.slice(0, 120).replace(/\s+\S*$/, '')} …` : sentence;
}
