import path from 'node:path';
import type { CommandModule, InferredOptionTypes } from 'yargs';
import { describeMeeting, folderFlag, resolveMeeting } from '../meeting-folder.ts';

const flags = {
  ...folderFlag,
  all: { type: 'boolean', describe: 'Write out what is the same, too' },
  format: {
    alias: 'f',
    choices: ['text', 'json'] as const,
    default: 'text' as const,
    describe: 'json: one object, for programs',
  },
} as const;

type Flags = InferredOptionTypes<typeof flags> & { left: string; right: string };

export const diffCommand: CommandModule<object, Flags> = {
  command: 'diff <left> <right>',
  describe: 'Set two meetings side by side',
  builder: (cli) =>
    cli
      .positional('left', { type: 'string', demandOption: true, describe: describeMeeting })
      .positional('right', { type: 'string', demandOption: true, describe: 'The other one' })
      .options(flags),
  handler: runDiff,
};

async function runDiff({ left, right, transcripts, all = false, format }: Flags): Promise<void> {
  const { compareMeetings } = await import('../../journal/compare.ts');
  const { readConversation } = await import('../../journal/conversation.ts');
  const folders = [
    await resolveMeeting({ meeting: left, transcripts }),
    await resolveMeeting({ meeting: right, transcripts }),
  ] as const;
  const journalOf = (folder: string): string => path.join(folder, 'journal.jsonl');
  const meetings = {
    left: await readConversation(journalOf(folders[0])),
    right: await readConversation(journalOf(folders[1])),
  };
  const comparison = compareMeetings(meetings.left, meetings.right);
  if (format === 'json') {
    const names = { left: meetings.left.meeting, right: meetings.right.meeting };
    process.stdout.write(JSON.stringify({ ...names, ...comparison }, null, 2) + '\n');
    return;
  }
  const { renderComparison } = await import('../comparison-view.ts');
  const { isTTY, columns } = process.stdout;
  const look = { color: isTTY === true, width: Math.min(columns ?? 120, 200), all };
  process.stdout.write(renderComparison(comparison, meetings, look));
}
