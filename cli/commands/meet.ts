import path from 'node:path';
import type { CommandModule, InferredOptionTypes } from 'yargs';
import type { Persona } from '../../personas/persona.ts';
import { otherSeat, seats, type Seat } from '../../wire/types.ts';
import { contextFlags } from '../context-flags.ts';
import { UsageError } from '../failure.ts';
import { parseServiceSpec, type ServiceSpec } from '../service-spec.ts';
import { meetingFlags } from './proxy.ts';

const flags = {
  a: { type: 'string', describe: 'Who writes for seat a: SERVICE or SERVICE:MODEL, such as ollama:llama3.2' },
  b: { type: 'string', describe: 'Who writes for seat b' },
  'config-a': { type: 'string', normalize: true, describe: 'Settings file of seat a' },
  'config-b': { type: 'string', normalize: true, describe: 'Settings file of seat b' },
  config: { alias: 'c', type: 'string', normalize: true, describe: 'Settings file of the proxy' },
  seed: { type: 'number', describe: 'Seed for both, where the service takes one' },
  ...contextFlags,
  'typing-speed': {
    type: 'number',
    default: 80,
    describe: 'Characters a second of the built-in speakers; 0: at once',
  },
  ...meetingFlags,
  verbose: { alias: 'v', type: 'boolean', describe: 'Show the logs of the three processes' },
  debug: { alias: 'd', type: 'boolean', describe: 'Show everything they log' },
  quiet: { alias: 'q', type: 'boolean', describe: 'Show nothing but errors and where the transcript is' },
} as const;

type Flags = InferredOptionTypes<typeof flags> & {
  personaA?: string | undefined;
  personaB?: string | undefined;
};

export const meetCommand: CommandModule<object, Flags> = {
  command: 'meet [personaA] [personaB]',
  describe: 'Hold a meeting: starts the proxy and both agents, and shows what they say',
  builder: (cli) =>
    cli
      .positional('personaA', {
        type: 'string',
        describe: 'Persona of seat a: a file, or a name from personas/',
      })
      .positional('personaB', { type: 'string', describe: 'Persona of seat b' })
      .options(flags),
  handler: runMeet,
};

async function runMeet(argv: Flags): Promise<void> {
  const { loadPersona } = await import('../../personas/persona.ts');
  const { createMeetingId } = await import('../../journal/meeting-id.ts');
  const { Launch } = await import('../launch.ts');
  const specs = { a: parseSpec('a', argv.a), b: parseSpec('b', argv.b) };
  const given = { a: argv.personaA, b: argv.personaB };
  const load = (seat: Seat): Persona =>
    loadPersona(given[seat] ?? defaultPersona(seat, specs, argv), { cwd: process.cwd() });
  const personas = { a: load('a'), b: load('b') };
  const agentArgs = (seat: Seat): string[] => agentArguments(seat, personas[seat], specs, argv);
  await new Launch({
    meeting: createMeetingId({ a: personas.a.name, b: personas.b.name }, new Date()),
    proxyArgs: proxyArguments(argv),
    agentArgs: { a: agentArgs('a'), b: agentArgs('b') },
    quiet: argv.quiet ?? false,
    showLogs: (argv.verbose ?? false) || (argv.debug ?? false),
    stream: process.stdout,
    errors: process.stderr,
  }).run();
}

type Specs = { readonly [seat in Seat]: ServiceSpec | undefined };

function parseSpec(seat: Seat, spec: string | undefined): ServiceSpec | undefined {
  return spec === undefined ? undefined : parseServiceSpec(spec, `-${seat}`);
}

/**
 * Who sits down when nobody is named: with no model in sight the built-in speakers; with one, a physicist
 * and his therapist; and opposite a built-in speaker, whoever it gets on with least.
 */
function defaultPersona(seat: Seat, specs: Specs, argv: Flags): string {
  const isBuiltIn = (service: string | undefined): boolean => service === 'eliza' || service === 'parry';
  const noModel = seats.every((each) => argv[`config-${each}`] === undefined && specs[each] === undefined);
  if (noModel) return seat === 'a' ? 'eliza' : 'parry';
  const [own, other] = [specs[seat]?.service, specs[otherSeat(seat)]?.service];
  if (own !== undefined && isBuiltIn(own)) return own;
  if (isBuiltIn(other) && own === undefined) return other === 'eliza' ? 'parry' : 'eliza';
  if (isBuiltIn(other)) return other === 'eliza' ? 'sheldon-cooper' : 'therapist';
  return seat === 'a' ? 'sheldon-cooper' : 'therapist';
}

function proxyArguments(argv: Flags): string[] {
  const passed: (keyof typeof meetingFlags | 'config')[] = [
    'config',
    'max-messages',
    'max-seconds',
    'no-transcript',
    'transcripts',
    'hello',
    'first',
    'rate',
    'execute',
    'passes',
    'execute-seats',
    'blocks',
    'approve',
    'sidecar',
    'tier',
    'no-policy',
  ];
  return ['proxy', '--free-ports', ...passed.flatMap((name) => toFlag(name, argv[name])), ...logLevel(argv)];
}

function agentArguments(seat: Seat, persona: Persona, specs: Specs, argv: Flags): string[] {
  const config = argv[`config-${seat}`];
  const own = specs[seat];
  // Who names one service means it for both, where the other seat's persona has none of its own.
  const spec =
    own ?? (config === undefined && persona.service === undefined ? specs[otherSeat(seat)] : undefined);
  const service = spec?.service ?? (config === undefined ? persona.service : undefined);
  if (service === undefined && config === undefined) {
    throw new UsageError(
      `who writes for ${persona.name}? Say -${seat} SERVICE:MODEL, such as -${seat} ollama:llama3.2 or -${seat} openai`,
    );
  }
  const isBuiltIn = service === 'eliza' || service === 'parry';
  return [
    'agent',
    path.resolve(persona.file),
    ...toFlag('service', service),
    ...toFlag('config', config),
    ...(spec?.flags ?? []),
    ...toFlag('seed', argv.seed),
    ...contextArguments(argv),
    ...(isBuiltIn ? toFlag('typing-speed', argv['typing-speed']) : []),
    ...logLevel(argv),
  ];
}

function contextArguments(argv: Flags): string[] {
  const names = ['context-tokens', 'context-strategy', 'show-reasoning'] as const;
  return names.flatMap((name) => toFlag(name, argv[name]));
}

function logLevel({ verbose, debug }: Flags): string[] {
  if (debug) return ['--debug'];
  return verbose ? ['--verbose'] : [];
}

function toFlag(name: string, value: string | number | boolean | undefined): string[] {
  if (value === undefined || value === false) return [];
  return value === true ? [`--${name}`] : [`--${name}=${value}`];
}
