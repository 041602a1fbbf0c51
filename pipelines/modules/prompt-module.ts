import { createHash } from 'node:crypto';
import { inputsText } from '../inputs-text.ts';
import type { Module } from '../module.ts';

/** A module that is nothing but a system prompt. */
export function createPromptModule(name: string, prompt: string, describe = firstLine(prompt)): Module {
  return {
    name,
    describe,
    version: createHash('sha256').update(prompt).digest('hex'),
    run: (context) => context.write({ system: prompt, text: inputsText(context) }),
  };
}

function firstLine(prompt: string): string {
  const line = prompt.split('\n').find((each) => each.trim() !== '') ?? '';
  return line.replace(/^#+\s*/, '').slice(0, 100);
}
