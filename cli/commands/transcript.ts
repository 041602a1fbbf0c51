import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { CommandModule } from 'yargs';
import type { CommandGroup } from '../command-group.ts';
import {
  describeMeeting,
  folderFlag,
  resolveFolder,
  resolveMeeting,
  type FolderFlags,
} from '../meeting-folder.ts';
import { transcriptCheck } from './transcript-check.ts';
import { diffCommand } from './transcript-diff.ts';
import { exportCommand } from './transcript-export.ts';
import { searchCommand } from './transcript-search.ts';

const formats = {
  md: 'transcript.md',
  html: 'transcript.html',
  a: 'a.txt',
  b: 'b.txt',
  json: 'journal.jsonl',
} as const;

interface MeetingFlags extends FolderFlags {
  readonly meeting: string;
}

const list: CommandModule<object, FolderFlags & { json?: boolean | undefined }> = {
  command: 'list',
  describe: 'List the meetings, the latest last',
  builder: { ...folderFlag, json: { type: 'boolean', describe: 'One JSON object a line, for programs' } },
  handler: async (argv) => {
    const { listMeetings } = await import('../../journal/meetings.ts');
    const meetings = await listMeetings(await resolveFolder(argv));
    const { renderMeetingTable } = await import('../meeting-table.ts');
    if (argv.json) for (const meeting of meetings) process.stdout.write(JSON.stringify(meeting) + '\n');
    else process.stdout.write(renderMeetingTable(meetings));
  },
};

const show: CommandModule<object, MeetingFlags & { format?: keyof typeof formats | undefined }> = {
  command: 'show <meeting>',
  describe: 'Print a meeting',
  builder: (cli) =>
    cli.positional('meeting', { type: 'string', demandOption: true, describe: describeMeeting }).options({
      ...folderFlag,
      format: {
        alias: 'f',
        choices: Object.keys(formats) as (keyof typeof formats)[],
        describe: 'Print this file of it instead',
      },
    }),
  handler: async (argv) => {
    const folder = await resolveMeeting(argv);
    if (argv.format !== undefined) {
      process.stdout.write(await readFile(path.join(folder, formats[argv.format]), 'utf8'));
      return;
    }
    const { readConversation } = await import('../../journal/conversation.ts');
    const { renderForTerminal } = await import('../../journal/render/terminal.ts');
    const conversation = await readConversation(path.join(folder, 'journal.jsonl'));
    const { isTTY, columns } = process.stdout;
    process.stdout.write(
      renderForTerminal(conversation, { color: isTTY === true, width: Math.min(columns ?? 100, 100) }),
    );
    const { readForkTree } = await import('../../journal/forks.ts');
    const { renderForkTree } = await import('../fork-tree-view.ts');
    const meeting = path.basename(folder);
    const tree = await readForkTree(path.dirname(folder), meeting);
    if (tree) process.stdout.write(`\n${renderForkTree(tree, meeting, { color: isTTY === true })}`);
  },
};

const render: CommandModule<object, MeetingFlags> = {
  command: 'render <meeting>',
  describe: 'Write the transcripts again from the journal',
  builder: (cli) =>
    cli
      .positional('meeting', { type: 'string', demandOption: true, describe: describeMeeting })
      .options(folderFlag),
  handler: async (argv) => {
    const { renderTranscripts } = await import('../../journal/transcript-writer.ts');
    const folder = await resolveMeeting(argv);
    await renderTranscripts(folder);
    process.stdout.write(`${path.relative('', path.join(folder, 'transcript.html'))}\n`);
  },
};

const where: CommandModule<object, MeetingFlags> = {
  command: 'path <meeting>',
  describe: 'Print the folder of a meeting',
  builder: (cli) =>
    cli
      .positional('meeting', { type: 'string', demandOption: true, describe: describeMeeting })
      .options(folderFlag),
  handler: async (argv) => {
    process.stdout.write((await resolveMeeting(argv)) + '\n');
  },
};

export const transcriptCommands: CommandGroup = {
  name: 'transcript',
  describe: 'List, show, search, compare, check, export and render what was said',
  commands: [list, show, searchCommand, diffCommand, transcriptCheck, exportCommand, render, where],
};
