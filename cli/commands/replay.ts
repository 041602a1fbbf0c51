import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { CommandModule, InferredOptionTypes } from 'yargs';
import type { MeetingRecord } from '../../journal/record-of.ts';
import { ColloquyError } from '../../wire/errors.ts';
import { seats, type Seat } from '../../wire/types.ts';
import { UsageError } from '../failure.ts';
import { wasInterrupted } from '../interrupt.ts';
import { describeMeeting, folderFlag, resolveMeeting } from '../meeting-folder.ts';

const flags = {
  ...folderFlag,
  speed: { type: 'number', default: 1, describe: 'How many times as fast as it was' },
  'at-once': { type: 'boolean', describe: 'Without a pause' },
  out: {
    type: 'string',
    normalize: true,
    describe: 'Keep the replay as a meeting of its own in this folder [default: not at all]',
  },
  execute: { alias: 'x', type: 'boolean', describe: 'Run its code again, and compare what becomes of it' },
  verbose: { alias: 'v', type: 'boolean', describe: 'Show the logs of the three processes' },
  quiet: { alias: 'q', type: 'boolean', describe: 'Show nothing but whether it is the same' },
} as const;

type Flags = InferredOptionTypes<typeof flags> & { meeting: string };

export const replayCommand: CommandModule<object, Flags> = {
  command: 'replay <meeting>',
  describe: 'Play a meeting back without a model, through the same relay, and say whether it is the same',
  builder: (cli) =>
    cli
      .positional('meeting', { type: 'string', demandOption: true, describe: describeMeeting })
      .options(flags),
  handler: runReplay,
};

async function runReplay(argv: Flags): Promise<void> {
  const { readRecord } = await import('../../journal/record-of.ts');
  const { describeProof, firstDifference } = await import('../replay.ts');
  const isExecuted = argv.execute ?? false;
  if (!(argv.speed > 0)) throw new UsageError('--speed takes a number above 0, such as 2; or say --at-once');
  const folder = await resolveMeeting(argv);
  const before = await readRecord(folder);
  if (isExecuted && !before.head.settings.execution) {
    throw new UsageError(`no code was run in ${before.meeting}: leave --execute out`);
  }
  const scratch = await mkdtemp(path.join(tmpdir(), 'colloquy-replay-'));
  try {
    const out = path.resolve(argv.out ?? scratch);
    const played = await hold(argv, { before, folder, out, scratch });
    if (wasInterrupted()) return;
    const difference = firstDifference(before, await readRecord(played), isExecuted);
    if (difference !== undefined) {
      throw new ColloquyError(`the replay of ${before.meeting} is not the same: ${difference}`, {
        code: 'replay-differs',
      });
    }
    process.stdout.write(`\n${describeProof(before, isExecuted)}\n`);
    if (argv.out !== undefined) process.stdout.write(`It is kept: ${path.relative('', played) || '.'}\n`);
  } finally {
    await rm(scratch, { recursive: true, force: true, maxRetries: 3 });
  }
}

interface Stage {
  readonly before: MeetingRecord;
  /** Of the meeting. */
  readonly folder: string;
  /** Where the replay is kept. */
  readonly out: string;
  readonly scratch: string;
}

/** Resolves with the folder of the replay. */
async function hold(argv: Flags, { before, folder, out, scratch }: Stage): Promise<string> {
  const { createMeetingId } = await import('../../journal/meeting-id.ts');
  const { endOf, longestReplaySeconds, partOf } = await import('../replay.ts');
  const { Launch } = await import('../launch.ts');
  const speed = argv['at-once'] ? Infinity : argv.speed;
  // What cannot be said again is told before anybody begins to.
  for (const seat of seats) partOf(before, seat, speed);
  const { a, b } = before.head.seats;
  const meeting = createMeetingId({ a: a.name, b: b.name }, new Date());
  const config = path.join(scratch, 'proxy.yml');
  const settings = proxySettings(before, { out, seconds: longestReplaySeconds(before, speed), argv });
  // JSON is YAML.
  await writeFile(config, JSON.stringify(settings, null, 2));
  const level = argv.verbose ? ['--verbose'] : [];
  const agentArgs = (seat: Seat): string[] => [
    'replay-seat',
    folder,
    `--seat=${seat}`,
    ...(argv['at-once'] ? ['--at-once'] : [`--speed=${speed}`]),
  ];
  await new Launch({
    meeting,
    proxyArgs: ['proxy', '--free-ports', '--no-resume', `--config=${config}`, ...level],
    agentArgs: { a: agentArgs('a'), b: agentArgs('b') },
    replay: { isOver: endOf(before) },
    quiet: argv.quiet ?? false,
    showLogs: argv.verbose ?? false,
    stream: process.stdout,
    errors: process.stderr,
  }).run();
  return path.join(out, meeting);
}

/** As they were then; whatever else this machine's settings say is no part of the meeting. */
function proxySettings(
  { head, start, stop, messages }: MeetingRecord,
  { out, seconds, argv }: { readonly out: string; readonly seconds: number; readonly argv: Flags },
): Record<string, unknown> {
  const { execution } = head.settings;
  return {
    port_a: 0,
    port_b: 0,
    hello: start?.hello ?? head.settings.hello,
    first: start?.seat ?? head.settings.first,
    max_messages: stop?.reason === 'max-messages' ? messages.length : 0,
    max_seconds: seconds,
    transcripts: out,
    // What ended it or was doubtful then is not asked again.
    loops: { enabled: 'off' },
    flags: 'off',
    ...(argv.execute && execution
      ? {
          execution: {
            enabled: true,
            ...{ seats: execution.seats, blocks: execution.blocks, passes: execution.passes },
            limits: execution.limits,
          },
        }
      : {}),
  };
}
