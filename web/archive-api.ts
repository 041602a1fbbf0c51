import * as z from 'zod';
import { flagNames } from '../journal/flag.ts';
import { meetingQuerySchema, meetingRowSchema, sortKeys as meetingSortKeys } from './api.ts';

/** What the archive's part of the HTTP API takes and gives. Free of everything that a browser lacks. */

const seatSchema = z.enum(['a', 'b']);

export const sortKeys = [...meetingSortKeys, 'duration'] as const;
export type SortKey = (typeof sortKeys)[number];

/** The query of a list of meetings: what stands in the address. */
export const archiveQuerySchema = meetingQuerySchema.extend({
  /** `any`: whatever is doubtful; `none`: nothing is. */
  flag: z.enum([...flagNames, 'any', 'none']).optional(),
  sort: z.enum(sortKeys).optional(),
});
export type ArchiveQuery = z.infer<typeof archiveQuerySchema>;

/** One turn in figures. Times are ISO 8601 in UTC, costs US dollars. */
export const seriesPointSchema = z.object({
  turn: z.int(),
  seat: seatSchema,
  t: z.string(),
  /** How it begins, one line. */
  begins: z.string(),
  characters: z.int(),
  /** Milliseconds that its writing took. */
  ms: z.number().optional(),
  input: z.int().optional(),
  output: z.int().optional(),
  cached: z.int().optional(),
  cost: z.number().optional(),
  /** What the meeting had cost by then, with all that came to nothing. */
  costSoFar: z.number(),
  flags: z.array(z.string()),
  /** Its code that was run, and how that went. */
  ran: z.int(),
  failed: z.int(),
  isInherited: z.boolean(),
  isModerator: z.boolean(),
});
export type SeriesPoint = z.infer<typeof seriesPointSchema>;

export const seriesSchema = z.object({
  names: z.object({ a: z.string(), b: z.string() }),
  points: z.array(seriesPointSchema),
  /** False: what a seat cost is not known, and stands for nothing in the sums. */
  isPriced: z.object({ a: z.boolean(), b: z.boolean() }),
});
export type Series = z.infer<typeof seriesSchema>;

const comparedTurnSchema = z.object({
  turn: z.int(),
  seat: seatSchema,
  name: z.string(),
  text: z.string(),
});
export type ComparedTurnAnswer = z.infer<typeof comparedTurnSchema>;

const wordPartSchema = z.object({ type: z.enum(['same', 'left', 'right']), text: z.string() });

const comparedRowSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('same'), left: comparedTurnSchema, right: comparedTurnSchema }),
  z.object({
    type: z.literal('changed'),
    left: comparedTurnSchema,
    right: comparedTurnSchema,
    words: z.array(wordPartSchema).readonly(),
  }),
  z.object({ type: z.literal('left'), left: comparedTurnSchema }),
  z.object({ type: z.literal('right'), right: comparedTurnSchema }),
]);
export type ComparedRowAnswer = z.infer<typeof comparedRowSchema>;

const comparedSpeakerSchema = z.object({ name: z.string(), model: z.string(), lang: z.string().optional() });

const comparedMeetingSchema = z.object({
  meeting: z.string(),
  startedAt: z.string().optional(),
  ended: z.string(),
  turns: z.int(),
  seats: z.object({ a: comparedSpeakerSchema, b: comparedSpeakerSchema }),
});
export type ComparedMeeting = z.infer<typeof comparedMeetingSchema>;

export const comparisonSchema = z.object({
  left: comparedMeetingSchema,
  right: comparedMeetingSchema,
  /** How many turns the two have in common at their beginnings. */
  common: z.int(),
  rows: z.array(comparedRowSchema).readonly(),
});
export type ComparisonAnswer = z.infer<typeof comparisonSchema>;

export interface TreeNode {
  readonly meeting: string;
  /** The last turn that was taken over from the one above; 0: begun anew; absent at the top. */
  readonly at?: number | undefined;
  /** False: only its forks know of it. */
  readonly isThere: boolean;
  readonly forks: readonly TreeNode[];
}

const treeNodeSchema: z.ZodType<TreeNode> = z
  .object({
    meeting: z.string(),
    at: z.int().optional(),
    isThere: z.boolean(),
    forks: z.array(z.lazy(() => treeNodeSchema)).readonly(),
  })
  .meta({ id: 'TreeNode' });

/** `tree` is absent where a meeting has neither parent nor forks. */
export const treeAnswerSchema = z.object({ tree: treeNodeSchema.optional() });
export type TreeAnswer = z.infer<typeof treeAnswerSchema>;

/** Where the words of a search were found in a meeting. */
export const searchHitSchema = z.object({
  turn: z.int(),
  seat: seatSchema,
  name: z.string(),
  /** A window of the turn around what was found. */
  text: z.string(),
  /** From and to, in UTF-16 code units of `text`. */
  marks: z.array(z.tuple([z.int(), z.int()])),
});
export type SearchHit = z.infer<typeof searchHitSchema>;

const choiceSchema = z.array(z.object({ value: z.string(), count: z.int() }));

/** A meeting, with where the words that were looked for stand in it. */
const foundMeetingSchema = meetingRowSchema.extend({ hits: z.array(searchHitSchema).optional() });
export type FoundMeeting = z.infer<typeof foundMeetingSchema>;

export const archiveAnswerSchema = z
  .object({
    total: z.int(),
    meetings: z.array(foundMeetingSchema),
    /** How many meetings there are, whatever was asked for. */
    all: z.int(),
    /** What there is to choose from, the most frequent first. */
    choices: z.object({
      personas: choiceSchema,
      models: choiceSchema,
      ended: choiceSchema,
      flags: choiceSchema,
    }),
    /** Journals that could not be searched, each a sentence. */
    problems: z.array(z.string()),
  })
  .meta({ id: 'ArchiveAnswer' });
export type ArchiveAnswer = z.infer<typeof archiveAnswerSchema>;

/** `blocked`: the run has ended, and what the step needs is missing. */
export const stepStates = [
  'waiting',
  'running',
  'interrupted',
  'done',
  'skipped',
  'failed',
  'blocked',
] as const;
export type StepState = (typeof stepStates)[number];

export const runStates = ['running', 'done', 'failed', 'interrupted'] as const;
export type RunState = (typeof runStates)[number];

const runRowSchema = z.object({
  id: z.string(),
  kind: z.enum(['pipeline', 'code']),
  /** The pipeline's name, or how the task begins. */
  title: z.string(),
  request: z.string().optional(),
  startedAt: z.string(),
  endedAt: z.string().optional(),
  state: z.enum(runStates),
  /** Why it failed as a whole. */
  error: z.string().optional(),
  steps: z.object({ done: z.int(), failed: z.int(), skipped: z.int(), all: z.int() }),
});
export type RunRow = z.infer<typeof runRowSchema>;

export const runsSchema = z.object({ runs: z.array(runRowSchema), total: z.int() });
export type RunsAnswer = z.infer<typeof runsSchema>;

const runStepSchema = z.object({
  name: z.string(),
  module: z.string(),
  state: z.enum(stepStates),
  ms: z.number().optional(),
  attempts: z.int().optional(),
  fromCache: z.boolean().optional(),
  error: z.string().optional(),
  /** Markdown, its beginning where it is long. */
  output: z.string().optional(),
  isCut: z.boolean(),
  models: z.array(z.string()),
  tokens: z.int().optional(),
});
export type RunStep = z.infer<typeof runStepSchema>;

const runFileSchema = z.object({ path: z.string(), bytes: z.int() });

/** Where a step stands in the picture, in units of CSS pixels; edges are polylines from need to step. */
const runGraphSchema = z.object({
  width: z.number(),
  height: z.number(),
  nodes: z.array(
    z.object({ step: z.string(), x: z.number(), y: z.number(), width: z.number(), height: z.number() }),
  ),
  edges: z.array(
    z.object({
      from: z.string(),
      to: z.string(),
      isCondition: z.boolean(),
      points: z.array(z.object({ x: z.number(), y: z.number() })),
    }),
  ),
});
export type RunGraph = z.infer<typeof runGraphSchema>;

export const runDetailSchema = z.object({
  row: runRowSchema,
  steps: z.array(runStepSchema),
  graph: runGraphSchema.optional(),
  files: z.array(runFileSchema),
  /** There are more than are listed. */
  hasMoreFiles: z.boolean(),
  /** `report.html`, to be shown in a frame that may do nothing. */
  hasReport: z.boolean(),
  /** Markdown documents that are for reading: `report.md`, `prompts.md`. */
  documents: z.array(z.string()),
});
export type RunDetail = z.infer<typeof runDetailSchema>;
