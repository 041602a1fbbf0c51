import type { CommandModule, InferredOptionTypes } from 'yargs';
import type { Agent } from '../../agents/agent.ts';
import type { Patience } from '../../agents/reliable.ts';
import type { ServiceConfig } from '../../config/schema.ts';
import { serviceNames } from '../../config/service-names.ts';
import type { Persona } from '../../personas/persona.ts';
import type { JsonGreeting } from '../../wire/greeting.ts';
import { seats } from '../../wire/types.ts';
import { readAgentTls, tlsFlags, tlsSettings } from '../agent-tls.ts';
import { contextFlags } from '../context-flags.ts';
import { UsageError } from '../failure.ts';
import type { FormerSeat } from '../former-seat.ts';
import { onInterrupt } from '../interrupt.ts';
import { createLog, logFlags } from '../log.ts';
import { folderFlag } from '../meeting-folder.ts';
import { followLauncher } from '../supervised.ts';
import { readVersion } from '../version.ts';
import { withTelemetry } from '../with-telemetry.ts';

const flags = {
  service: { alias: 's', choices: serviceNames, describe: 'What writes the replies' },
  config: {
    alias: 'c',
    type: 'string',
    normalize: true,
    describe: 'Settings file [default: config/SERVICE.yml]',
  },
  host: { alias: 'H', type: 'string', describe: 'Address of the proxy [default: 127.0.0.1]' },
  port: { alias: 'p', type: 'number', describe: 'Port of the seat: 18888 is a, 19999 is b [default: 18888]' },
  meeting: { type: 'string', describe: 'Sit in this meeting and no other' },
  resume: {
    type: 'string',
    describe: 'Come back to a seat of this interrupted meeting, as it was held before',
  },
  like: {
    type: 'string',
    describe: 'Be who held a seat of this meeting, as far as nothing else is said',
  },
  seat: { choices: seats, describe: 'Which seat, with --resume and --like' },
  ...folderFlag,
  token: { type: 'string', describe: 'What the proxy asks for, if it does' },
  ...tlsFlags,
  model: { type: 'string', describe: 'Model, as the service names it' },
  'base-url': { type: 'string', describe: 'Where the service is' },
  temperature: { type: 'number', describe: 'Sampling temperature' },
  'max-tokens': { type: 'number', describe: 'Longest reply, in tokens' },
  seed: { type: 'number', describe: 'Seed, where the service takes one' },
  ...contextFlags,
  script: { type: 'string', normalize: true, describe: 'eliza, parry: the script' },
  replies: { type: 'string', normalize: true, describe: 'scripted: the file of replies' },
  command: { type: 'string', describe: 'command: the program and its arguments' },
  pipeline: {
    type: 'string',
    normalize: true,
    describe: 'File or name of a pipeline that writes the replies',
  },
  steps: { type: 'string', describe: 'pipeline: SERVICE:MODEL for the steps that name none' },
  'typing-speed': { type: 'number', describe: 'eliza, parry: characters a second; 0: at once' },
  coder: {
    type: 'boolean',
    describe: 'Answer each message with a coding task: a plan, a program, what came out',
  },
  // For the launcher, which starts the agents while the proxy is still on its way.
  'port-from-launcher': { type: 'boolean', hidden: true },
  ...logFlags,
} as const;

type Flags = InferredOptionTypes<typeof flags> & { persona?: string | undefined };

export const agentCommand: CommandModule<object, Flags> = {
  command: 'agent [persona]',
  describe: 'Take a seat with a persona and a model',
  builder: (cli) =>
    cli
      .positional('persona', { type: 'string', describe: 'Persona: a file, or a name from personas/' })
      .options(flags),
  handler: (argv) => withTelemetry('agent', () => runAgent(argv), argv),
};

async function runAgent(argv: Flags): Promise<void> {
  const { startAgent } = await import('../../agents/agent.ts');
  const { createProvider, patienceOf } = await import('../create-provider.ts');
  const { createContext } = await import('../create-context.ts');
  const log = createLog('agent', argv);
  const { config, greeting: introduction, system, opening, port: ownPort } = await prepare(argv);
  const tls = await readAgentTls(config);
  const context = await createContext(config);
  const provider = argv.coder
    ? (await import('../coder-seat.ts')).createCoderAgent(config)
    : await createProvider(config);

  const abort = new AbortController();
  let seated = false;
  const takeLeave = (): boolean => {
    if (seated) agent.sayGoodbye();
    return seated;
  };
  const atOnce = (): void => abort.abort();
  const launcher = followLauncher({ onGoodbye: takeLeave, onEnd: atOnce });
  if (!launcher) onInterrupt({ polite: takeLeave, atOnce });
  const { host } = config;
  const door = argv['port-from-launcher'] && launcher ? await launcher.waitForDoor() : undefined;
  const port = door?.port ?? ownPort;
  const token = door?.token || introduction.token;

  const greeting: JsonGreeting = {
    ...introduction,
    model: provider.model,
    ...(token === undefined ? {} : { token }),
  };

  const agent: Agent = startAgent({
    proxy: { host, port, tls },
    greeting,
    system,
    ...(opening === undefined ? {} : { opening }),
    provider,
    // A coding task takes as long as it takes, and asks again by itself.
    patience: argv.coder ? untiring : patienceOf(config),
    context,
    showReasoning: 'show_reasoning' in config && config.show_reasoning,
    signal: abort.signal,
    observer: {
      onWait: (problem, delayMs) => log.warn(`${problem}; next try in ${(delayMs / 1_000).toFixed(1)} s`),
      onConnected: (again) =>
        log.info(
          again
            ? `${greeting.name} is connected again`
            : `${greeting.name} waits for a partner at ${host}:${port}`,
        ),
      onFrame(frame) {
        if (frame.type === 'welcome') {
          seated = true;
          log.info(
            { meeting: frame.meeting, seat: frame.seat },
            `meets ${frame.partner} in ${frame.meeting}`,
          );
        }
        log.trace({ frame }, 'heard');
      },
      onSaid: (text) => log.debug({ characters: text.length }, 'said'),
      onStatus: (text) => log.warn(text),
    },
  });
  log.info(`the meeting is over: ${await agent.finished}`);
}

const untiring: Patience = { firstPieceMs: 0, idleMs: 0, maxRetries: 0, maxWaitMs: 0 };

/** Who sits down, and with what; what the provider calls its model is not known yet. */
export interface Prepared {
  readonly config: ServiceConfig;
  readonly greeting: JsonGreeting;
  readonly system: string;
  readonly opening?: string;
  readonly port: number;
}

async function prepare(argv: Flags): Promise<Prepared> {
  return argv.resume === undefined ? prepareSeat(argv) : prepareReturn(argv, argv.resume);
}

/** Where somebody is prepared, and what stands in no flag. */
export interface Place {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** Instead of one that is looked for. */
  readonly persona?: Persona | undefined;
  /** Keys of the service's settings file, over what it says. */
  readonly settings?: Readonly<Record<string, unknown>> | undefined;
}

function placeOfProcess(): Place {
  return { cwd: process.cwd(), env: process.env };
}

/** Somebody who sits down for the first time. Rejects with ConfigError and UsageError. */
export async function prepareSeat(argv: Partial<Flags>, place?: Place): Promise<Prepared> {
  const { parametersOf } = await import('../create-provider.ts');
  const { windowTokensOf } = await import('../create-context.ts');
  const { persona, config } = await loadSettings(argv, place);
  const windowTokens = await windowTokensOf(config);
  return {
    config,
    greeting: {
      name: persona.name,
      ...(persona.lang === undefined ? {} : { lang: persona.lang }),
      ...(persona.gender === undefined ? {} : { gender: persona.gender }),
      provider: config.service,
      ...(config.meeting === undefined ? {} : { meeting: config.meeting }),
      ...(config.token === undefined ? {} : { token: config.token }),
      features: featuresOf(config.service),
      persona: persona.text,
      // What is known of a model today may be otherwise tomorrow.
      parameters: {
        ...parametersOf(config),
        ...(windowTokens === undefined ? {} : { context_tokens: windowTokens }),
      },
      ...('seed' in config && config.seed !== undefined ? { seed: config.seed } : {}),
      software: `colloquy ${readVersion()}`,
    },
    system: persona.text,
    // A script has its own first words.
    ...(persona.opening === undefined || config.service === 'scripted' ? {} : { opening: persona.opening }),
    port: config.port,
  };
}

/** Somebody who held a seat before, as the journal knows them. */
async function prepareReturn(argv: Flags, meeting: string): Promise<Prepared> {
  const { findInterrupted } = await import('../interrupted.ts');
  const { serviceSchemas } = await import('../../config/schema.ts');
  const { loadServiceConfig, readEnvironment } = await import('../../config/load.ts');
  const { seat, token } = argv;
  if (seat === undefined) throw new UsageError('say which seat: --seat a, or --seat b');
  const interrupted = await findInterrupted({ meeting, transcripts: argv.transcripts });
  const { name, lang, gender, provider, model, persona, parameters, seed } = interrupted.head.seats[seat];
  const service = serviceNames.find((known) => known === provider);
  if (service === undefined) {
    throw new UsageError(`${name} (seat ${seat}) is no agent of this program: it must come back by itself`);
  }
  const takes = (key: string): boolean => key in serviceSchemas[service].shape;
  const { value: config } = loadServiceConfig({
    service,
    file: argv.config,
    env: readEnvironment(process.cwd(), process.env),
    cwd: process.cwd(),
    flags: {
      ...withoutPowers(parameters),
      base_url: argv['base-url'],
      script: argv.script,
      replies: argv.replies,
      command: argv.command,
      pipeline: argv.pipeline,
      steps: argv.steps,
      ...tlsSettings(argv),
      ...(takes('model') ? { model } : {}),
      ...(takes('seed') ? { seed } : {}),
      token,
      host: argv.host,
    },
  });
  const system = persona?.text ?? '';
  return {
    config,
    greeting: {
      name,
      ...(lang === undefined ? {} : { lang }),
      ...(gender === undefined ? {} : { gender }),
      ...(config.token === undefined ? {} : { token: config.token }),
      provider: service,
      features: featuresOf(service),
      persona: system,
      software: `colloquy ${readVersion()}`,
      meeting: interrupted.meeting,
      secret: interrupted.seats.secrets[seat],
    },
    system,
    port: argv.port ?? interrupted.seats.ports[seat],
  };
}

/**
 * A journal holds what somebody who connected said of themselves: that must not name programs that are run
 * here, files that are read, or addresses that are sent a key. Flags and settings files may.
 */
function withoutPowers(parameters: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  const powers = [
    ...['command', 'script', 'replies', 'pipeline', 'steps', 'modules', 'runs'],
    ...['base_url', 'api_key', 'token', 'host'],
  ];
  return Object.fromEntries(Object.entries(parameters).filter(([key]) => !powers.includes(key)));
}

/** The speakers of old answer every word they are told, and write no code. */
function featuresOf(service: string): string[] {
  return service === 'eliza' || service === 'parry' ? [] : ['note'];
}

/** Settings of the service, with what the persona asks for between its file and the flags. */
export async function loadSettings(
  argv: Partial<Flags>,
  { cwd, env: given, persona: own, settings }: Place = placeOfProcess(),
): Promise<{ persona: Persona; config: ServiceConfig }> {
  const former = argv.like === undefined ? undefined : await readFormer(argv, argv.like);
  const { loadServiceConfig, readEnvironment } = await import('../../config/load.ts');
  const { loadPersona } = await import('../../personas/persona.ts');
  const env = readEnvironment(cwd, given);
  const load = (service: Flags['service'], wishes: Record<string, unknown>): ServiceConfig =>
    loadServiceConfig({
      service,
      file: argv.config,
      env,
      cwd,
      flags: {
        ...wishes,
        ...settings,
        // What no flag says must not take a wish away.
        ...defined({
          host: argv.host,
          port: argv.port,
          meeting: argv.meeting,
          token: argv.token,
          ...tlsSettings(argv),
          model: argv.model,
          base_url: argv['base-url'],
          temperature: argv.temperature,
          max_tokens: argv['max-tokens'],
          script: argv.script,
          replies: argv.replies,
          command: argv.command,
          pipeline: argv.pipeline,
          steps: argv.steps,
          characters_per_second: argv['typing-speed'],
        }),
      },
    }).value;
  // A file may name the persona, and a persona may name the service.
  let persona = own ?? (argv.persona === undefined ? former?.persona : loadPersona(argv.persona, { cwd }));
  const isNamed = argv.service !== undefined || argv.config !== undefined || argv.pipeline !== undefined;
  const named = argv.service ?? (argv.pipeline === undefined ? undefined : 'pipeline');
  const service = named ?? (isNamed ? undefined : (persona?.service ?? former?.service));
  if (service === undefined && argv.config === undefined) {
    throw new UsageError(`say what writes the replies: -s ${serviceNames.join('|')}, or -c FILE`);
  }
  const config = load(service, {});
  persona ??= loadPersona(config.persona ?? defaultPersona(config.service), { cwd });
  const { serviceSchemas } = await import('../../config/schema.ts');
  const keys = Object.keys(serviceSchemas[config.service].shape);
  const wishes = defined(wishesOf(persona, config.service, argv));
  const taken = Object.fromEntries(Object.entries(wishes).filter(([key]) => keys.includes(key)));
  const before = isNamed || service !== former?.service ? {} : withoutPowers(former?.settings);
  return { persona, config: load(service, { ...before, ...taken }) };
}

async function readFormer({ seat, transcripts }: Partial<Flags>, meeting: string): Promise<FormerSeat> {
  const { readFormerSeat } = await import('../former-seat.ts');
  if (seat === undefined) throw new UsageError('say which seat: --seat a, or --seat b');
  return readFormerSeat({ meeting, transcripts }, seat);
}

function defaultPersona(service: string): string {
  if (service === 'eliza' || service === 'parry') return service;
  throw new UsageError('say who the agent is: colloquy agent -s SERVICE personas/NAME.md');
}

/** What is asked for where a service takes it: by a persona, or for both seats alike. */
function wishesOf(persona: Persona, service: string, argv: Partial<Flags>): Record<string, unknown> {
  return {
    temperature: persona.temperature,
    max_tokens: persona.maxTokens,
    seed: argv.seed ?? persona.seed,
    // A model is a model of a certain service.
    model: persona.service === service ? persona.model : undefined,
    context_tokens: argv['context-tokens'],
    context_strategy: argv['context-strategy'],
    show_reasoning: argv['show-reasoning'],
  };
}

function defined(values: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
