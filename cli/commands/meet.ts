import path from 'node:path';
import type { CommandModule, InferredOptionTypes } from 'yargs';
import type { Persona } from '../../personas/persona.ts';
import { otherSeat, seats, type Seat } from '../../wire/types.ts';
import { isFree } from '../../journal/cost.ts';
import { primaryLanguage } from '../../wire/language.ts';
import { contextFlags } from '../context-flags.ts';
import { UsageError } from '../failure.ts';
import { speakFlag, startReading } from '../reading.ts';
import { parseServiceSpec, type ServiceSpec } from '../service-spec.ts';
import { meetingFlags, readProxyConfig } from './proxy.ts';

/** Flags that `fork` takes as well. */
export const meetFlags = {
  a: {
    type: 'string',
    describe:
      'Who writes for seat a: SERVICE or SERVICE:MODEL, such as ollama:llama3.2; coder:SERVICE:MODEL answers with programs',
  },
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
  ...speakFlag,
  estimate: { type: 'boolean', describe: 'Say what the meeting is expected to take, and hold none' },
  'turn-tokens': {
    type: 'number',
    describe: 'Length of a message that --estimate assumes [default: 120]',
  },
  verbose: { alias: 'v', type: 'boolean', describe: 'Show the logs of the three processes' },
  debug: { alias: 'd', type: 'boolean', describe: 'Show everything they log' },
  quiet: { alias: 'q', type: 'boolean', describe: 'Show nothing but errors and where the transcript is' },
} as const;

type Flags = InferredOptionTypes<typeof meetFlags> & {
  'meet-as'?: string | undefined;
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
      .options(meetFlags)
      // For whoever starts it and must know what it is called.
      .option('meet-as', { type: 'string', hidden: true }),
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
  if (argv.translate || argv.translator !== undefined) seats.forEach((seat) => checkLanguage(personas[seat]));
  const argsOf = (seat: Seat): string[] => agentArguments(seat, personas[seat], specs, argv);
  const agentArgs = { a: argsOf('a'), b: argsOf('b') };
  if (argv.estimate || seats.some((seat) => mayCost(agentArgs[seat]))) {
    const { expectMeeting } = await import('../expected-meeting.ts');
    const { renderEstimate, renderExpectation } = await import('../estimate-view.ts');
    const expected = await expectMeeting(await readProxyConfig(argv), agentArgs, argv['turn-tokens']);
    if (argv.estimate) return void process.stdout.write(renderEstimate(expected));
    if (!argv.quiet) process.stdout.write(`${renderExpectation(expected)}\n`);
  }
  const reading = argv.speak ? await startReading(argv) : undefined;
  await new Launch({
    meeting: argv['meet-as'] ?? createMeetingId({ a: personas.a.name, b: personas.b.name }, new Date()),
    proxyArgs: proxyArguments(argv),
    agentArgs,
    quiet: argv.quiet ?? false,
    reading,
    showLogs: (argv.verbose ?? false) || (argv.debug ?? false),
    stream: process.stdout,
    errors: process.stderr,
  }).run();
}

/** Nothing can be translated for somebody who speaks nobody knows what. */
function checkLanguage({ file, lang }: Persona): void {
  if (lang !== undefined && primaryLanguage(lang) !== undefined) return;
  const problem = lang === undefined ? 'names no language' : `${JSON.stringify(lang)} is no language code`;
  throw new UsageError(
    `${path.relative(process.cwd(), file)}: ${problem}, which --translate needs; write a BCP 47 code into the title, such as (de) or (pt-BR)`,
  );
}

/** `coder:SERVICE:MODEL`: the agent answers with coding tasks. */
const coderFlag = '--coder';

type Specs = { readonly [seat in Seat]: ServiceSpec | undefined };

export function parseSpec(seat: Seat, spec: string | undefined): ServiceSpec | undefined {
  if (spec === undefined) return undefined;
  const coder = /^coder:(.+)$/s.exec(spec)?.[1];
  if (/^coder:?$/.test(spec)) {
    throw new UsageError(`-${seat}: say who writes the programs, such as coder:ollama:qwen2.5-coder`);
  }
  if (coder === undefined) return parseServiceSpec(spec, `-${seat}`);
  const { service, flags } = parseServiceSpec(coder, `-${seat}`);
  return { service, flags: [coderFlag, ...flags] };
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

export function proxyArguments(argv: Flags): string[] {
  const passed: (keyof typeof meetingFlags | 'config')[] = [
    'config',
    'max-messages',
    'max-seconds',
    'max-tokens',
    'max-cost',
    'idle-seconds',
    'tell-turns-left',
    'prices',
    'no-transcript',
    'transcripts',
    'hello',
    'first',
    'rate',
    'execute',
    'passes',
    'execute-seats',
    'blocks',
    'loops',
    'flags',
    'approve',
    'approver',
    'sidecar',
    'tier',
    'no-policy',
    'translate',
    'translator',
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
    // That one codes does not mean that both do.
    ...(spec?.flags ?? []).filter((flag) => flag !== coderFlag || spec === own),
    ...toFlag('seed', argv.seed),
    ...contextArguments(argv),
    ...(isBuiltIn ? toFlag('typing-speed', argv['typing-speed']) : []),
    ...logLevel(argv),
  ];
}

/** A settings file may name any service. */
function mayCost(args: readonly string[]): boolean {
  const service = args.find((arg) => arg.startsWith('--service='));
  return service === undefined || !isFree(service.slice('--service='.length));
}

function contextArguments(argv: Flags): string[] {
  const names = ['context-tokens', 'context-strategy', 'show-reasoning'] as const;
  return names.flatMap((name) => toFlag(name, argv[name]));
}

export function logLevel({ verbose, debug }: Pick<Flags, 'verbose' | 'debug'>): string[] {
  if (debug) return ['--debug'];
  return verbose ? ['--verbose'] : [];
}

export function toFlag(name: string, value: string | number | boolean | undefined): string[] {
  if (value === undefined || value === false) return [];
  return value === true ? [`--${name}`] : [`--${name}=${value}`];
}
