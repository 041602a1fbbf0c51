import { ColloquyError, messageOf } from '../../wire/errors.ts';
import type { ChatMessage } from '../provider.ts';
import { loadTokenCounter, mostTokens, type TokenCounter } from './count-tokens.ts';
import { planHead, planTail, type Kept } from './plan-cut.ts';
import type { ContextSettings } from './settings.ts';
import { shortenMiddle } from './shorten.ts';
import { summarize, type Write } from './summarize.ts';

/** Messages that were left out of a prompt; 1 is the first of the conversation. */
export interface Cut {
  readonly count: number;
  readonly start: number;
}

/** A prompt that fits. */
export interface Fitted {
  readonly messages: readonly ChatMessage[];
  /** What was left out now and was not before. */
  readonly cuts: readonly Cut[];
  /** What else those who watch should know. */
  readonly remarks: readonly string[];
}

/** A cut goes down to this share of the room, so that it is long before the next one. */
const shareAfterCut = 0.6;
/** A message that is longer than this share loses its middle, once something must go. */
const shareOfMessage = 0.35;
const shareOfOpening = 0.15;
const shareOfSummary = 0.15;
/** Below this there is nothing to hold a conversation with. */
const smallestRoomTokens = 200;
/** What is left of a prompt that was counted as short enough and refused as too long. */
const shareAfterRefusal = 0.7;
/** A report that is farther off than this is one of something else. */
const mostCorrection = 4;
/** The relay takes 500 characters of a status. */
const longestRemark = 400;
/** How much the latest report counts. */
const weightOfReport = 0.3;

/**
 * Keeps one conversation within a model's window. What it leaves out it leaves out for good, so that the
 * beginning of the prompt stays the same from turn to turn and the provider finds it in its cache.
 */
export class ContextWindow {
  readonly #settings: ContextSettings;
  readonly #system: ChatMessage;
  #promptTokens: number;
  #ratio: number;
  /** Counted only once it may get tight. */
  #counter: TokenCounter | undefined;
  #lastCounted: number | undefined;
  #head = 0;
  #from = 0;
  /** What the messages before number `#summarized` (from 0) have become. */
  #summary: string | undefined;
  #summarized = 0;
  /** Messages that lost their middle, by their number from 0. */
  readonly #shortened = new Map<number, { readonly whole: ChatMessage; readonly message: ChatMessage }>();
  /** The message with the note before it, so that it need not be counted every time. */
  #noted: { readonly from: ChatMessage; readonly note: string; readonly message: ChatMessage } | undefined;

  constructor(settings: ContextSettings, system: string) {
    this.#settings = settings;
    this.#system = { role: 'user', content: system };
    this.#ratio = settings.tokenRatio;
    this.#promptTokens = settings.windowTokens - settings.reserveTokens;
  }

  /**
   * As much of the conversation as fits. `write` asks the model for a summary. Rejects with ColloquyError
   * `context-too-small` where the persona alone fills the window, and with the reason of the signal.
   */
  async fit(conversation: readonly ChatMessage[], write: Write, signal: AbortSignal): Promise<Fitted> {
    const prompt = this.#prompt(conversation);
    this.#lastCounted = undefined;
    if (!this.#counter && mostTokens([...prompt, this.#system]) <= this.#promptTokens) {
      return { messages: prompt, cuts: [], remarks: [] };
    }
    const counter = (this.#counter ??= await loadTokenCounter());
    const room = this.#room(counter);
    const fits = this.#count(prompt, counter) <= room;
    const change = fits
      ? { cuts: [], remarks: [] }
      : await this.#cut(conversation, room, counter, write, signal);
    const messages = this.#prompt(conversation);
    this.#lastCounted = this.#count(messages, counter) + counter.message(this.#system);
    return { messages, ...change };
  }

  /** What the provider says it has read for the prompt that was fitted last. */
  correct(inputTokens: number): void {
    if (this.#lastCounted === undefined || inputTokens === 0) return;
    const reported = inputTokens / this.#lastCounted;
    if (reported > mostCorrection || reported < 1 / mostCorrection) return;
    if (!this.#settings.reportsWholePrompt && reported < this.#ratio) return;
    // What is too high costs a few words, what is too low the reply.
    const weight = reported > this.#ratio ? 1 : weightOfReport;
    this.#ratio += (reported - this.#ratio) * weight;
  }

  /** The provider refused the prompt that was fitted last as too long; the next one will be shorter. */
  async tighten(refusal: string, messages: readonly ChatMessage[]): Promise<void> {
    const counter = (this.#counter ??= await loadTokenCounter());
    const counted = this.#count(messages, counter) + counter.message(this.#system);
    const limit = readLimit(refusal);
    const named = limit === undefined ? Infinity : limit - this.#settings.reserveTokens;
    const refused = counted * this.#ratio * shareAfterRefusal;
    this.#promptTokens = Math.floor(Math.min(this.#promptTokens, named > 0 ? named : Infinity, refused));
  }

  /** In tokens of the counter, for everything but the system prompt. */
  #room(counter: TokenCounter): number {
    const persona = counter.message(this.#system);
    const room = Math.floor(this.#promptTokens / this.#ratio) - persona;
    if (room >= smallestRoomTokens) return room;
    throw new ColloquyError(
      `the persona takes about ${Math.ceil(persona * this.#ratio)} of the ${this.#promptTokens} tokens that may be sent; set a larger context_tokens, or a smaller max_tokens, or shorten the persona`,
      { code: 'context-too-small' },
    );
  }

  async #cut(
    conversation: readonly ChatMessage[],
    room: number,
    counter: TokenCounter,
    write: Write,
    signal: AbortSignal,
  ): Promise<Pick<Fitted, 'cuts' | 'remarks'>> {
    const before = { head: this.#head, from: this.#from };
    const limit = Math.floor(room * shareOfMessage);
    const sizes = conversation.map((message) => Math.min(counter.message(message), limit));
    const remarks: string[] = [];
    const isSummarized =
      this.#settings.strategy === 'summarize' &&
      (await this.#replaceBySummary(conversation, sizes, room, counter, write, signal, remarks));
    if (!isSummarized) this.#leaveOut(sizes, room);
    remarks.push(...this.#shorten(conversation, room, counter));
    return { cuts: cutsBetween(before, { head: this.#head, from: this.#from }), remarks };
  }

  /** False where that was not possible, or needless. */
  async #replaceBySummary(
    conversation: readonly ChatMessage[],
    sizes: readonly number[],
    room: number,
    counter: TokenCounter,
    write: Write,
    signal: AbortSignal,
    remarks: string[],
  ): Promise<boolean> {
    const maxSummaryTokens = Math.floor(room * shareOfSummary);
    const from = planTail(sizes, this.#from, room * shareAfterCut - maxSummaryTokens);
    if (from <= this.#summarized) return false;
    const messages = conversation.slice(this.#summarized, from);
    const maxPromptTokens = Math.floor(this.#promptTokens / this.#ratio);
    try {
      this.#summary = await summarize(
        { previous: this.#summary, messages, maxPromptTokens, maxSummaryTokens },
        counter,
        write,
      );
    } catch (error) {
      signal.throwIfAborted();
      remarks.push(
        `no summary of what is left out could be had (${messageOf(error)}); it is left out without`,
      );
      return false;
    }
    remarks.push(`goes on with a summary of messages 1 to ${from}: ${briefly(this.#summary)}`);
    this.#head = 0;
    this.#from = this.#summarized = from;
    return true;
  }

  #leaveOut(sizes: readonly number[], room: number): void {
    const keepsOpening = this.#settings.strategy !== 'truncate-oldest' && this.#summary === undefined;
    if (keepsOpening && this.#head === 0) this.#head = planHead(sizes, room * shareOfOpening);
    const opening = sizes.slice(0, this.#head).map((size) => Math.min(size, room * shareOfOpening));
    const kept = opening.reduce(
      (sum, size) => sum + size,
      this.#summary === undefined ? 0 : room * shareOfSummary,
    );
    const lowest = Math.max(this.#from, this.#head);
    this.#from = planTail(sizes, lowest, room * shareAfterCut - kept);
  }

  /** Takes the middle out of messages that are too long to stand beside others. */
  #shorten(conversation: readonly ChatMessage[], room: number, counter: TokenCounter): string[] {
    const remarks: string[] = [];
    for (const [index, whole] of conversation.entries()) {
      if (index >= this.#head && index < this.#from) continue;
      const share = index < this.#head ? shareOfOpening : shareOfMessage;
      const present = this.#messageAt(index, whole);
      if (counter.message(present) <= room * share) continue;
      const { text, characters } = shortenMiddle(whole.content, room * share - 10, counter);
      this.#shortened.set(index, { whole, message: { role: whole.role, content: text } });
      remarks.push(
        `message ${index + 1} is too long; it goes on without ${characters} characters of its middle`,
      );
    }
    return remarks;
  }

  #prompt(conversation: readonly ChatMessage[]): ChatMessage[] {
    const present = conversation.map((message, index) => this.#messageAt(index, message));
    const [first, ...rest] = present.slice(this.#from);
    if (this.#from === 0 || !first) return present;
    return [...present.slice(0, this.#head), this.#withNote(first), ...rest];
  }

  #withNote(from: ChatMessage): ChatMessage {
    const note = this.#note();
    if (note === '') return from;
    if (this.#noted?.from !== from || this.#noted.note !== note) {
      this.#noted = { from, note, message: { role: from.role, content: `${note}\n\n${from.content}` } };
    }
    return this.#noted.message;
  }

  /** What stands where something is missing: for this model alone. */
  #note(): string {
    if (this.#summary !== undefined) return `[note] What was said before, in short:\n\n${this.#summary}`;
    const count = this.#from - this.#head;
    return this.#head === 0 || count === 0 ? '' : `[note] Here ${count} messages are left out.`;
  }

  #messageAt(index: number, message: ChatMessage): ChatMessage {
    const shortened = this.#shortened.get(index);
    // Something was added to it since.
    return shortened?.whole.content === message.content ? shortened.message : message;
  }

  #count(messages: readonly ChatMessage[], counter: TokenCounter): number {
    return messages.reduce((sum, message) => sum + counter.message(message), 0);
  }
}

/** What is missing after that was not missing before. */
function cutsBetween(before: Kept, after: Kept): Cut[] {
  return [
    { from: after.head, to: Math.min(before.head, after.from) },
    { from: Math.max(before.from, after.head), to: after.from },
  ]
    .filter(({ from, to }) => to > from)
    .map(({ from, to }) => ({ count: to - from, start: from + 1 }));
}

/**
 * The number that a server names as its limit, in tokens: "maximum context length is 8192 tokens", "context
 * length of only 4096", "prompt is too long: 208310 tokens > 200000 maximum".
 */
function readLimit(refusal: string): number | undefined {
  const [, number] =
    /(?:context (?:length|size|window)[^\d]{0,20}|tokens > )(\d{3,8})\b/i.exec(refusal) ?? [];
  return number === undefined ? undefined : Number(number);
}

function briefly(text: string): string {
  return text.length <= longestRemark ? text : `${text.slice(0, longestRemark)}…`;
}
