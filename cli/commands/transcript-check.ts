import path from 'node:path';
import type { CommandModule } from 'yargs';
import { describeMeeting, folderFlag, resolveMeeting, type FolderFlags } from '../meeting-folder.ts';

interface Flags extends FolderFlags {
  readonly meeting: string;
  readonly config?: string | undefined;
}

/** Reads a journal as the relay would have read along, also one from before it could. Writes nothing. */
export const transcriptCheck: CommandModule<object, Flags> = {
  command: 'check <meeting>',
  describe: 'Say where a meeting went round in circles, and what is doubtful about it',
  builder: (cli) =>
    cli.positional('meeting', { type: 'string', demandOption: true, describe: describeMeeting }).options({
      ...folderFlag,
      config: {
        alias: 'c',
        type: 'string',
        normalize: true,
        describe: 'Settings file with the limits of loops',
      },
    }),
  handler: async (argv) => {
    const folder = await resolveMeeting(argv);
    const { readConversation } = await import('../../journal/conversation.ts');
    const { describeFlags } = await import('../../journal/render/sentences.ts');
    const { visibleLine } = await import('../../journal/render/visible-controls.ts');
    const { loadProxyConfig } = await import('../../config/load.ts');
    const { Attention } = await import('../../proxy/attention.ts');
    const { toLoopSettings } = await import('../../proxy/loops/settings.ts');
    const { francAll } = await import('franc');
    const { value: config } = loadProxyConfig({
      file: argv.config,
      env: process.env,
      cwd: process.cwd(),
      flags: {},
    });
    const { entries, seats, stop } = await readConversation(path.join(folder, 'journal.jsonl'));
    const attention = new Attention({ loops: toLoopSettings(config.loops), flags: true }, seats, francAll);
    const flags = entries.flatMap((entry) => (entry.type === 'turn' ? attention.hear(entry) : []));
    if (stop) flags.push(...attention.end());
    const circle = attention.loop ? `A loop: ${visibleLine(attention.loop.sentence)}` : 'No loop';
    process.stdout.write(`${circle}\n${describeFlags(flags, seats) || 'Nothing to flag'}\n`);
  },
};
