import type { Price } from '../config/prices.ts';
import { costOf } from '../journal/cost.ts';
import { otherSeat, seats, type Seat, type Usage } from '../wire/types.ts';
import { addUsage } from '../wire/usage.ts';

/** What is known of a speaker before the meeting. */
export interface ExpectedSpeaker {
  readonly name: string;
  readonly provider: string;
  readonly model: string;
  /** The system prompt, which is read before each turn. */
  readonly system: string;
  /** Whether its provider counts tokens: the built-in speakers read none. */
  readonly countsTokens: boolean;
  /** The first message is said without asking the model. */
  readonly hasOpening: boolean;
  /** The longest reply, in tokens. */
  readonly maxReplyTokens?: number;
  /** Undefined: nobody knows. */
  readonly price?: Price;
}

export type ExpectedSpeakers = { readonly [seat in Seat]: ExpectedSpeaker };

export interface Assumptions {
  readonly messages: number;
  /** Length of a message. */
  readonly turnTokens: number;
  readonly first: Seat;
}

/** What a meeting may take. */
export interface Estimate {
  /** With the provider's cache: what was read before counts as `cached`. */
  readonly usage: { readonly [seat in Seat]: Usage };
  /** US dollars; absent where no price is known. */
  readonly cost: { readonly [seat in Seat]?: number };
  /** The same if nothing were cached. */
  readonly uncachedCost: { readonly [seat in Seat]?: number };
}

/** What APIs add to each message for its role. */
const frameTokens = 4;

/** OpenAI and Anthropic cache no shorter prompt; some models of Anthropic only twice that. */
const shortestCachedTokens = 1_024;

const none: Usage = { input: 0, output: 0, cached: 0 };

/**
 * Adds up the turns of a meeting. Each reads the persona and all that was said before it, so that the sum
 * grows with the square of the messages; of that, a seat has read all up to its own last turn already.
 */
export function estimate(speakers: ExpectedSpeakers, assumptions: Assumptions): Estimate {
  const usage = { a: none, b: none };
  for (const { seat, usage: more } of expectedTurns(speakers, assumptions)) {
    usage[seat] = addUsage(usage[seat], more) ?? none;
  }
  const costs = (cached: boolean): { [seat in Seat]?: number } =>
    Object.fromEntries(
      seats.flatMap((seat) => {
        const { price } = speakers[seat];
        const { input, output } = usage[seat];
        const billed = cached ? usage[seat] : { input, output, cached: 0 };
        return price ? [[seat, costOf(billed, price)] as const] : [];
      }),
    );
  return { usage, cost: costs(true), uncachedCost: costs(false) };
}

/** After how many messages a limit is reached, if that is before the end. */
export function messagesUntil(
  limit: { readonly tokens?: number; readonly cost?: number },
  speakers: ExpectedSpeakers,
  assumptions: Assumptions,
): number | undefined {
  let tokens = 0;
  let cost = 0;
  for (const { seat, turn, usage } of expectedTurns(speakers, assumptions)) {
    const { price } = speakers[seat];
    tokens += usage.input + usage.output;
    cost += price ? costOf(usage, price) : 0;
    const isReached = (limit.tokens && tokens >= limit.tokens) || (limit.cost && cost >= limit.cost);
    if (isReached && turn < assumptions.messages) return turn;
  }
  return undefined;
}

/**
 * The tokens of a text without a tokenizer, which takes a second to load: within a fifth for the languages of
 * the personas. A token has about four letters of English, fewer of other languages, one character of Chinese.
 */
export function roughTokens(text: string): number {
  const count = (pattern: RegExp): number => text.match(pattern)?.length ?? 0;
  const ascii = count(/[\u0000-\u007f]/g);
  const dense = count(/[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/g);
  return Math.ceil(ascii / 4.3 + dense / 1.2 + (text.length - ascii - dense) / 2.2);
}

function* expectedTurns(
  speakers: ExpectedSpeakers,
  { messages, turnTokens, first }: Assumptions,
): Generator<{ readonly seat: Seat; readonly turn: number; readonly usage: Usage }> {
  const systems = { a: roughTokens(speakers.a.system), b: roughTokens(speakers.b.system) };
  const read = { a: 0, b: 0 };
  let said = frameTokens;
  for (let turn = 1; turn <= messages; turn++) {
    const seat = turn % 2 === 1 ? first : otherSeat(first);
    const { countsTokens, hasOpening, maxReplyTokens = Infinity, price } = speakers[seat];
    const output = Math.min(turnTokens, maxReplyTokens);
    const isAsked = countsTokens && !(turn === 1 && hasOpening);
    if (isAsked) {
      const input = systems[seat] + frameTokens + said;
      // A local model keeps what it has read as well, but tells nobody.
      const isCached = price?.cached !== undefined && price.input > 0 && input >= shortestCachedTokens;
      const cached = isCached ? read[seat] : 0;
      const stored = isCached && price.stored !== undefined ? input - cached : 0;
      if (isCached) read[seat] = input;
      yield { seat, turn, usage: { input, output, cached, ...(stored > 0 ? { stored } : {}) } };
    } else {
      yield { seat, turn, usage: none };
    }
    said += output + frameTokens;
  }
}
