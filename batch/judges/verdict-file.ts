import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { writePrivately } from '../../proxy/seats-file.ts';
import type { Usage } from '../../wire/types.ts';
import { addUsage } from '../../wire/usage.ts';
import type { Order } from './judge-wish.ts';

const count = z.int().min(0);
const usage = z
  .object({ input: count, output: count, cached: count, stored: count.optional() })
  .transform(({ stored, ...rest }) => ({ ...rest, ...(stored === undefined ? {} : { stored }) }));

const attempt = z.object({
  /** ISO 8601 in UTC. */
  startedAt: z.iso.datetime(),
  ms: z.number(),
  /** What the judge wrote, as far as it came. */
  reply: z.string(),
  finish: z.string(),
  /** What was wrong with it. */
  problem: z.string().optional(),
  usage: usage.optional(),
});

const scores = z.record(z.string(), z.number());

const verdictFile = z.object({
  v: z.literal(1),
  judge: z.string(),
  order: z.enum(['ab', 'ba']),
  /** From 1. */
  repetition: z.int().min(1),
  /** Of the judge, the rubric and the transcript: another one is another verdict. */
  digest: z.string(),
  provider: z.string(),
  model: z.string(),
  rubric: z.array(z.object({ name: z.string(), min: z.number(), max: z.number() })),
  result: z.discriminatedUnion('type', [
    z.object({
      type: z.literal('verdict'),
      winner: z.enum(['a', 'b', 'tie']),
      scores: z.object({ a: scores, b: scores }),
      turn: z.int(),
      quotation: z.string(),
      reason: z.string(),
    }),
    /** The judge was asked as often as it may be, and no answer could be used. */
    z.object({ type: z.literal('invalid'), problem: z.string() }),
    /** The judge could not be asked; it is tried again. */
    z.object({ type: z.literal('failed'), problem: z.string() }),
    z.object({ type: z.literal('unfinished') }),
  ]),
  attempts: z.array(attempt),
  /** Of all attempts. */
  usage: usage.optional(),
  /** US dollars; absent where no price is known. */
  cost: z.number().optional(),
});

export type VerdictFile = Readonly<z.infer<typeof verdictFile>>;
export type Attempt = z.infer<typeof attempt>;

/** Which verdict on a meeting. */
export interface Slot {
  readonly judge: string;
  readonly order: Order;
  readonly repetition: number;
}

const folderName = 'verdicts';
/** Verdicts of a judge, rubric or transcript that is not the same any more: they were paid for. */
const formerName = 'former';

/** Undefined where there is none that can be read. */
export function readVerdictFile(meeting: string, slot: Slot): VerdictFile | undefined {
  return readOne(fileOf(meeting, slot));
}

/** Whole or not at all. Throws the system's error. */
export function writeVerdictFile(meeting: string, verdict: VerdictFile): void {
  mkdirSync(path.join(meeting, folderName), { recursive: true });
  writePrivately(fileOf(meeting, verdict), verdict);
}

/** Makes room for a new verdict, and keeps the one that is there. */
export function setVerdictAside(meeting: string, slot: Slot): void {
  const from = fileOf(meeting, slot);
  if (!existsSync(from)) return;
  const former = path.join(meeting, folderName, formerName);
  mkdirSync(former, { recursive: true });
  const { name } = path.parse(from);
  for (let number = 1; ; number++) {
    const to = path.join(former, `${name}.${number}.json`);
    if (existsSync(to)) continue;
    return renameSync(from, to);
  }
}

/** The verdicts on a meeting; `former` ones are those that do not count any more. */
export function readVerdicts(meeting: string): {
  readonly verdicts: readonly VerdictFile[];
  readonly former: readonly VerdictFile[];
} {
  const folder = path.join(meeting, folderName);
  return { verdicts: readAll(folder), former: readAll(path.join(folder, formerName)) };
}

/** What all verdicts on a meeting took, former ones too. US dollars, as far as prices are known. */
export function verdictTotals(meeting: string): { readonly tokens: number; readonly cost: number } {
  const { verdicts, former } = readVerdicts(meeting);
  const all = [...verdicts, ...former];
  return {
    tokens: all.reduce((sum, { usage }) => sum + (usage ? usage.input + usage.output : 0), 0),
    cost: all.reduce((sum, { cost = 0 }) => sum + cost, 0),
  };
}

export function usageOf(attempts: readonly Attempt[]): Usage | undefined {
  return attempts.reduce<Usage | undefined>((sum, { usage }) => addUsage(sum, usage), undefined);
}

/** `NAME-ab.json`, `NAME-ab-2.json`. */
export function verdictFileName({ judge, order, repetition }: Slot): string {
  return `${judge}-${order}${repetition === 1 ? '' : `-${repetition}`}.json`;
}

function fileOf(meeting: string, slot: Slot): string {
  return path.join(meeting, folderName, verdictFileName(slot));
}

function readAll(folder: string): VerdictFile[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .flatMap((name) => readOne(path.join(folder, name)) ?? []);
}

function readOne(file: string): VerdictFile | undefined {
  try {
    return verdictFile.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch {
    return undefined;
  }
}
