import type { CommandModule, InferredOptionTypes } from 'yargs';
import { seats } from '../../wire/types.ts';
import { readAgentTls, tlsFlags, tlsSettings } from '../agent-tls.ts';
import { UsageError } from '../failure.ts';
import { onInterrupt } from '../interrupt.ts';
import { folderFlag } from '../meeting-folder.ts';
import { speakFlag, startReading } from '../reading.ts';
import { readVersion } from '../version.ts';

const flags = {
  name: { type: 'string', describe: 'Your name at the table [default: your login name]' },
  lang: { type: 'string', describe: 'Your language, such as en' },
  host: { alias: 'H', type: 'string', describe: 'Address of the proxy', default: '127.0.0.1' },
  port: { alias: 'p', type: 'number', describe: 'Port of the seat: 18888 is a, 19999 is b [default: 18888]' },
  meeting: { type: 'string', describe: 'Sit in this meeting and no other' },
  resume: { type: 'string', describe: 'Come back to a seat of this interrupted meeting' },
  seat: { choices: seats, describe: 'Which seat, with --resume' },
  ...folderFlag,
  ...speakFlag,
  token: { type: 'string', describe: 'What the proxy asks for, if it does' },
  ...tlsFlags,
} as const;

type Flags = InferredOptionTypes<typeof flags>;

export const joinCommand: CommandModule<object, Flags> = {
  command: 'join',
  describe: 'Take a seat yourself and talk from this terminal',
  builder: flags,
  handler: runJoin,
};

async function runJoin(argv: Flags): Promise<void> {
  const { startAgent } = await import('../../agents/agent.ts');
  const { createHuman } = await import('../../agents/providers/human.ts');
  const { createPrompt } = await import('../prompt.ts');
  const { createSeatView } = await import('../seat-view.ts');

  const seat = argv.resume === undefined ? undefined : await findSeat(argv, argv.resume);
  const tls = await readAgentTls({ tls: false, ...tlsSettings(argv) });
  const prompt = createPrompt(process.stdin, process.stdout);
  const view = createSeatView(process.stdout);
  const reading = argv.speak ? await startReading({ onNotice: (message) => view.say(message) }) : undefined;
  const readFrame = reading?.ofPartner(argv);
  const abort = new AbortController();
  let seated = false;
  const agent = startAgent({
    proxy: { host: argv.host, port: argv.port ?? seat?.port ?? 18_888, tls },
    greeting: {
      name: argv.name ?? seat?.name ?? process.env['USER'] ?? 'Guest',
      ...(argv.lang === undefined ? {} : { lang: argv.lang }),
      ...(argv.meeting === undefined ? {} : { meeting: argv.meeting }),
      ...(argv.token === undefined ? {} : { token: argv.token }),
      ...(seat ? { meeting: seat.meeting, secret: seat.secret } : {}),
      provider: 'human',
      model: 'human',
      features: ['note', 'delta'],
      software: `colloquy ${readVersion()}`,
    },
    system: '',
    provider: createHuman((signal) => prompt.ask(signal)),
    // A person may take all the time they like, and is not asked twice.
    patience: { maxRetries: 0, maxWaitMs: 0, idleMs: 0, firstPieceMs: 0 },
    signal: abort.signal,
    observer: {
      onWait: (problem, delayMs) => view.say(`${problem}; next try in ${Math.ceil(delayMs / 1_000)} s`),
      onConnected: (again) =>
        view.say(again ? 'You are connected again.' : 'You have sat down; waiting for a partner.'),
      onFrame(frame) {
        if (frame.type === 'welcome') seated = true;
        view.show(frame);
        readFrame?.(frame);
      },
    },
  });
  const takeLeave = (): boolean => {
    if (!seated) return false;
    view.say('Saying goodbye; Ctrl-C again leaves at once.');
    agent.sayGoodbye();
    return true;
  };
  const leaveAtOnce = (): void => {
    reading?.cut();
    abort.abort();
  };
  onInterrupt({ polite: takeLeave, atOnce: leaveAtOnce });
  prompt.onInterrupt(() => process.emit('SIGINT'));
  prompt.onEnd(() => agent.sayGoodbye());
  try {
    const reason = await agent.finished;
    seated = false;
    view.say(`The meeting is over: ${reason}`);
    await reading?.finish();
  } finally {
    reading?.cut();
    prompt.close();
  }
}

/** The seat that somebody held before. */
async function findSeat(
  { seat, transcripts }: Flags,
  meeting: string,
): Promise<{ name: string; meeting: string; secret: string; port: number }> {
  const { findInterrupted } = await import('../interrupted.ts');
  if (seat === undefined) throw new UsageError('say which seat: --seat a, or --seat b');
  const found = await findInterrupted({ meeting, transcripts });
  const { head, seats: file } = found;
  return {
    name: head.seats[seat].name,
    meeting: found.meeting,
    secret: file.secrets[seat],
    port: file.ports[seat],
  };
}
