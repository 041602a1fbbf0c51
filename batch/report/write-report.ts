import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { openOutputFile } from '../../journal/export/output-file.ts';
import { messageOf, ColloquyError } from '../../wire/errors.ts';
import type { Job } from '../expand.ts';
import { collectBatch, type DigestsOf } from './collect.ts';
import { renderReport } from './page.ts';
import { meetingTable, verdictTable } from './tables.ts';
import { toCsv, toParquet } from './write-table.ts';

export interface ReportOptions {
  readonly name: string;
  readonly jobs: readonly Job[];
  /** Of the batch. */
  readonly folder: string;
  /** Where the report is put; made if it is not there. */
  readonly target: string;
  readonly software: string;
  readonly digestsOf?: DigestsOf;
}

export interface WrittenReport {
  readonly page: string;
  readonly held: number;
  readonly total: number;
}

const pageName = 'report.html';

/** Writes the report of a batch, and its data, each file whole or not at all. Rejects with ColloquyError. */
export async function writeReport({
  name,
  jobs,
  folder,
  target,
  software,
  digestsOf,
}: ReportOptions): Promise<WrittenReport> {
  const meetings = await collectBatch(folder, jobs, digestsOf);
  const tables = { meetings: meetingTable(meetings), verdicts: verdictTable(meetings) };
  const data = Object.entries(tables).flatMap(([kind, table]) => [
    [`${kind}.csv`, toCsv(table)] as const,
    [`${kind}.parquet`, toParquet(table)] as const,
  ]);
  const relative = path.relative(target, folder).split(path.sep).map(encodeURIComponent).join('/');
  const page = renderReport(meetings, {
    name,
    software,
    base: relative === '' ? '' : `${relative}/`,
    data: data.map(([file]) => file),
  });
  try {
    mkdirSync(target, { recursive: true });
  } catch (error) {
    throw new ColloquyError(`${target} cannot be made: ${messageOf(error)}`, {
      code: 'no-file',
      cause: error,
    });
  }
  for (const [file, content] of [...data, [pageName, page] as const]) {
    const output = await openOutputFile(path.join(target, file));
    try {
      await output.write(content);
      await output.publish();
    } catch (error) {
      await output.discard();
      throw error;
    }
  }
  const held = meetings.filter(({ status }) => status === 'held').length;
  return { page: path.join(target, pageName), held, total: meetings.length };
}
