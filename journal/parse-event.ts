import * as z from 'zod/mini';
import { seats, spokenVerbs, stopReasons } from '../wire/types.ts';
import { blockKinds, languages, outcomes } from './block.ts';
import type { JournalEvent } from './event.ts';
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

const settings = z.object({
  hello: z.string(),
  first: z.enum(['a', 'b', 'random']),
  maxMessages: count,
  maxSeconds: z.number(),
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
});

const meta = z.object({
  usage: z.exactOptional(z.object({ input: count, output: count, cached: count })),
  ms: z.exactOptional(z.number()),
  finish: z.exactOptional(z.string()),
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
  }),
  z.object({
    ...stampFields,
    type: z.literal('control'),
    seat,
    verb: z.enum(spokenVerbs),
    by: z.exactOptional(z.literal('moderator')),
  }),
  z.object({ ...stampFields, type: z.literal('note'), seat, text: z.string() }),
  z.object({
    ...stampFields,
    ...blockFields,
    type: z.literal('block'),
    language: z.enum(languages),
    code: z.string(),
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
  }),
  z.object({ ...stampFields, type: z.literal('truncated'), seat, count, start: count }),
  z.object({
    ...stampFields,
    type: z.literal('lost'),
    seat,
    detail: z.string(),
    partial: z.exactOptional(z.string()),
  }),
  z.object({ ...stampFields, type: z.literal('returned'), seat }),
  z.object({ ...stampFields, type: z.literal('status'), seat, text: z.string() }),
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
  'truncated',
  'lost',
  'returned',
  'status',
  'moderator',
  'stop',
]);

function describe(error: z.core.$ZodError): string {
  const issue = error.issues[0];
  return issue?.path.length
    ? `${issue.path.join('.')}: ${issue.message}`
    : (issue?.message ?? 'not an event');
}
