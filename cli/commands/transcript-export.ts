import { mkdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { CommandModule, InferredOptionTypes } from 'yargs';
import type { ExportSummary } from '../../journal/export/export-meetings.ts';
import { exportFormats, type ExportFormat } from '../../journal/export/exporter.ts';
import type { OutputFile } from '../../journal/export/output-file.ts';
import type { MeetingSummary } from '../../journal/meetings.ts';
import { visibleLine } from '../../journal/render/visible-controls.ts';
import { UsageError } from '../failure.ts';
import { takingMany } from '../many.ts';
import { folderFlag, resolveFolder, resolveMeeting } from '../meeting-folder.ts';
import { parseSince } from '../since.ts';

const flags = {
  ...folderFlag,
  format: {
    alias: 'f',
    choices: exportFormats,
    demandOption: true,
    describe: 'What reads it (docs/export.md)',
  },
  seat: {
    choices: ['a', 'b'] as const,
    describe: 'Whose view it is [default: both; of inspect and sillytavern a]',
  },
  output: {
    alias: 'o',
    type: 'string',
    describe: 'File to write; of sillytavern, with several meetings, a folder [default: -, which is stdout]',
  },
  all: { type: 'boolean', describe: 'All meetings' },
  since: { type: 'string', describe: 'All that began since: 2026-11-01, 2026-11-01T12:00, or 7d, 12h' },
  speaker: { type: 'string', describe: 'All in which this one sat: a part of the name' },
} as const;

type Flags = InferredOptionTypes<typeof flags> & { meetings?: string[] | undefined };

export const exportCommand: CommandModule<object, Flags> = {
  command: 'export [meetings..]',
  describe: 'Write meetings in a format that other programs read',
  builder: (cli) =>
    takingMany(cli)
      .positional('meetings', {
        type: 'string',
        array: true,
        describe: 'Names of meetings, their beginnings, or "last"',
      })
      .options(flags),
  handler: runExport,
};

async function runExport(argv: Flags): Promise<void> {
  const folders = await selectFolders(argv);
  const { format, output = '-' } = argv;
  const files = await planFiles(folders, format, output);
  const summaries: ExportSummary[] = [];
  for (const file of files) summaries.push(await writeFile(file, argv));
  const total = (key: keyof ExportSummary): number => summaries.reduce((sum, each) => sum + each[key], 0);
  if (total('without') > 0) {
    tell(`${counted(total('without'), 'meeting')} had nothing to give: whose view it is said nothing there.`);
  }
  tell(
    `${counted(total('meetings'), 'meeting')}, ${counted(total('records'), units[format])}: ${output === '-' ? 'stdout' : output}`,
  );
  if (total('failed') > 0) process.exitCode = 1;
}

const units: { readonly [format in ExportFormat]: string } = {
  openai: 'conversation',
  sharegpt: 'conversation',
  inspect: 'sample',
  sillytavern: 'message',
  csv: 'row',
  parquet: 'row',
};

async function selectFolders(argv: Flags): Promise<readonly string[]> {
  const { meetings = [], transcripts, all = false, since, speaker } = argv;
  const isFiltered = all || since !== undefined || speaker !== undefined;
  if (meetings.length === 0 && !isFiltered) {
    throw new UsageError('say which meetings: their names, "last", --all, --since or --speaker');
  }
  if (meetings.length > 0 && isFiltered) {
    throw new UsageError(
      'name meetings, or choose among all with --all, --since and --speaker, but not both',
    );
  }
  if (isFiltered) {
    const { listMeetings } = await import('../../journal/meetings.ts');
    const sinceMs = since === undefined ? -Infinity : parseSince(since, Date.now());
    const found = (await listMeetings(await resolveFolder(argv))).filter(
      (meeting) => Date.parse(meeting.startedAt) >= sinceMs && hasSpeaker(meeting, speaker),
    );
    if (found.length === 0)
      throw new UsageError('there is no such meeting; "colloquy transcript list" shows all');
    return found.map(({ folder }) => folder);
  }
  const folders = new Set<string>();
  // A number is a name like any other, and yargs makes numbers of them.
  for (const meeting of meetings)
    folders.add(await resolveMeeting({ meeting: String(meeting), transcripts }));
  return [...folders];
}

function hasSpeaker({ seats }: MeetingSummary, speaker: string | undefined): boolean {
  const fold = (text: string): string => text.normalize('NFC').toLowerCase();
  return speaker === undefined || [seats.a, seats.b].some(({ name }) => fold(name).includes(fold(speaker)));
}

interface PlannedFile {
  /** `-`: stdout. */
  readonly target: string;
  readonly folders: readonly string[];
}

async function planFiles(
  folders: readonly string[],
  format: ExportFormat,
  output: string,
): Promise<readonly PlannedFile[]> {
  if (format === 'parquet' && output === '-' && process.stdout.isTTY) {
    throw new UsageError(
      'parquet is not for reading in a terminal: say where to write it, -o meetings.parquet',
    );
  }
  const isFolder = output !== '-' && (await isDirectory(output));
  if (format !== 'sillytavern' || (folders.length === 1 && !isFolder)) return [{ target: output, folders }];
  if (output === '-') {
    throw new UsageError(
      'a chat of SillyTavern is a file of its own: say which folder to put them in, -o chats',
    );
  }
  await mkdir(output, { recursive: true });
  return folders.map((folder) => ({
    target: path.join(output, `${path.basename(folder)}.jsonl`),
    folders: [folder],
  }));
}

async function isDirectory(file: string): Promise<boolean> {
  return stat(file).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function writeFile({ target, folders }: PlannedFile, { format, seat }: Flags): Promise<ExportSummary> {
  const { createExporter, exportMeetings } = await import('../../journal/export/export-meetings.ts');
  const { openOutputFile } = await import('../../journal/export/output-file.ts');
  const file = target === '-' ? standardOutput : await openOutputFile(target);
  try {
    const summary = await exportMeetings(folders, createExporter(format, seat), {
      write: (data) => file.write(data),
      onProblem: tell,
    });
    await file.publish();
    return summary;
  } catch (error) {
    await file.discard();
    throw error;
  }
}

const standardOutput: OutputFile = {
  write: (data) => new Promise((resolve) => process.stdout.write(data, () => resolve())),
  publish: async () => {},
  discard: async () => {},
};

function tell(sentence: string): void {
  process.stderr.write(`${visibleLine(sentence)}\n`);
}

function counted(count: number, unit: string): string {
  return count === 1 ? `1 ${unit}` : `${count} ${unit}s`;
}
