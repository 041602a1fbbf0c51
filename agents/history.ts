import type { ChatMessage } from './provider.ts';

/** What a model gets where a speaker said nothing: providers refuse empty content. */
export const silence = '…';

/**
 * The conversation as one speaker lived through it, in the roles that providers accept: it begins and
 * ends with `user`, alternates, and nothing in it is empty.
 */
export class History {
  readonly #messages: ChatMessage[] = [];

  /** Nothing was said: it is told anew. */
  clear(): void {
    this.#messages.length = 0;
  }

  /** The partner's words, or a control message such as `/start`. */
  hear(text: string): void {
    this.#add('user', text.trim() === '' ? silence : text);
  }

  /** Something to know and not to answer. */
  note(text: string): void {
    if (text.trim() !== '') this.#add('user', `[note] ${text}`);
  }

  say(text: string): void {
    // Nobody asked: somebody who came late to a conversation that was already under way.
    if (this.#messages.length === 0) this.#add('user', '/start');
    this.#add('assistant', text.trim() === '' ? silence : text);
  }

  /** A copy; later changes to the history do not show in it. */
  messages(): readonly ChatMessage[] {
    return [...this.#messages];
  }

  #add(role: ChatMessage['role'], content: string): void {
    const last = this.#messages.at(-1);
    if (last?.role !== role) this.#messages.push({ role, content });
    else this.#messages[this.#messages.length - 1] = { role, content: `${last.content}\n\n${content}` };
  }
}
