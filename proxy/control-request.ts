import * as z from 'zod/mini';
import { seats, type Seat } from '../wire/types.ts';
import type { PendingApproval } from './approvals.ts';
import type { changeableLimits } from './moderation.ts';
import type { Limits } from './stop-rules.ts';

/** Far more than a moderator has to say at a time. */
const mostTextCharacters = 16_000;
const mostCodeCharacters = 100_000;
/** The longest line: every character of the code escaped, and the rest. */
export const maxRequestBytes = 640 * 1_024;

const seat = z.enum(seats);
const text = z.string().check(z.trim(), z.minLength(1), z.maxLength(mostTextCharacters));
const limit = z.exactOptional(z.number().check(z.int(), z.nonnegative(), z.maximum(1e9)));
const dollars = z.exactOptional(z.number().check(z.nonnegative(), z.maximum(1e9)));

const action = z.discriminatedUnion('action', [
  z.strictObject({ action: z.literal('pause') }),
  z.strictObject({ action: z.literal('resume') }),
  z.strictObject({ action: z.literal('step') }),
  z.strictObject({ action: z.literal('whisper'), seat, text }),
  z.strictObject({ action: z.literal('say'), text }),
  z.strictObject({
    action: z.literal('limits'),
    limits: z
      .strictObject({ maxMessages: limit, maxSeconds: limit, maxTokens: limit, maxCost: dollars } satisfies {
        readonly [name in (typeof changeableLimits)[number]]: unknown;
      })
      .check(z.refine((limits) => Object.keys(limits).length > 0, 'no limit is named')),
  }),
  /** The connection becomes that of the seat, and speaks as docs/protocol.md has it. */
  z.strictObject({ action: z.literal('take'), seat }),
  z.strictObject({ action: z.literal('give'), seat }),
  z.strictObject({ action: z.literal('goodbye') }),
  z.strictObject({ action: z.literal('stop') }),
  z.strictObject({ action: z.literal('status') }),
  /** What becomes of a block that waits: it runs, it does not, or `code` runs instead. */
  z.strictObject({
    action: z.literal('approve'),
    id: z.number().check(z.int(), z.nonnegative()),
    verdict: z.enum(['yes', 'no', 'edit']),
    code: z.exactOptional(z.string().check(z.maxLength(mostCodeCharacters))),
    why: z.exactOptional(text),
  }),
  /** From now on the connection is told, line by line, what happens and is not journaled. */
  z.strictObject({ action: z.literal('watch') }),
]);
/** What a moderator asks of a meeting. */
export type ControlAction = z.infer<typeof action>;

const envelope = z.object({ meeting: z.string(), token: z.string(), request: z.unknown() });

/** Who asks, and for which meeting; undefined for what is no request at all. */
export function parseEnvelope(line: string): z.infer<typeof envelope> | undefined {
  try {
    return envelope.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}

export function parseAction(request: unknown): ControlAction | { readonly problem: string } {
  const parsed = action.safeParse(request);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const where = issue?.path.length ? `${issue.path.join('.')}: ` : '';
  return { problem: `${where}${issue?.message ?? 'no such request'}` };
}

export interface ControlStatus {
  readonly meeting: string;
  readonly names: { readonly [seat in Seat]: string };
  readonly turns: number;
  readonly elapsedMs: number;
  readonly isPaused: boolean;
  /** Turns that may come through although it is paused. */
  readonly steps: number;
  /** Messages that wait because it is paused. */
  readonly waiting: number;
  readonly taken: readonly Seat[];
  readonly limits: Limits;
  /** Blocks that wait until somebody has said whether they may run. */
  readonly approvals: readonly PendingApproval[];
}

export type ControlReply =
  | {
      readonly ok: true;
      readonly status: ControlStatus;
      /** Of a step: whether a message waited for it. */
      readonly step?: 'released' | 'next';
    }
  | { readonly ok: false; readonly message: string };
