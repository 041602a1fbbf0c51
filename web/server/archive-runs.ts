import { readdir } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import type { RunDetail, RunRow, RunsAnswer, RunState } from '../archive-api.ts';
import { folderBelow, listFiles, readInside } from './archive-files.ts';
import { layOutGraph } from './archive-run-graph.ts';
import { readCodingSteps } from './archive-run-code.ts';
import { readPipelineSteps } from './archive-run-pipeline.ts';
import type { ReadRun } from './archive-run-steps.ts';

/** Of `run.json` in the folder of a run. Lenient: a page about an older or newer run is better than none. */
const runSchema = z.object({
  kind: z.literal('code').optional(),
  pipeline: z.string().optional(),
  request: z.string().optional(),
  task: z.string().optional(),
  startedAt: z.string().refine((text) => !Number.isNaN(Date.parse(text))),
  endedAt: z.string().optional(),
  outcome: z.string().optional(),
  state: z.string().optional(),
  error: z.string().optional(),
});
type RunRecord = z.infer<typeof runSchema>;

/** Whether a process is at work in the folder of a run. */
export type IsRunning = (folder: string) => boolean;

const mostRows = 1_000;
const filesAtOnce = 16;
const longestRecordBytes = 4 * 1024 * 1024;

/** The runs of pipelines and of the coder in a folder, the latest first. */
export async function listRuns(runs: string, isRunning: IsRunning): Promise<RunsAnswer> {
  const entries = await readdir(runs, { withFileTypes: true }).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  const names = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
  // A name begins with the time.
  const latest = names
    .map(({ name }) => name)
    .sort()
    .reverse();
  const rows: RunRow[] = [];
  const next = latest.slice(0, mostRows).values();
  const work = async (): Promise<void> => {
    for (const name of next) {
      const run = await readRun(runs, name, isRunning);
      if (run) rows.push(run.row);
    }
  };
  await Promise.all(Array.from({ length: filesAtOnce }, work));
  rows.sort((one, other) => (one.startedAt < other.startedAt ? 1 : one.startedAt > other.startedAt ? -1 : 0));
  return { runs: rows, total: rows.length };
}

const mostFiles = 500;
const readingDocuments = ['report.md', 'prompts.md', 'plan.md', 'task.md'];

/** Undefined where there is no such run. */
export async function readRunDetail(
  runs: string,
  name: string,
  isRunning: IsRunning,
): Promise<RunDetail | undefined> {
  const run = await readRun(runs, name, isRunning);
  if (!run) return undefined;
  const { row, steps, graph, folder } = run;
  const { files, hasMore } = await listFiles(folder, mostFiles);
  const has = (file: string): boolean => files.some(({ path: each }) => each === file);
  return {
    row,
    steps: [...steps],
    ...(graph.length > 1 ? { graph: layOutGraph(graph) } : {}),
    files,
    hasMoreFiles: hasMore,
    hasReport: has('report.html'),
    documents: readingDocuments.filter(has),
  };
}

async function readRun(
  runs: string,
  name: string,
  isRunning: IsRunning,
): Promise<(ReadRun & { readonly row: RunRow; readonly folder: string }) | undefined> {
  const folder = await folderBelow(runs, name);
  const record =
    folder === undefined ? undefined : parseRecord(await readInside(folder, 'run.json', longestRecordBytes));
  if (folder === undefined || !record) return undefined;
  const isCode = record.kind === 'code';
  const isAtWork = isRunning(folder);
  const life = { isRunning: isAtWork, hasEnded: record.endedAt !== undefined && !isAtWork };
  const { steps, graph } = isCode
    ? await readCodingSteps(folder, life)
    : await readPipelineSteps(folder, life);
  const count = (state: string): number => steps.filter((step) => step.state === state).length;
  const counts = {
    done: count('done'),
    failed: count('failed'),
    skipped: count('skipped'),
    all: steps.length,
  };
  const request = record.request ?? record.task;
  return {
    folder,
    steps,
    graph,
    row: {
      id: name,
      kind: isCode ? 'code' : 'pipeline',
      title: (isCode ? firstLine(record.task ?? '') : record.pipeline) || path.basename(folder),
      ...(request === undefined ? {} : { request }),
      startedAt: record.startedAt,
      ...(record.endedAt === undefined ? {} : { endedAt: record.endedAt }),
      state: stateOf(record, isAtWork, counts),
      ...(record.error === undefined ? {} : { error: record.error }),
      steps: counts,
    },
  };
}

const codingStates: Readonly<Record<string, RunState>> = {
  solved: 'done',
  written: 'done',
  done: 'done',
  failed: 'failed',
  error: 'failed',
  interrupted: 'interrupted',
};

function stateOf(record: RunRecord, isRunning: boolean, counts: RunRow['steps']): RunState {
  if (isRunning) return 'running';
  const said = codingStates[record.outcome ?? record.state ?? ''];
  if (said) return said;
  if (counts.all > 0 && counts.done + counts.skipped === counts.all) return 'done';
  return counts.failed > 0 ? 'failed' : 'interrupted';
}

function parseRecord(text: string | undefined): RunRecord | undefined {
  if (text === undefined) return undefined;
  try {
    return runSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

const longestTitle = 100;

function firstLine(text: string): string {
  const line = text.trim().split('\n', 1)[0] ?? '';
  return line.length > longestTitle ? `${line.slice(0, longestTitle)}…` : line;
}
