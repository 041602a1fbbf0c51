import * as z from 'zod/mini';
import { blockKinds, languages, outcomes } from '../journal/block.ts';
import { tierNames } from './tiers/tier.ts';

/**
 * What a sidecar and whoever has code to run say to each other: one JSON object a line, over TCP.
 * The client says `hello` first; sessions belong to their connection and end with it.
 */
const version = z.literal(1);
const id = z.number().check(z.int(), z.nonnegative());
const count = z.number().check(z.int(), z.nonnegative());

const block = z.object({
  kind: z.enum(blockKinds),
  number: z.number().check(z.int(), z.positive()),
  language: z.enum(languages),
  code: z.string(),
});

const result = z.object({
  outcome: z.enum(outcomes),
  output: z.string(),
  outputBytes: count,
  detail: z.exactOptional(z.string()),
  files: z.array(z.object({ path: z.string(), bytes: count })),
  ms: z.number(),
});

export const clientMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('hello'), version, token: z.exactOptional(z.string()) }),
  /** A piece of a file that an earlier session of that name had made. Not answered. */
  z.object({
    type: z.literal('put'),
    session: z.string(),
    path: z.string(),
    base64: z.string(),
    last: z.boolean(),
  }),
  /** Answered with a `file` or more for each file that the block made, and one `result`. */
  z.object({ type: z.literal('run'), id, session: z.string(), turn: count, block }),
  /** Whether somebody is there; answered with `pong`. */
  z.object({ type: z.literal('ping') }),
  /** Ends a session; what runs in it is stopped. Not answered. */
  z.object({ type: z.literal('close'), session: z.string() }),
]);
export type ClientMessage = z.infer<typeof clientMessage>;

export const sidecarMessage = z.discriminatedUnion('type', [
  z.object({
    type: z.literal('welcome'),
    tier: z.enum(tierNames),
    languages: z.array(z.enum(languages)),
    /** Wall time of a block. */
    seconds: z.number(),
  }),
  z.object({ type: z.literal('error'), message: z.string() }),
  z.object({ type: z.literal('pong') }),
  /** A piece of a file; `last` with the last one. */
  z.object({ type: z.literal('file'), id, path: z.string(), base64: z.string(), last: z.boolean() }),
  z.object({ type: z.literal('result'), id, result }),
]);
export type SidecarMessage = z.infer<typeof sidecarMessage>;
export type Welcome = Extract<SidecarMessage, { type: 'welcome' }>;

/** A block of a megabyte whose every byte has to be escaped fits, and so does a piece of a file. */
export const mostMessageBytes = 8 * 1024 * 1024;

export function encodeMessage(message: ClientMessage | SidecarMessage): string {
  return `${JSON.stringify(message)}\n`;
}

/** Throws Error where it is none. */
export function decodeMessage<T>(schema: z.ZodMiniType<T>, line: string): T {
  return schema.parse(JSON.parse(line));
}
