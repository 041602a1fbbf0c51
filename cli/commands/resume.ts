import path from 'node:path';
import type { CommandModule, InferredOptionTypes } from 'yargs';
import { seats, type Seat } from '../../wire/types.ts';
import { UsageError } from '../failure.ts';
import { findInterrupted, type Interrupted } from '../interrupted.ts';
import { describeMeeting, folderFlag } from '../meeting-folder.ts';
import { speakFlag, startReading } from '../reading.ts';

const flags = {
  ...folderFlag,
  ...speakFlag,
  config: { alias: 'c', type: 'string', normalize: true, describe: 'Settings file of the proxy' },
  translator: { type: 'string', describe: 'Who translates from now on, if somebody did' },
  verbose: { alias: 'v', type: 'boolean', describe: 'Show the logs of the processes' },
  debug: { alias: 'd', type: 'boolean', describe: 'Show everything they log' },
  quiet: { alias: 'q', type: 'boolean', describe: 'Show nothing but errors and where the transcript is' },
} as const;

type Flags = InferredOptionTypes<typeof flags> & { meeting: string };

export const resumeCommand: CommandModule<object, Flags> = {
  command: 'resume <meeting>',
  describe: 'Go on with a meeting that was interrupted: starts what is missing of proxy and agents',
  builder: (cli) =>
    cli
      .positional('meeting', { type: 'string', demandOption: true, describe: describeMeeting })
      .options(flags),
  handler: runResume,
};

async function runResume(argv: Flags): Promise<void> {
  const { Launch } = await import('../launch.ts');
  const interrupted = await findInterrupted(argv);
  const { meeting, folder, seats: file, isHeld, empty } = interrupted;
  if (isHeld && empty.length === 0) {
    throw new UsageError(
      `${meeting} goes on: its proxy runs (process ${file.pid}), and both seats are taken`,
    );
  }
  const transcripts = path.dirname(folder);
  const { ports } = file;
  const doors = { a: { port: ports.a, token: '' }, b: { port: ports.b, token: '' } };
  for (const seat of isHeld ? empty : seats) refusePerson(interrupted, seat);
  const reading = argv.speak ? await startReading(argv) : undefined;
  await new Launch({
    meeting,
    ...(isHeld ? { doors } : { proxyArgs: proxyArguments(argv, interrupted, transcripts) }),
    agentArgs: {
      a: ['agent', ...levelFlags(argv)],
      b: ['agent', ...levelFlags(argv)],
    },
    isInterrupted: true,
    empty: isHeld ? empty : seats,
    transcripts,
    quiet: argv.quiet ?? false,
    reading,
    showLogs: (argv.verbose ?? false) || (argv.debug ?? false),
    stream: process.stdout,
    errors: process.stderr,
  }).run();
}

/** On the ports that its agents know, if they are free. */
function proxyArguments(
  argv: Flags,
  { meeting, seats: file, head }: Interrupted,
  transcripts: string,
): string[] {
  const { execution, translation } = head.settings;
  return [
    'proxy',
    '--once',
    '--free-ports',
    `--port-a=${file.ports.a}`,
    `--port-b=${file.ports.b}`,
    `--resume=${meeting}`,
    `--transcripts=${transcripts}`,
    ...(argv.config === undefined ? [] : [`--config=${argv.config}`]),
    ...(execution
      ? [
          '--execute',
          `--passes=${execution.passes}`,
          `--execute-seats=${execution.seats}`,
          `--blocks=${execution.blocks}`,
        ]
      : []),
    ...(translation ? ['--translate'] : []),
    ...(translation && argv.translator !== undefined ? [`--translator=${argv.translator}`] : []),
    ...levelFlags(argv),
  ];
}

/** Nobody can be started in the place of a person. */
function refusePerson({ meeting, head }: Interrupted, seat: Seat): void {
  const { provider, name } = head.seats[seat];
  if (provider !== 'human' && provider !== undefined) return;
  process.stderr.write(
    `${name} (seat ${seat}) is a person, or an agent of another kind: to come back, colloquy join --resume ${meeting} --seat ${seat}\n`,
  );
}

function levelFlags({ verbose, debug }: Flags): string[] {
  if (debug) return ['--debug'];
  return verbose ? ['--verbose'] : [];
}
