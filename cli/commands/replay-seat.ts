import type { CommandModule, InferredOptionTypes } from 'yargs';
import { seats } from '../../wire/types.ts';
import { onInterrupt } from '../interrupt.ts';
import { followLauncher } from '../supervised.ts';
import { readVersion } from '../version.ts';

const flags = {
  seat: { choices: seats, demandOption: true },
  speed: { type: 'number', default: 1 },
  'at-once': { type: 'boolean' },
  meeting: { type: 'string', demandOption: true },
  'port-from-launcher': { type: 'boolean' },
} as const;

type Flags = InferredOptionTypes<typeof flags> & { folder: string };

/** One side of `colloquy replay`, which starts it. Not in the help. */
export const replaySeatCommand: CommandModule<object, Flags> = {
  command: 'replay-seat <folder>',
  describe: false,
  builder: (cli) => cli.positional('folder', { type: 'string', demandOption: true }).options(flags),
  handler: runSeat,
};

async function runSeat(argv: Flags): Promise<void> {
  const { play } = await import('../../agents/player.ts');
  const { readRecord } = await import('../../journal/record-of.ts');
  const { partOf } = await import('../replay.ts');
  const { seat, folder } = argv;
  const abort = new AbortController();
  const atOnce = (): void => abort.abort();
  const launcher = followLauncher({ onGoodbye: atOnce, onEnd: atOnce });
  if (!launcher) onInterrupt({ polite: () => false, atOnce });
  const record = await readRecord(folder);
  const { name, lang, gender } = record.head.seats[seat];
  await play({
    proxy: { host: '127.0.0.1', port: (await launcher?.waitForDoor())?.port ?? 0 },
    greeting: {
      name,
      ...(lang === undefined ? {} : { lang }),
      ...(gender === undefined ? {} : { gender }),
      provider: 'replay',
      model: record.meeting,
      meeting: argv.meeting,
      software: `colloquy ${readVersion()}`,
    },
    part: partOf(record, seat, argv['at-once'] ? Infinity : argv.speed),
    signal: abort.signal,
  });
}
