import path from 'node:path';

/** The flag of every command that looks for a meeting. */
export const folderFlag = {
  transcripts: {
    type: 'string',
    normalize: true,
    describe: 'Folder of the journals and transcripts [default: as in config/proxy.yml]',
  },
} as const;

export interface FolderFlags {
  readonly transcripts?: string | undefined;
}

export const describeMeeting = 'Name of the meeting, its beginning, or "last"';

/** Rejects with ConfigError. */
export async function resolveFolder({ transcripts }: FolderFlags): Promise<string> {
  const { loadProxyConfig } = await import('../config/load.ts');
  const { value } = loadProxyConfig({ env: process.env, cwd: process.cwd(), flags: { transcripts } });
  return path.resolve(value.transcripts);
}

/** The folder of a meeting. Rejects with ColloquyError `unknown-meeting` or `ambiguous-meeting`. */
export async function resolveMeeting(argv: FolderFlags & { readonly meeting: string }): Promise<string> {
  const { findMeeting, listMeetings } = await import('../journal/meetings.ts');
  const folder = await resolveFolder(argv);
  const name = argv.meeting === 'last' ? (await listMeetings(folder)).at(-1)?.meeting : argv.meeting;
  return findMeeting(folder, name ?? 'last');
}
