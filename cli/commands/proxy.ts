import path from 'node:path';
import type { CommandModule, InferredOptionTypes } from 'yargs';
import type { ProxyConfig } from '../../config/schema.ts';
import { toLoopSettings } from '../../proxy/loops/settings.ts';
import type { RelaySettings } from '../../proxy/relay-settings.ts';
import type { Viewer } from '../../proxy/viewer.ts';
import type { Seat } from '../../wire/types.ts';
import type { Door } from '../child-protocol.ts';
import { executionFlags } from '../execution-config.ts';
import { UsageError } from '../failure.ts';
import { onInterrupt } from '../interrupt.ts';
import { createLog, logFlags } from '../log.ts';
import { speakFlag, startReading } from '../reading.ts';
import { followLauncher } from '../supervised.ts';
import { openMetrics } from '../open-metrics.ts';
import { readVersion } from '../version.ts';
import { beginTelemetry } from '../with-telemetry.ts';
import { sandboxFlags } from './sidecar.ts';

/** Flags that `meet` takes as well and passes on. */
export const meetingFlags = {
  'max-messages': {
    alias: 'M',
    type: 'number',
    describe: 'End after so many messages; 0: never [default: 10]',
  },
  'max-seconds': { type: 'number', describe: 'End after so many seconds; 0: never [default: 0]' },
  'max-tokens': {
    type: 'number',
    describe: 'End after so many tokens, read and written, of both; 0: never [default: 0]',
  },
  'max-cost': { type: 'number', describe: 'End after so many US dollars; 0: never [default: 0]' },
  'idle-seconds': {
    type: 'number',
    describe: 'End when nobody has said anything for so long; 0: never [default: 0]',
  },
  'tell-turns-left': {
    type: 'boolean',
    describe: 'Tell agents how many messages are left, a few times before --max-messages',
  },
  prices: {
    type: 'string',
    normalize: true,
    describe: 'File of what models cost, laid over the list of the program',
  },
  'no-transcript': { alias: 'n', type: 'boolean', describe: 'Keep nothing: no journal and no transcripts' },
  transcripts: { type: 'string', normalize: true, describe: 'Folder of the journals and transcripts' },
  hello: { type: 'string', describe: 'What the one who starts is sent instead of /start' },
  first: { choices: ['a', 'b', 'random'] as const, describe: 'Who starts' },
  rate: { type: 'number', describe: 'Messages a minute of each seat; 0: no limit [default: 0]' },
  execute: { alias: 'x', type: 'boolean', describe: 'Run the code that agents write, in a sandbox' },
  passes: { type: 'number', describe: 'End after so many passed tests; 0: never [default: 2]' },
  'execute-seats': {
    choices: ['both', 'a', 'b'] as const,
    describe: 'Who may have code run [default: both]',
  },
  blocks: {
    choices: ['marked', 'fenced'] as const,
    describe: 'Run what follows RUN-CODE and TEST-ASSERT, or every ```python block [default: marked]',
  },
  loops: {
    choices: ['auto', 'on', 'off'] as const,
    describe: 'End when they go round in circles; auto: where a model talks and no person [default: auto]',
  },
  flags: {
    choices: ['auto', 'on', 'off'] as const,
    describe: 'Flag what is doubtful; auto: where a model talks [default: auto]',
  },
  approve: { type: 'boolean', describe: 'Ask a person before each block is run' },
  approver: {
    choices: ['terminal', 'moderator'] as const,
    describe:
      'Who is asked: the terminal, and moderators too; or moderators alone, by colloquy control or the page [default: terminal]',
  },
  sidecar: {
    type: 'string',
    describe: 'HOST:PORT of a sidecar that runs already, instead of one of its own',
  },
  ...sandboxFlags,
  translate: {
    type: 'boolean',
    describe: 'Where the two speak different languages, tell each the other in its own',
  },
  translator: {
    type: 'string',
    describe: 'Who translates: a settings file or SERVICE:MODEL [default: config/translator.yml]',
  },
} as const;

const flags = {
  mirror: { alias: 'm', type: 'boolean', describe: 'Print what is said' },
  ...speakFlag,
  ...meetingFlags,
  config: {
    alias: 'c',
    type: 'string',
    normalize: true,
    describe: 'Settings file [default: config/proxy.yml]',
  },
  host: { alias: 'H', type: 'string', describe: 'Address to listen on [default: 127.0.0.1]' },
  'port-a': { type: 'number', describe: 'Port of seat a [default: 18888]' },
  'port-b': { type: 'number', describe: 'Port of seat b [default: 19999]' },
  'free-ports': { type: 'boolean', describe: 'Take free ports if those are taken' },
  once: { type: 'boolean', describe: 'End after the first meeting' },
  resume: {
    type: 'string',
    describe: 'Go on with this interrupted meeting [default: with all that the last proxy left]',
  },
  'no-resume': { type: 'boolean', describe: 'Go on with no interrupted meeting' },
  drain: {
    type: 'boolean',
    describe: 'When told to end (SIGTERM), leave the meetings to the next proxy instead of ending them',
  },
  'metrics-port': {
    type: 'number',
    describe: 'Port of /metrics for Prometheus; 0: any free one [default: none]',
  },
  web: { type: 'boolean', describe: 'Serve the page as well, as colloquy web does' },
  'web-port': { type: 'number', describe: 'Port of the page [default: 31337]' },
  // For `colloquy fork`, which knows what the meeting will be called.
  fork: { type: 'string', hidden: true },
  'fork-at': { type: 'number', hidden: true },
  'fork-as': { type: 'string', hidden: true },
  ...logFlags,
} as const;

type Flags = InferredOptionTypes<typeof flags>;

export const proxyCommand: CommandModule<object, Flags> = {
  command: 'proxy',
  describe: 'Start the relay that agents connect to',
  builder: flags,
  handler: runProxy,
};

/** A long meeting takes a while to render; the launcher waits, or is gone. */
const transcriptGraceMs = 60_000;

async function runProxy(argv: Flags): Promise<void> {
  const { loadPrices } = await import('../../config/prices.ts');
  const { createMirror } = await import('../../proxy/mirror.ts');
  const { Relay } = await import('../../proxy/relay.ts');
  const { TranscriptThread } = await import('../../journal/transcript-thread.ts');
  const config = await readProxyConfig(argv);
  const log = createLog('proxy', argv);
  const finishTelemetry = await beginTelemetry('proxy', argv);
  const viewers: Viewer[] = argv.mirror ? [createMirror(process.stdout)] : [];
  const reading = argv.speak
    ? await startReading({ config: argv.config, onNotice: (message) => log.warn(message) })
    : undefined;
  if (reading) viewers.push(reading.watch);
  const prices = loadPrices({
    cwd: process.cwd(),
    ...(config.prices === undefined ? {} : { file: config.prices }),
  });
  const launcher = followLauncher({
    onGoodbye: () => takeLeave(),
    onEnd: () => void end(),
    graceMs: transcriptGraceMs,
  });
  if (launcher) viewers.push((event) => launcher.report({ type: 'viewer', event }));

  // A meeting that was launched is over before anybody has come twice.
  const metrics = launcher ? undefined : await openMetrics(config, 'proxy', prices);
  if (metrics) viewers.push(metrics.watch);

  const execution = config.execution.enabled
    ? await (await import('../execution.ts')).startExecution(config.execution, argv, { log, launcher })
    : undefined;

  if (launcher && config.tls.cert !== undefined) throw speaksTls(argv);
  const access = await readAccess(config);
  const translator = config.translate
    ? await (
        await import('../translator.ts')
      ).loadTranslator(
        config.translator,
        { env: process.env, cwd: process.cwd() },
        { onStatus: (text) => log.info({}, `translator: ${text}`) },
      )
    : undefined;

  const relay = new Relay(
    { ...toRelaySettings(config, argv), ...access, ...(await readFork(argv)) },
    {
      software: `colloquy ${readVersion()}`,
      log,
      createTranscriptWriter: new TranscriptThread().createTranscriptWriter,
      ...(viewers.length > 0 ? { watch: (event) => viewers.forEach((show) => show(event)) } : {}),
      ...(execution ? { execution: execution.options } : {}),
      prices,
      ...(translator ? { translator } : {}),
      onMeetingEnded: () => {
        if (argv.once || (leaving && relay.meetings === 0)) void end();
      },
    },
  );
  metrics?.observe(() => relay.figures);
  let leaving = false;
  let endPage = (): void => {};
  let ending: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    // What ends politely already is hurried up.
    await (ending ? relay.close() : (ending = relay.close().then(() => close())));
  };
  const close = (): void => {
    execution?.close();
    endPage();
    void metrics?.close();
    void finishTelemetry();
  };
  const takeLeave = (): boolean => {
    if (relay.meetings === 0) return false;
    leaving = true;
    relay.sayGoodbye();
    return true;
  };
  // To be told to end is how a daemon ends well.
  const terminate = (): void => {
    reading?.cut();
    void (ending ??= relay.shutDown(config.shutdown_seconds * 1_000, argv.drain).then(() => close()));
  };
  const atOnce = (): void => {
    reading?.cut();
    void end();
  };
  if (!launcher) onInterrupt({ polite: takeLeave, atOnce, terminate });

  const ports = await relay.listen();
  const page = argv.web
    ? (await import('../web-process.ts')).startWebProcess(
        { transcripts: path.resolve(config.transcripts), port: argv['web-port'] },
        log,
      )
    : undefined;
  endPage = () => page?.end();
  const door = (seat: Seat): Door => ({ port: ports[seat], token: access.tokens?.[seat] ?? '' });
  launcher?.report({ type: 'listening', doors: { a: door('a'), b: door('b') } });
  if (metrics) log.info({ port: metrics.port }, `/metrics on ${config.metrics.host}, port ${metrics.port}`);
  log.info(ports, `listening on ${config.host}, port ${ports.a} for seat a and port ${ports.b} for seat b`);
}

type ConfigFlags = InferredOptionTypes<typeof meetingFlags> &
  Partial<Pick<Flags, 'config' | 'host' | 'port-a' | 'port-b' | 'metrics-port'>>;

/** Rejects with ConfigError. */
export async function readProxyConfig(argv: ConfigFlags): Promise<ProxyConfig> {
  const { loadProxyConfig } = await import('../../config/load.ts');
  const { value } = loadProxyConfig({
    file: argv.config,
    env: process.env,
    cwd: process.cwd(),
    flags: {
      host: argv.host,
      port_a: argv['port-a'],
      port_b: argv['port-b'],
      'metrics.port': argv['metrics-port'],
      hello: argv.hello,
      first: argv.first,
      max_messages: argv['max-messages'],
      max_seconds: argv['max-seconds'],
      max_tokens: argv['max-tokens'],
      max_cost: argv['max-cost'],
      idle_seconds: argv['idle-seconds'],
      tell_turns_left: argv['tell-turns-left'],
      prices: argv.prices,
      transcripts: argv.transcripts,
      transcript: argv['no-transcript'] ? false : undefined,
      'rate.messages_per_minute': argv.rate,
      'loops.enabled': argv.loops,
      flags: argv.flags,
      // Who names a translator wants to have it translate.
      translate: argv.translate ?? (argv.translator === undefined ? undefined : true),
      translator: argv.translator,
      ...executionFlags(argv),
    },
  });
  return value;
}

/** Without TLS and tokens. */
export function toRelaySettings(
  config: ProxyConfig,
  argv: Partial<Pick<Flags, 'free-ports' | 'resume' | 'no-resume' | 'once'>>,
): RelaySettings {
  return {
    host: config.host,
    ports: { a: config.port_a, b: config.port_b },
    freePorts: argv['free-ports'] ?? false,
    hello: config.hello,
    first: config.first,
    maxMessages: config.max_messages,
    maxSeconds: config.max_seconds,
    maxTokens: config.max_tokens,
    maxCost: config.max_cost,
    idleSeconds: config.idle_seconds,
    tellTurnsLeft: config.tell_turns_left,
    maxFrameBytes: config.max_frame_bytes,
    classicIdleMs: config.classic_idle_ms,
    greetingMs: config.greeting_seconds * 1_000,
    goodbyeMs: config.goodbye_seconds * 1_000,
    drainMs: config.drain_seconds * 1_000,
    token: config.token,
    limits: {
      connections: config.limits.connections,
      connectionsPerAddress: config.limits.connections_per_address,
      strangers: config.limits.strangers,
      waiting: config.limits.waiting,
      meetings: config.limits.meetings,
    },
    rate: {
      ...toRateLimits(config.rate),
      providers: Object.fromEntries(
        Object.entries(config.rate.providers).map(([name, limits]) => [name, toRateLimits(limits)]),
      ),
    },
    transcripts: config.transcript ? path.resolve(config.transcripts) : undefined,
    watchfulness: {
      loops: { enabled: config.loops.enabled, ...toLoopSettings(config.loops) },
      flags: config.flags,
    },
    resume: resumedBy(argv),
    resumeMs: config.resume_seconds * 1_000,
    control: config.control,
    journal: {
      sync: config.journal.sync,
      ...(config.journal.max_mb > 0 ? { maxBytes: config.journal.max_mb * 1_024 * 1_024 } : {}),
    },
  };
}

/** Its agents would have to be told whom to trust. */
function speaksTls({ config }: Flags): UsageError {
  return new UsageError(
    `${config ?? 'config/proxy.yml'}: tls is for a proxy that agents come to from elsewhere; start it with colloquy proxy, or name other settings with --config`,
  );
}

/** What those must have who sit down. Rejects with ColloquyError `bad-certificate`. */
async function readAccess(config: ProxyConfig): Promise<Pick<RelaySettings, 'tokens' | 'tls'>> {
  const { tokenOf } = await import('../../config/schema.ts');
  const { loadServerTls } = await import('../../wire/tls.ts');
  const { cert, key, ca, client_certificates: clientCertificates } = config.tls;
  const isSecure = cert !== undefined && key !== undefined;
  return {
    tokens: { a: tokenOf(config, 'a'), b: tokenOf(config, 'b') },
    tls: isSecure ? loadServerTls({ cert, key, ca, clientCertificates }) : undefined,
  };
}

/** Rejects with ColloquyError `cannot-fork`. */
async function readFork(argv: Flags): Promise<Pick<RelaySettings, 'fork'>> {
  const { fork, 'fork-at': at, 'fork-as': meeting } = argv;
  if (fork === undefined || at === undefined || meeting === undefined) return {};
  const { readPast } = await import('../../proxy/past.ts');
  return { fork: { meeting, past: await readPast(fork, at) } };
}

/** A proxy for one meeting has no business with others. */
function resumedBy(argv: Partial<Pick<Flags, 'resume' | 'no-resume' | 'once'>>): RelaySettings['resume'] {
  if (argv.resume !== undefined) return [argv.resume];
  return argv['no-resume'] || argv.once ? 'none' : 'all';
}

function toRateLimits(limits: { messages_per_minute: number; characters_per_minute: number }): {
  messagesPerMinute: number;
  charactersPerMinute: number;
} {
  return { messagesPerMinute: limits.messages_per_minute, charactersPerMinute: limits.characters_per_minute };
}
