import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';

interface Message {
  readonly role: string;
  readonly content: string;
}

/** The messages of a request to a server of OpenAI's or Ollama's API. */
export function messagesOf(body: Readonly<Record<string, unknown>>): readonly Message[] {
  return body['messages'] as readonly Message[];
}

const known = new Map<string, number>();

/** What such a server counts: the tokens of each message, and four around it. */
export function promptTokens(body: Readonly<Record<string, unknown>>): number {
  return messagesOf(body).reduce((sum, { content }) => sum + tokensOf(content) + 4, 0);
}

function tokensOf(text: string): number {
  const tokens = known.get(text) ?? countTokens(text);
  known.set(text, tokens);
  return tokens;
}

/** The system message first, then `user` and `assistant` in turn, `user` last, nothing empty. */
export function hasValidRoles(body: Readonly<Record<string, unknown>>): boolean {
  const [system, ...rest] = messagesOf(body);
  const alternates = rest.every(({ role }, index) => role === (index % 2 === 0 ? 'user' : 'assistant'));
  const isFull = rest.every(({ content }) => content.trim() !== '');
  return system?.role === 'system' && alternates && isFull && rest.at(-1)?.role === 'user';
}
