import * as z from 'zod';
import { serviceNames } from '../config/service-names.ts';
import { languages, blockKinds } from '../journal/block.ts';
import type { JournalEvent, MeetingSettings, Parent } from '../journal/event.ts';
import { flagNames } from '../journal/flag.ts';
import { seats, stopReasons, type Participant } from '../wire/types.ts';

/**
 * Everything that crosses HTTP between the server and whoever asks it: the page, a script. The page imports its
 * types only. What Node has is not imported here.
 */

const seat = z.enum(seats);
const count = z.int().nonnegative();
const meetingName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/);
const text = z.string().trim().min(1).max(16_000);
const dollars = z.number().nonnegative().max(1e9);
const limit = count.max(1e9);
const bySeat = <T extends z.ZodType>(schema: T) => z.object({ a: schema, b: schema });

/** What docs/journal.md describes, as its file has it. */
function described<T>(): z.ZodType<T> {
  return z.looseObject({}) as unknown as z.ZodType<T>;
}

/** Every answer that is no success. */
export const apiErrorSchema = z
  .object({ error: z.object({ code: z.string(), message: z.string() }) })
  .meta({ id: 'ApiError', description: 'What went wrong: a code for programs, one sentence for people' });
export type ApiError = z.infer<typeof apiErrorSchema>;

/**
 * `running`, `paused`: its proxy runs. `interrupted`: it has not ended, and its proxy is gone. `ended`: the
 * journal says why.
 */
export const meetingStates = ['running', 'paused', 'interrupted', 'ended'] as const;
export type MeetingState = (typeof meetingStates)[number];

const speakerSchema = z.object({
  name: z.string(),
  lang: z.string().optional(),
  gender: z.string().optional(),
  provider: z.string().optional(),
  model: z.string().optional(),
});

/** One line of a list of meetings. */
export const meetingRowSchema = z
  .object({
    meeting: z.string(),
    /** ISO 8601 in UTC. */
    startedAt: z.string(),
    /** When the last thing happened, where it is known. */
    lastAt: z.string().optional(),
    seats: bySeat(speakerSchema),
    state: z.enum(meetingStates),
    ended: z.enum(stopReasons).optional(),
    turns: count,
    /** Read and written, of both; absent where none were reported, or nobody has added them up. */
    tokens: count.optional(),
    /** US dollars; absent where no price is known. */
    cost: dollars.optional(),
    flags: z.array(z.object({ flag: z.enum(flagNames), seat, turn: count.optional() })),
    /** Of a fork. */
    parent: z.string().optional(),
  })
  .meta({ id: 'MeetingRow' });
export type MeetingRow = z.infer<typeof meetingRowSchema>;

export const sortKeys = ['started', 'turns', 'tokens', 'cost', 'name', 'ended'] as const;
/** A number of a query, which comes as text. */
const wholeNumber = z.coerce.number().int().min(0);
/** What a description says of one that may be 0. It would say that it may be `null`: that would be read as 0, too. */
const asInteger = { type: 'integer' };
export const eventsQuerySchema = z.object({ after: wholeNumber.meta(asInteger).optional() });
export const meetingQuerySchema = z.object({
  /** Words that were said, as `colloquy transcript search` takes them. */
  q: z.string().max(500).optional(),
  persona: z.string().max(200).optional(),
  model: z.string().max(200).optional(),
  /** A stop reason, or `unfinished`. */
  ended: z.enum([...stopReasons, 'unfinished']).optional(),
  flag: z.enum(flagNames).optional(),
  /** Days, `2026-11-21`, both included. */
  from: z.iso.date().optional(),
  to: z.iso.date().optional(),
  sort: z.enum(sortKeys).optional(),
  order: z.enum(['ascending', 'descending']).optional(),
  offset: wholeNumber.max(1e9).meta(asInteger).optional(),
  limit: wholeNumber.min(1).max(500).meta(asInteger).optional(),
});

const usageSchema = z.object({
  input: count,
  output: count,
  /** Part of `input`. */
  cached: count,
  stored: count.optional(),
});
const speakerUsageSchema = z.object({
  turns: count,
  usage: usageSchema.optional(),
  cost: dollars.optional(),
  latency: z.object({ medianMs: z.number(), worstMs: z.number() }).optional(),
});

/** A file as it is listed: the path with slashes, relative to where it lies. */
const fileSchema = z.object({ path: z.string(), bytes: count });
export type ListedFile = z.infer<typeof fileSchema>;

export const meetingDetailSchema = z
  .object({
    row: meetingRowSchema,
    software: z.string().optional(),
    /** As in the journal's first event (docs/journal.md). */
    settings: described<MeetingSettings>().optional(),
    seats: bySeat(described<Participant>()),
    stop: z.object({ reason: z.enum(stopReasons), detail: z.string().optional() }).optional(),
    parent: described<Parent>().optional(),
    /** Meetings that began with a part of this one. */
    forks: z.array(z.string()),
    usage: z
      .object({
        names: bySeat(z.string()),
        speakers: bySeat(speakerUsageSchema),
        together: speakerUsageSchema,
        pricesAsOf: z.string().optional(),
      })
      .optional(),
    execution: z
      .object({ passed: count, failed: count, run: count, notRun: count, pending: count })
      .optional(),
    translation: z
      .object({ turns: count, failed: count, ms: z.number(), usage: usageSchema.optional() })
      .optional(),
    /** What the code left behind; each is at `/api/meetings/:id/files/PATH`. */
    files: z.array(fileSchema),
    /** Whether a moderator can be heard: its proxy runs, and was not told otherwise. */
    canBeModerated: z.boolean(),
    /** The journal ends in the middle of a line. */
    torn: z.boolean(),
  })
  .meta({ id: 'MeetingDetail' });
export type MeetingDetail = z.infer<typeof meetingDetailSchema>;

// --- What happens: server-sent events of /api/meetings/:id/events ----------------------------------------------

/** Event `journal`; its id is the number of the event (`seq`), from which Last-Event-ID goes on. */
export type JournalMessage =
  | JournalEvent
  /** A line that nobody can read, or that a later version wrote. It has no id. */
  | { readonly type: 'unreadable'; readonly line: number; readonly problem: string; readonly text: string };

const blockSchema = z.object({
  kind: z.enum(blockKinds),
  number: count,
  language: z.enum(languages),
  code: z.string(),
});

/** A block that waits until somebody has said whether it may run. */
const pendingApprovalSchema = z
  .object({
    id: count,
    seat,
    /** "code block 1 of turn 3". */
    name: z.string(),
    block: blockSchema,
  })
  .meta({ id: 'PendingApproval' });
export type PendingApproval = z.infer<typeof pendingApprovalSchema>;

/** Event `live`, without an id: it is not in the journal, and a viewer who is slow may never see it. */
export const liveMessageSchema = z
  .discriminatedUnion('type', [
    /** It is this seat's turn. Not told of every turn: whoever did not speak last is asked. */
    z.object({ type: z.literal('thinking'), seat }),
    /** A piece of the turn being written. Empty: what was shown of it is void. */
    z.object({ type: z.literal('delta'), seat, text: z.string() }),
    /** A turn waits for its translation; `to` is a language in English words. */
    z.object({ type: z.literal('translating'), seat, turn: count, to: z.string() }),
    /** "rate limited, next try in 12 s". Those that an agent says itself stand in the journal too. */
    z.object({ type: z.literal('status'), seat, text: z.string() }),
    /** A block waits for `approve`; told again to whoever comes later. */
    z.object({ type: z.literal('approval'), ...pendingApprovalSchema.shape }),
    /** It waits no more, whoever answered. */
    z.object({ type: z.literal('approved'), id: count }),
  ])
  .meta({ id: 'LiveMessage' });
export type LiveMessage = z.infer<typeof liveMessageSchema>;

export const controlStatusSchema = z
  .object({
    meeting: z.string(),
    names: bySeat(z.string()),
    turns: count,
    elapsedMs: z.number(),
    isPaused: z.boolean(),
    /** Turns that may come through although it is paused. */
    steps: count,
    /** Messages that wait because it is paused. */
    waiting: count,
    taken: z.array(seat).readonly(),
    limits: z.object({
      maxMessages: z.number(),
      maxSeconds: z.number(),
      maxTokens: z.number().optional(),
      maxCost: z.number().optional(),
    }),
    approvals: z.array(pendingApprovalSchema).readonly(),
  })
  .meta({ id: 'ControlStatus' });
export type ControlStatus = z.infer<typeof controlStatusSchema>;

/** Event `state`: first of all, and whenever it changes. `control` is absent where nobody can moderate. */
export const stateMessageSchema = z
  .object({ state: z.enum(meetingStates), control: controlStatusSchema.optional() })
  .meta({ id: 'StateMessage' });
export type StateMessage = z.infer<typeof stateMessageSchema>;

export const nowRowSchema = meetingRowSchema
  .extend({
    /** How many blocks wait until somebody has said whether they may run; absent where none does. */
    approvals: count.min(1).optional(),
  })
  .meta({ id: 'NowRow' });
export type NowRow = z.infer<typeof nowRowSchema>;

/** Event `rows` of /api/now: all that run, are paused, or were interrupted. */
export const nowMessageSchema = z.array(nowRowSchema).meta({ id: 'NowMessage' });
export type NowMessage = readonly NowRow[];

// --- Steering --------------------------------------------------------------------------------------------------

export const controlActionSchema = z
  .discriminatedUnion('action', [
    z.strictObject({ action: z.literal('pause') }),
    z.strictObject({ action: z.literal('resume') }),
    z.strictObject({ action: z.literal('step') }),
    z.strictObject({ action: z.literal('whisper'), seat, text }),
    z.strictObject({ action: z.literal('say'), text }),
    z.strictObject({
      action: z.literal('limits'),
      limits: z
        .strictObject({
          maxMessages: limit.optional(),
          maxSeconds: limit.optional(),
          maxTokens: limit.optional(),
          maxCost: dollars.optional(),
        })
        .refine((limits) => Object.values(limits).some((one) => one !== undefined), 'no limit is named'),
    }),
    z.strictObject({ action: z.literal('give'), seat }),
    z.strictObject({ action: z.literal('goodbye') }),
    z.strictObject({ action: z.literal('stop') }),
    z.strictObject({ action: z.literal('status') }),
    z.strictObject({
      action: z.literal('approve'),
      id: count,
      verdict: z.enum(['yes', 'no', 'edit']),
      /** Of `edit`: what is run instead. */
      code: z.string().max(100_000).optional(),
      /** Of `no`: what the author is told. */
      why: z.string().max(2_000).optional(),
    }),
  ])
  .meta({ id: 'ControlAction' });
export type ControlAction = z.infer<typeof controlActionSchema>;

export const controlAnswerSchema = z
  .object({
    status: controlStatusSchema,
    /** Of `step`: whether a message waited for it. */
    step: z.enum(['released', 'next']).optional(),
  })
  .meta({ id: 'ControlAnswer' });
export type ControlAnswer = z.infer<typeof controlAnswerSchema>;

/** What whoever has taken a seat says. */
export const sayRequestSchema = z.strictObject({ text }).meta({ id: 'SayRequest' });

/** Event `seat` of /api/meetings/:id/seats/:seat/events: what the seat is told while a person has it. */
export type SeatMessage =
  | { readonly type: 'taken'; readonly partner: string }
  | { readonly type: 'start' }
  /** What was said so far, as the seat heard it. */
  | {
      readonly type: 'history';
      readonly entries: readonly { readonly by: 'you' | 'partner' | 'note'; readonly text: string }[];
    }
  | { readonly type: 'delta'; readonly text: string }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'note'; readonly text: string }
  | { readonly type: 'status'; readonly text: string }
  | { readonly type: 'bye' }
  | { readonly type: 'help' }
  /** The seat is not yours any more, in one sentence. The last of all. */
  | { readonly type: 'left'; readonly reason: string };

// --- Starting --------------------------------------------------------------------------------------------------

/** Services with a model behind them, which may be named. */
export const modelServices = ['openai', 'anthropic', 'ollama', 'lmstudio'] as const;
const serviceName = z.enum(serviceNames);
const modelName = z
  .string()
  .trim()
  .min(1)
  .max(200)
  .regex(/^[^\s\p{Cc}]+$/u);

/** Far more than a persona has. */
const mostPersonaCharacters = 200_000;

const seatRequest = z.strictObject({
  /** A name from /api/personas. */
  persona: z.string().regex(/^[\p{L}\p{N}_][\p{L}\p{N}._-]{0,99}$/u),
  /** Instead of what that persona's file says: Markdown as in docs of personas. */
  text: z.string().min(1).max(mostPersonaCharacters).optional(),
  /** Absent: what the persona asks for, else what the other seat has. */
  service: serviceName.optional(),
  /** Only for the services that have models. Absent: as in the service's settings. */
  model: modelName.optional(),
});

export const startRequestSchema = z
  .strictObject({
    seats: z.strictObject({ a: seatRequest, b: seatRequest }),
    limits: z
      .strictObject({
        maxMessages: limit.optional(),
        maxSeconds: limit.optional(),
        maxTokens: limit.optional(),
        maxCost: dollars.optional(),
        idleSeconds: limit.optional(),
      })
      .optional(),
    /** Absent: no code is run. */
    execution: z
      .strictObject({
        seats: z.enum(['both', 'a', 'b']).optional(),
        blocks: z.enum(['marked', 'fenced']).optional(),
        passes: limit.optional(),
        tier: z.enum(['auto', 'bubblewrap', 'deno', 'runsc']).optional(),
        /** Each block waits for `approve`. */
        approve: z.boolean().optional(),
      })
      .optional(),
    /** Absent: nothing is translated. */
    translation: z
      .strictObject({
        /** Absent: as in config/translator.yml. */
        service: z.enum(modelServices).optional(),
        model: modelName.optional(),
      })
      .optional(),
    first: z.enum(['a', 'b', 'random']).optional(),
    /** What the one who starts is sent. */
    hello: z.string().trim().min(1).max(2_000).optional(),
    seed: z
      .int()
      .min(0)
      .max(2 ** 31 - 1)
      .optional(),
    /** Characters a second of the built-in speakers; 0: at once. */
    typingSpeed: z.number().min(0).max(100_000).optional(),
  })
  .meta({ id: 'StartRequest' });
export type StartRequest = z.infer<typeof startRequestSchema>;

export const startedSchema = z.object({ meeting: meetingName }).meta({ id: 'Started' });
export type Started = z.infer<typeof startedSchema>;

// --- Personas, services, sandbox -------------------------------------------------------------------------------

export const personaRowSchema = z
  .object({
    /** How it is called here: the name of its file. */
    id: z.string(),
    name: z.string(),
    kind: z.string().optional(),
    lang: z.string().optional(),
    gender: z.string().optional(),
    service: serviceName.optional(),
    model: z.string().optional(),
    opening: z.string().optional(),
    /** Why it cannot be used. */
    problem: z.string().optional(),
  })
  .meta({ id: 'PersonaRow' });
export type PersonaRow = z.infer<typeof personaRowSchema>;
export const personaListSchema = z
  .object({ personas: z.array(personaRowSchema) })
  .meta({ id: 'PersonaList' });
export type PersonaList = z.infer<typeof personaListSchema>;

/** `text` is what its author wrote, `system` what the model is told. */
export const personaDetailSchema = personaRowSchema
  .extend({ text: z.string(), system: z.string() })
  .meta({ id: 'PersonaDetail' });
export type PersonaDetail = z.infer<typeof personaDetailSchema>;

export const personaPreviewRequestSchema = z
  .strictObject({
    /** The persona whose text was edited, whose neighbours in its folder count. */
    id: z.string().max(100).optional(),
    text: z.string().max(mostPersonaCharacters),
  })
  .meta({ id: 'PersonaPreviewRequest' });
export const personaPreviewSchema = z
  .object({
    /** Absent where it cannot be used. */
    persona: personaRowSchema.omit({ id: true, problem: true }).extend({ system: z.string() }).optional(),
    /** What is wrong or doubtful; `where` as in an editor, LINE:COLUMN, where it is known. */
    problems: z.array(z.object({ where: z.string(), message: z.string() })),
  })
  .meta({ id: 'PersonaPreview' });
export type PersonaPreview = z.infer<typeof personaPreviewSchema>;

export const serviceRowSchema = z
  .object({
    service: serviceName,
    /** `built-in` needs nothing; `settings` needs what only a file can say. */
    kind: z.enum(['built-in', 'hosted', 'local', 'settings']),
    /** The environment variable with its key; absent where none is needed. */
    keyVariable: z.string().optional(),
    /** Of those with one: whether it is set. Never what it is. */
    keyFound: z.boolean().optional(),
    /** Host and port of a local server, and whether it answers. */
    server: z.string().optional(),
    reachable: z.boolean().optional(),
    /** The model that is used unless another is named. */
    model: z.string().optional(),
    /** Whether a meeting can be started with it as things are. */
    usable: z.boolean(),
    /** What is missing, and what to do. */
    problem: z.string().optional(),
  })
  .meta({ id: 'ServiceRow' });
export type ServiceRow = z.infer<typeof serviceRowSchema>;
export const serviceListSchema = z
  .object({ services: z.array(serviceRowSchema) })
  .meta({ id: 'ServiceList' });
export type ServiceList = z.infer<typeof serviceListSchema>;
export const modelListSchema = z.object({ models: z.array(z.string()) }).meta({ id: 'ModelList' });
export type ModelList = z.infer<typeof modelListSchema>;

export const sandboxReportSchema = z
  .object({
    /** The tier that a meeting would use; null: none, no code can be run. */
    chosen: z.string().nullable(),
    tiers: z.array(
      z.object({
        tier: z.string(),
        /** Versions, where it can be tried. */
        description: z.string().optional(),
        /** Why it cannot be used, and what to install. */
        problem: z.string().optional(),
        /** The attacks that were tried; empty before `POST /api/sandbox/test`. */
        probes: z.array(
          z.looseObject({
            name: z.string(),
            group: z.string(),
            description: z.string(),
            /** `held`, `broke`, … as `colloquy doctor` has it. */
            status: z.string(),
            detail: z.string().optional(),
          }),
        ),
      }),
    ),
    /** ISO 8601 in UTC. */
    testedAt: z.string(),
    /** Whether the attacks were tried, or only the self-test of every start. */
    attacked: z.boolean(),
  })
  .meta({ id: 'SandboxReport' });
export type SandboxReport = z.infer<typeof sandboxReportSchema>;
