import { redactSecrets } from '../agents/redact.ts';
import type { ChatMessage } from '../agents/provider.ts';

/**
 * What was said, in the form that the conventions give it, as JSON. What looks like a key is left out.
 * Source: open-telemetry/semantic-conventions-genai, docs/gen-ai/gen-ai-{input,output}-messages.json
 */
export function inputMessages(messages: readonly ChatMessage[]): string {
  return JSON.stringify(messages.map(({ role, content }) => ({ role, parts: [textPart(content)] })));
}

export function outputMessages(text: string, reasoning: string, finish: string): string {
  const thoughts = reasoning === '' ? [] : [{ ...textPart(reasoning), type: 'reasoning' }];
  const parts = [...thoughts, ...(text === '' ? [] : [textPart(text)])];
  return JSON.stringify([{ role: 'assistant', parts, finish_reason: finish }]);
}

export function systemInstructions(system: string): string | undefined {
  return system === '' ? undefined : JSON.stringify([textPart(system)]);
}

/** An argument or a result of a tool. */
export function toolContent(content: Readonly<Record<string, string>>): string {
  const entries = Object.entries(content).map(([key, value]) => [key, redactSecrets(value, [])] as const);
  return JSON.stringify(Object.fromEntries(entries));
}

function textPart(text: string): { type: string; content: string } {
  return { type: 'text', content: redactSecrets(text, []) };
}
