import { ProtocolError, type ProtocolErrorCode } from './errors.ts';
import { escapeText, unescapeArgument, unescapeText } from './frame.ts';
import { isGreeting } from './greeting.ts';
import { parseSpeech, type Speech } from './speech.ts';
import type { Seat, TurnMeta, Usage } from './types.ts';

/** A frame that an agent sent after its greeting. */
export type AgentFrame =
  | ({
      readonly type: 'speech';
      /** The frame as it came, where it may go on unchanged to a peer of the framed dialect. */
      readonly line?: string;
    } & Speech)
  | { readonly type: 'delta'; readonly text: string }
  /** `number` counts the messages of a seat with the feature `numbered`, from 1. */
  | {
      readonly type: 'meta';
      readonly meta: TurnMeta;
      readonly number?: number;
      /** The last `/seq` that the agent had taken when it said this, with the feature `retold`. */
      readonly heard?: number;
    }
  /** It goes and does not come back. */
  | { readonly type: 'leave'; readonly text: string }
  | { readonly type: 'truncated'; readonly count: number; readonly start: number }
  | { readonly type: 'status'; readonly text: string };

/** What `/history` tells an agent that comes back: who said what, and what it was told besides. */
export type HistoryEntry =
  { readonly turn: number; readonly seat: Seat; readonly text: string } | { readonly note: string };

/** A frame that the proxy sent to an agent of the framed dialect. */
export type ProxyFrame =
  | {
      readonly type: 'welcome';
      readonly meeting: string;
      readonly seat: Seat;
      readonly partner: string;
      readonly turn: number;
      /** With it, and the meeting's name, an agent that lost its connection comes back to this seat. */
      readonly secret?: string;
      /** How many messages of this seat have arrived so far. */
      readonly said?: number;
      /** Where the meeting stands in a trace (W3C `traceparent`). Only for the feature `trace`. */
      readonly trace?: string;
    }
  | { readonly type: 'history'; readonly entries: readonly HistoryEntry[] }
  /** What follows is event number `seq` of the journal. Only for the feature `numbered`. */
  | { readonly type: 'seq'; readonly seq: number }
  | { readonly type: 'start' }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'delta'; readonly text: string }
  | { readonly type: 'status'; readonly text: string }
  | { readonly type: 'bye' }
  | { readonly type: 'help' }
  | { readonly type: 'stop'; readonly reason: string }
  | { readonly type: 'error'; readonly code: ProtocolErrorCode; readonly message: string };

/** `/verb` alone or `/verb: argument`, one space after the colon not being part of the argument. */
const controlFrame = /^\/([a-z]+)(?::(?: ([^]*)|))?$/;

/** Reads a line of an agent in the framed dialect. Throws ProtocolError `second-greeting` or `bad-frame`. */
export function parseAgentFrame(line: string): AgentFrame {
  if (isGreeting(line)) throw new ProtocolError('second-greeting', 'an agent greets once');
  const [, verb, argument = ''] = controlFrame.exec(line) ?? [];
  switch (verb) {
    case 'delta':
      return { type: 'delta', text: unescapeArgument(argument) };
    case 'status':
      return { type: 'status', text: unescapeArgument(argument) };
    case 'leave':
      return { type: 'leave', text: unescapeArgument(argument) };
    case 'meta':
      return { type: 'meta', ...parseMeta(argument) };
    case 'truncated':
      return { type: 'truncated', ...parseTruncated(argument) };
    default: {
      const speech = parseSpeech(unescapeText(line), { literalStart: line.startsWith('\\/') });
      // Nothing was taken out of it, and nobody will mistake it for a control frame.
      const isWhole = speech.control === undefined && !line.startsWith('/');
      return { type: 'speech', ...speech, ...(isWhole ? { line } : {}) };
    }
  }
}

/** Reads a burst of an agent in the classic dialect, which knows no frames but its control tokens. */
export function parseClassicMessage(text: string): AgentFrame {
  if (isGreeting(text)) throw new ProtocolError('second-greeting', 'an agent greets once');
  return { type: 'speech', ...parseSpeech(text) };
}

/** Reads a line of the proxy. Throws ProtocolError `bad-frame`. */
export function parseProxyFrame(line: string): ProxyFrame {
  const [, verb, argument = ''] = controlFrame.exec(line) ?? [];
  switch (verb) {
    case 'welcome':
      return { type: 'welcome', ...(parseJson('welcome', argument) as Omit<Welcome, 'type'>) };
    case 'history':
      return { type: 'history', entries: parseJson('history', argument) as HistoryEntry[] };
    case 'seq':
      return { type: 'seq', seq: Number(argument) };
    case 'note':
    case 'delta':
    case 'status':
      return { type: verb, text: unescapeArgument(argument) };
    case 'start':
    case 'bye':
    case 'help':
      return { type: verb };
    case 'stop':
      return { type: 'stop', reason: unescapeArgument(argument) };
    case 'error':
      return { type: 'error', ...(parseJson('error', argument) as Omit<ErrorFrame, 'type'>) };
    default:
      return { type: 'text', text: unescapeText(line) };
  }
}

type Welcome = Extract<ProxyFrame, { type: 'welcome' }>;
type ErrorFrame = Extract<ProxyFrame, { type: 'error' }>;

/** A text as one line of the framed dialect, the newline not included. */
export function encodeText(text: string): string {
  return escapeText(text);
}

/** What a person says: a control word at the very start must not hide behind an escaped slash. */
export function encodeSpoken(text: string): string {
  const line = encodeText(text);
  return /^\/(?:bye|end|stop|help)\b/.test(text) ? line.slice(1) : line;
}

/** `/verb`, or `/verb: argument` with the argument on one line; an object is written as JSON. */
export function encodeControl(verb: string, argument?: string | object): string {
  if (argument === undefined) return `/${verb}`;
  return `/${verb}: ${typeof argument === 'string' ? escapeArgument(argument) : JSON.stringify(argument)}`;
}

/**
 * A text for an agent of the classic dialect. It takes any line that looks like a control frame for
 * one, so a text that begins with a verb is moved one space to the right.
 */
export function encodeClassicText(text: string): string {
  return /^\/(?:start|stop|end|bye|help|error|iam|note)\b/.test(text) ? ` ${text}` : text;
}

function escapeArgument(text: string): string {
  return text.startsWith('/') ? escapeText(text).slice(1) : escapeText(text);
}

function parseJson(verb: string, argument: string): Record<string, unknown> | unknown[] {
  try {
    const value: unknown = JSON.parse(argument);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown> | unknown[];
  } catch {
    // The sentence below says it.
  }
  throw new ProtocolError('bad-frame', `/${verb} takes one JSON value on one line`);
}

function parseMeta(argument: string): { meta: TurnMeta; number?: number; heard?: number } {
  const value = parseJson('meta', argument);
  const { number, heard } = value as Record<string, unknown>;
  return {
    meta: toTurnMeta(value),
    ...(isPositive(number) ? { number } : {}),
    ...(isPositive(heard) ? { heard } : {}),
  };
}

function isPositive(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

function toTurnMeta(value: Record<string, unknown> | unknown[]): TurnMeta {
  const { usage, ms, finish } = value as Record<string, unknown>;
  return {
    ...(isUsage(usage) ? { usage: toUsage(usage) } : {}),
    ...(typeof ms === 'number' && ms >= 0 ? { ms } : {}),
    ...(typeof finish === 'string' ? { finish: finish.slice(0, 40) } : {}),
  };
}

type UsageArgument = Omit<Usage, 'cached'> & { readonly cached?: number };

function isUsage(value: unknown): value is UsageArgument {
  const { input, output, cached = 0, stored = 0 } = (value ?? {}) as Record<string, unknown>;
  return [input, output, cached, stored].every(
    (count) => Number.isSafeInteger(count) && (count as number) >= 0,
  );
}

function toUsage({ input, output, cached = 0, stored = 0 }: UsageArgument): Usage {
  return { input, output, cached, ...(stored > 0 ? { stored } : {}) };
}

function parseTruncated(argument: string): { count: number; start: number } {
  const match = /^(\d{1,9}) messages? starting at (\d{1,9})$/.exec(argument.trim());
  if (!match) throw new ProtocolError('bad-frame', '/truncated has the form "N messages starting at K"');
  return { count: Number(match[1]), start: Number(match[2]) };
}
