import * as z from 'zod/mini';
import { seats, spokenVerbs, stopReasons } from '../wire/types.ts';
import { blockKinds, languages, outcomes } from './block.ts';
import type { JournalEvent } from './event.ts';
import { flagNames } from './flag.ts';
import { moderatorActions } from './moderator-event.ts';

export type ParsedEvent =
  | { readonly type: 'event'; readonly event: JournalEvent }
  /** Later versions of the program add types; that is no fault of the journal. */
  | { readonly type: 'unknown'; readonly eventType: string }
  | { readonly type: 'invalid'; readonly problem: string };

/** Checks one line of a journal, once; whoever gets the event can rely on its type. */
export function parseEvent(value: unknown): ParsedEvent {
  const stamped = stamp.safeParse(value);
  if (!stamped.success) return { type: 'invalid', problem: describe(stamped.error) };
  const eventType = stamped.data.type;
  if (!knownTypes.has(eventType)) return { type: 'unknown', eventType };
  const event = journalEvent.safeParse(value);
  return event.success
    ? { type: 'event', event: event.data }
    : { type: 'invalid', problem: describe(event.error) };
}

const count = z.number().check(z.int(), z.nonnegative());
const seat = z.enum(seats);
const stampFields = {
  v: z.literal(1),
  seq: z.number().check(z.int(), z.positive()),
  t: z.string().check(z.refine((text) => !Number.isNaN(Date.parse(text)), 'not a time')),
};
const stamp = z.object({ ...stampFields, type: z.string() });

const participant = z.object({
  name: z.string(),
  lang: z.exactOptional(z.string()),
  gender: z.exactOptional(z.string()),
  provider: z.exactOptional(z.string()),
  model: z.exactOptional(z.string()),
  persona: z.exactOptional(z.object({ text: z.string(), sha256: z.string() })),
  parameters: z.exactOptional(z.record(z.string(), z.unknown())),
  seed: z.exactOptional(z.number()),
  software: z.exactOptional(z.string()),
});

const amount = z.number().check(z.nonnegative());
const price = z.object({
  input: amount,
  output: amount,
  cached: z.exactOptional(amount),
  stored: z.exactOptional(amount),
  asOf: z.exactOptional(z.string()),
});

const settings = z.object({
  hello: z.string(),
  first: z.enum(['a', 'b', 'random']),
  maxMessages: count,
  maxSeconds: z.number(),
  maxTokens: z.exactOptional(count),
  maxCost: z.exactOptional(z.number()),
  idleSeconds: z.exactOptional(z.number()),
  tellTurnsLeft: z.exactOptional(z.boolean()),
  prices: z.exactOptional(
    z.object({
      a: z.exactOptional(price),
      b: z.exactOptional(price),
      translator: z.exactOptional(price),
    }),
  ),
  execution: z.exactOptional(
    z.object({
      seats: z.enum(['both', 'a', 'b']),
      blocks: z.enum(['marked', 'fenced']),
      passes: count,
      policy: z.boolean(),
      approve: z.boolean(),
      limits: z.catchall(z.object({ seconds: z.number() }), z.number()),
    }),
  ),
  loops: z.exactOptional(
    z.object({
      repeats: count,
      similarity: z.number(),
      window: count,
      courtesies: count,
      shortTurns: count,
      oneSided: count,
    }),
  ),
  flags: z.exactOptional(z.literal(true)),
  translation: z.exactOptional(
    z.object({
      provider: z.string(),
      model: z.string(),
      languages: z.object({ a: z.string(), b: z.string() }),
    }),
  ),
});

const usage = z.object({ input: count, output: count, cached: count });

const meta = z.object({
  usage: z.exactOptional(usage),
  ms: z.exactOptional(z.number()),
  finish: z.exactOptional(z.string()),
});

const inheritable = { inherited: z.exactOptional(z.literal(true)) };
const parent = z.object({
  meeting: z.string(),
  turn: count,
  names: z.object({ a: z.string(), b: z.string() }),
});

const turnFields = { seat, turn: z.number().check(z.int(), z.positive()) };
const blockFields = {
  ...turnFields,
  kind: z.enum(blockKinds),
  number: z.number().check(z.int(), z.positive()),
};

const journalEvent: z.ZodMiniType<JournalEvent> = z.discriminatedUnion('type', [
  z.object({
    ...stampFields,
    type: z.literal('meeting'),
    meeting: z.string(),
    parent: z.exactOptional(parent),
    software: z.string(),
    settings,
    seats: z.object({ a: participant, b: participant }),
  }),
  z.object({
    ...stampFields,
    type: z.literal('seated'),
    seat,
    name: z.string(),
    dialect: z.enum(['framed', 'classic']),
  }),
  z.object({ ...stampFields, type: z.literal('start'), seat, hello: z.string() }),
  z.object({
    ...stampFields,
    ...turnFields,
    type: z.literal('turn'),
    text: z.string(),
    control: z.exactOptional(z.enum(spokenVerbs)),
    meta: z.exactOptional(meta),
    by: z.exactOptional(z.literal('moderator')),
    ...inheritable,
  }),
  z.object({
    ...stampFields,
    type: z.literal('control'),
    seat,
    verb: z.enum(spokenVerbs),
    meta: z.exactOptional(meta),
    by: z.exactOptional(z.literal('moderator')),
    ...inheritable,
  }),
  z.object({ ...stampFields, type: z.literal('note'), seat, text: z.string(), ...inheritable }),
  z.object({
    ...stampFields,
    ...blockFields,
    type: z.literal('block'),
    language: z.enum(languages),
    code: z.string(),
    ...inheritable,
  }),
  z.object({
    ...stampFields,
    ...blockFields,
    type: z.literal('result'),
    tier: z.exactOptional(z.string()),
    outcome: z.enum(outcomes),
    output: z.string(),
    outputBytes: count,
    detail: z.exactOptional(z.string()),
    files: z.array(z.object({ path: z.string(), bytes: count })),
    ms: z.number().check(z.nonnegative()),
    ...inheritable,
  }),
  z.object({
    ...stampFields,
    ...turnFields,
    type: z.literal('translation'),
    from: z.string(),
    to: z.string(),
    text: z.string(),
    ms: z.number().check(z.nonnegative()),
    provider: z.exactOptional(z.string()),
    model: z.exactOptional(z.string()),
    usage: z.exactOptional(usage),
    failed: z.exactOptional(z.string()),
    ...inheritable,
  }),
  z.object({ ...stampFields, type: z.literal('truncated'), seat, count, start: count }),
  z.object({
    ...stampFields,
    type: z.literal('lost'),
    seat,
    detail: z.string(),
    partial: z.exactOptional(z.string()),
    meta: z.exactOptional(meta),
  }),
  z.object({ ...stampFields, type: z.literal('returned'), seat }),
  z.object({ ...stampFields, type: z.literal('status'), seat, text: z.string() }),
  z.object({
    ...stampFields,
    type: z.literal('flag'),
    seat,
    turn: z.exactOptional(turnFields.turn),
    flag: z.enum(flagNames),
    detail: z.string(),
  }),
  z.object({
    ...stampFields,
    type: z.literal('moderator'),
    action: z.enum(moderatorActions),
    seat: z.exactOptional(seat),
    text: z.exactOptional(z.string()),
    control: z.exactOptional(z.enum(spokenVerbs)),
    turn: z.exactOptional(count),
    limits: z.exactOptional(z.record(z.string(), z.number())),
    detail: z.exactOptional(z.string()),
  }),
  z.object({
    ...stampFields,
    type: z.literal('stop'),
    reason: z.enum(stopReasons),
    detail: z.exactOptional(z.string()),
  }),
]);

const knownTypes: ReadonlySet<string> = new Set<JournalEvent['type']>([
  'meeting',
  'seated',
  'start',
  'turn',
  'control',
  'note',
  'block',
  'result',
  'translation',
  'truncated',
  'lost',
  'returned',
  'status',
  'flag',
  'moderator',
  'stop',
]);

function describe(error: z.core.$ZodError): string {
  const issue = error.issues[0];
  return issue?.path.length
    ? `${issue.path.join('.')}: ${issue.message}`
    : (issue?.message ?? 'not an event');
}
