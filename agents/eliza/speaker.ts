import { setTimeout as pause } from 'node:timers/promises';
import type { ChatMessage, Provider, ProviderName } from '../provider.ts';
import { hear } from './hearing.ts';

/** A machine that talks. It remembers the conversation itself. */
interface Speaker {
  /** Says the first word. */
  open(): string;
  answer(text: string): string;
  takeLeave(): string;
  /** One line: what it is. */
  explain(): string;
  /** What was really said in its name, where that may differ from what it would have said. */
  remember(reply: string): void;
}

export interface Pace {
  /** 0 or nothing: each reply comes at once. */
  readonly charactersPerSecond?: number | undefined;
  /** Resolves after so many milliseconds, rejects at once when the signal is aborted. */
  readonly sleep?: ((ms: number, signal: AbortSignal) => Promise<unknown>) | undefined;
}

interface SpeakerOptions {
  readonly name: ProviderName;
  readonly model: string;
  /** Must make the same speaker every time. */
  readonly createSpeaker: () => Speaker;
  readonly pace: Pace;
}

/**
 * Lets a speaker with a memory of its own answer as a provider, which is handed the whole conversation each
 * time. As long as conversations continue the one before, also when old messages were dropped in front, only
 * what is new is heard; any other conversation is lived through from its start by a new speaker.
 */
export function createSpeakerProvider({ name, model, createSpeaker, pace }: SpeakerOptions): Provider {
  let talk = new Talk(createSpeaker());
  return {
    name,
    model,
    async *reply({ messages, signal }) {
      signal.throwIfAborted();
      if (!talk.isContinuedBy(messages)) talk = new Talk(createSpeaker());
      const reply = talk.catchUp(messages);
      for (const text of reply.match(/\s*\S+/g) ?? []) {
        await wait(text.length, pace, signal);
        yield { type: 'text', text };
      }
      yield { type: 'end', finish: 'stop', usage: { input: 0, output: 0, cached: 0 } };
    },
  };
}

class Talk {
  readonly #speaker: Speaker;
  /** What the other said, up to the last message that was answered. */
  readonly #heard: string[] = [];
  #lastReply = '';

  constructor(speaker: Speaker) {
    this.#speaker = speaker;
  }

  isContinuedBy(messages: readonly ChatMessage[]): boolean {
    return this.#overlap(messages.filter(isHeard)) !== undefined;
  }

  /** Hears what is new, with the replies that were given to it, and answers the last. */
  catchUp(messages: readonly ChatMessage[]): string {
    let toSkip = this.#overlap(messages.filter(isHeard)) ?? 0;
    for (const [index, message] of messages.entries()) {
      if (!isHeard(message) || toSkip-- > 0) continue;
      this.#heard.push(message.content);
      this.#lastReply = this.#reactTo(message.content);
      const said = messages[index + 1];
      if (said && said.content !== this.#lastReply) this.#speaker.remember(said.content);
    }
    return this.#lastReply;
  }

  /** How many of these were heard before; `undefined` if this is another conversation. */
  #overlap(messages: readonly ChatMessage[]): number | undefined {
    const heard = this.#heard;
    if (heard.every((text, index) => messages[index]?.content === text)) return heard.length;
    // Old messages may have gone in front. One alone could come from anywhere.
    const earlier = messages.length - 1;
    const dropped = heard.length - earlier;
    const isTail =
      earlier > 0 && dropped > 0 && heard.slice(dropped).every((text, i) => messages[i]?.content === text);
    return isTail ? earlier : undefined;
  }

  #reactTo(message: string): string {
    const { type, text } = hear(message);
    switch (type) {
      case 'start':
        return this.#speaker.open();
      case 'bye':
        return this.#speaker.takeLeave();
      case 'help':
        return this.#speaker.explain();
      case 'text':
        return this.#speaker.answer(text);
    }
  }
}

function isHeard(message: ChatMessage): boolean {
  return message.role === 'user';
}

async function wait(
  characters: number,
  { charactersPerSecond = 0, sleep }: Pace,
  signal: AbortSignal,
): Promise<void> {
  if (charactersPerSecond > 0) {
    const ms = (characters / charactersPerSecond) * 1000;
    await (sleep ? sleep(ms, signal) : pause(ms, undefined, { signal }));
  }
  signal.throwIfAborted();
}
