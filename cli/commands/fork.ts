import path from 'node:path';
import type { CommandModule, InferredOptionTypes } from 'yargs';
import type { Persona } from '../../personas/persona.ts';
import { type Seat } from '../../wire/types.ts';
import { UsageError } from '../failure.ts';
import type { FormerSeat } from '../former-seat.ts';
import { describeMeeting, resolveMeeting } from '../meeting-folder.ts';
import { logLevel, meetFlags, parseSpec, proxyArguments, toFlag } from './meet.ts';

const { 'typing-speed': typingSpeed, ...others } = meetFlags;
const flags = {
  at: {
    type: 'number',
    demandOption: true,
    describe: 'The last turn to take over; 0: none, the whole anew',
  },
  'persona-a': { type: 'string', describe: 'Persona of seat a from there on [default: as before]' },
  'persona-b': { type: 'string', describe: 'Persona of seat b from there on' },
  ...others,
  a: { ...others.a, describe: 'Who writes for seat a from there on: SERVICE:MODEL [default: as before]' },
  b: { ...others.b, describe: 'Who writes for seat b from there on' },
  'typing-speed': { type: typingSpeed.type, describe: typingSpeed.describe },
} as const;

type Flags = InferredOptionTypes<typeof flags> & { meeting: string };

export const forkCommand: CommandModule<object, Flags> = {
  command: 'fork <meeting>',
  describe:
    'Start a new meeting with the first turns of another one, and other models or personas from there',
  builder: (cli) =>
    cli
      .positional('meeting', { type: 'string', demandOption: true, describe: describeMeeting })
      .options(flags),
  handler: runFork,
};

async function runFork(argv: Flags): Promise<void> {
  const { createMeetingId } = await import('../../journal/meeting-id.ts');
  const { readPast } = await import('../../proxy/past.ts');
  const { Launch } = await import('../launch.ts');
  const { at } = argv;
  if (!Number.isInteger(at) || at < 0) throw new UsageError('--at takes the number of a turn, or 0');
  const folder = await resolveMeeting(argv);
  const parent = path.basename(folder);
  // Whatever is wrong with it is better told before three processes are started.
  await readPast(folder, at);
  const seatOf = (seat: Seat): Promise<Sitting> => sit(seat, argv, folder);
  const [a, b] = await Promise.all([seatOf('a'), seatOf('b')]);
  const meeting = createMeetingId({ a: a.name, b: b.name }, new Date());
  if (!argv.quiet) process.stdout.write(`${describeFork(parent, at)}\n`);
  await new Launch({
    meeting,
    proxyArgs: [
      ...proxyArguments({ ...argv, 'typing-speed': 0 }),
      `--fork=${folder}`,
      `--fork-at=${at}`,
      `--fork-as=${meeting}`,
    ],
    agentArgs: { a: a.args, b: b.args },
    quiet: argv.quiet ?? false,
    showLogs: (argv.verbose ?? false) || (argv.debug ?? false),
    stream: process.stdout,
    errors: process.stderr,
  }).run();
}

function describeFork(parent: string, at: number): string {
  if (at === 0) return `${parent} anew, from its beginning`;
  return `${parent} goes on in another way after turn ${at}`;
}

interface Sitting {
  readonly name: string;
  readonly args: string[];
}

/** Who sits down on a seat: as before, but for what the flags say. */
async function sit(seat: Seat, argv: Flags, folder: string): Promise<Sitting> {
  const { loadPersona } = await import('../../personas/persona.ts');
  const { readFormerSeat } = await import('../former-seat.ts');
  const former = await readFormerSeat(
    { meeting: path.basename(folder), transcripts: path.dirname(folder) },
    seat,
  );
  const given = argv[`persona-${seat}`];
  const persona = given === undefined ? undefined : loadPersona(given, { cwd: process.cwd() });
  const spec = parseSpec(seat, argv[seat]);
  const config = argv[`config-${seat}`];
  const { name } = persona ?? former.persona;
  const service = spec?.service ?? (config === undefined ? serviceOf(seat, former, persona) : undefined);
  return {
    name,
    args: [
      'agent',
      ...(persona ? [path.resolve(persona.file)] : []),
      `--like=${path.basename(folder)}`,
      `--seat=${seat}`,
      `--transcripts=${path.dirname(folder)}`,
      // A service that is named has settings of its own; one that is kept has those of before.
      ...(spec ? toFlag('service', spec.service) : []),
      ...toFlag('config', config),
      ...(spec?.flags ?? []),
      ...toFlag('seed', argv.seed),
      ...(isBuiltIn(service) ? toFlag('typing-speed', argv['typing-speed']) : []),
      ...logLevel(argv),
    ],
  };
}

/** Throws UsageError where nobody can be started as before. */
function serviceOf(seat: Seat, former: FormerSeat, persona: Persona | undefined): string {
  const say = `say -${seat} SERVICE:MODEL, such as -${seat} ollama:llama3.2`;
  if (persona?.service !== undefined) return persona.service;
  const { service } = former;
  const { name } = former.persona;
  if (service === undefined)
    throw new UsageError(`${name} (seat ${seat}) was no agent of this program: ${say}`);
  if (persona && isBuiltIn(service)) {
    throw new UsageError(`${service} plays nobody but ${name}; who writes for ${persona.name}? ${say}`);
  }
  if (service === 'command' || service === 'scripted') {
    throw new UsageError(
      `${name} (seat ${seat}) was ${service}, and which program or file that was is not taken from a journal: say -${seat} ${service}:${service === 'command' ? 'PROGRAM' : 'FILE'}`,
    );
  }
  return service;
}

function isBuiltIn(service: string | undefined): boolean {
  return service === 'eliza' || service === 'parry';
}
