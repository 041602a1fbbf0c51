import path from 'node:path';
import { ColloquyError, messageOf } from '../../wire/errors.ts';
import type { Seat } from '../../wire/types.ts';
import { OutlineBuilder, readOutline } from '../conversation.ts';
import type { JournalEvent } from '../event.ts';
import { journalFileName } from '../journal.ts';
import { journalItems } from '../read.ts';
import { createCsvExporter } from './csv.ts';
import type { ExportedMeeting, Exporter, ExportFormat } from './exporter.ts';
import { createInspectExporter } from './inspect.ts';
import { createOpenAiExporter } from './openai.ts';
import { createParquetExporter } from './parquet.ts';
import { createShareGptExporter } from './sharegpt.ts';
import { createSillyTavernExporter } from './sillytavern.ts';

export interface ExportSummary {
  /** Those of which something stands in the file. */
  readonly meetings: number;
  readonly records: number;
  /** Those that had nothing to give: nobody spoke, or not the one whose view it is. */
  readonly without: number;
  /** Those that could not be read. */
  readonly failed: number;
}

interface ExportHooks {
  readonly write: (data: string | Uint8Array) => Promise<void>;
  /** One sentence about a meeting that is not in the file, or not whole. */
  readonly onProblem: (sentence: string) => void;
}

/** Undefined for `seat`: both views, or that of `a` in formats that hold only one. */
export function createExporter(format: ExportFormat, seat: Seat | undefined): Exporter {
  switch (format) {
    case 'openai':
      return createOpenAiExporter(seat);
    case 'sharegpt':
      return createShareGptExporter(seat);
    case 'inspect':
      return createInspectExporter(seat ?? 'a');
    case 'sillytavern':
      return createSillyTavernExporter(seat ?? 'a');
    case 'csv':
      return createCsvExporter(seat);
    case 'parquet':
      return createParquetExporter(seat);
  }
}

/**
 * Writes meetings, one in memory at a time, in the order of their folders. One that cannot be read is told of
 * and left out. Rejects with what `write` rejects with.
 */
export async function exportMeetings(
  folders: readonly string[],
  exporter: Exporter,
  { write, onProblem }: ExportHooks,
): Promise<ExportSummary> {
  const unreadable = new Set<string>();
  const attempt = async <T>(folder: string, work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      unreadable.add(folder);
      onProblem(`${path.basename(folder)} is left out: ${messageOf(error)}`);
      return undefined;
    }
  };
  if (exporter.survey) {
    for (const folder of folders) {
      const outline = await attempt(folder, () => readOutline(path.join(folder, journalFileName)));
      if (outline) exporter.survey({ ...outline, meeting: path.basename(folder) });
    }
  }
  let meetings = 0;
  let records = 0;
  let without = 0;
  for (const folder of folders) {
    if (unreadable.has(folder)) continue;
    const meeting = await attempt(folder, () => readMeeting(folder));
    if (!meeting) continue;
    if (meeting.badLines > 0) onProblem(describeBadLines(meeting));
    const piece = exporter.add(meeting);
    if (piece.data.length > 0) await write(piece.data);
    records += piece.records;
    if (piece.records > 0) meetings++;
    else without++;
  }
  await write(exporter.end());
  return { meetings, records, without, failed: unreadable.size };
}

/** It bears the name of its folder, by which it is found again. Rejects with ColloquyError `journal-unreadable`. */
async function readMeeting(folder: string): Promise<ExportedMeeting> {
  const file = path.join(folder, journalFileName);
  const builder = new OutlineBuilder(path.basename(folder));
  const events: JournalEvent[] = [];
  let badLines = 0;
  try {
    for await (const item of journalItems(file)) {
      builder.add(item);
      if (item.type === 'event') events.push(item.event);
      if (item.type === 'bad') badLines++;
    }
  } catch (error) {
    throw new ColloquyError(`the journal ${file} cannot be read: ${messageOf(error)}`, {
      code: 'journal-unreadable',
      cause: error,
    });
  }
  return { outline: { ...builder.outline, meeting: path.basename(folder) }, events, badLines };
}

function describeBadLines({ outline, badLines }: ExportedMeeting): string {
  const lines =
    badLines === 1
      ? 'a line of its journal cannot be read and is'
      : `${badLines} lines of its journal cannot be read and are`;
  return `${outline.meeting}: ${lines} left out`;
}
