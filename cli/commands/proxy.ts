import path from 'node:path';
import type { CommandModule, InferredOptionTypes } from 'yargs';
import type { ProxyConfig } from '../../config/schema.ts';
import type { RelaySettings } from '../../proxy/relay.ts';
import type { Viewer } from '../../proxy/viewer.ts';
import { executionFlags } from '../execution-config.ts';
import { onInterrupt } from '../interrupt.ts';
import { createLog, logFlags } from '../log.ts';
import { followLauncher } from '../supervised.ts';
import { readVersion } from '../version.ts';
import { sandboxFlags } from './sidecar.ts';

/** Flags that `meet` takes as well and passes on. */
export const meetingFlags = {
  'max-messages': {
    alias: 'M',
    type: 'number',
    describe: 'End after so many messages; 0: never [default: 10]',
  },
  'max-seconds': { type: 'number', describe: 'End after so many seconds; 0: never [default: 0]' },
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
  approve: { type: 'boolean', describe: 'Ask a person before each block is run' },
  sidecar: {
    type: 'string',
    describe: 'HOST:PORT of a sidecar that runs already, instead of one of its own',
  },
  ...sandboxFlags,
} as const;

const flags = {
  mirror: { alias: 'm', type: 'boolean', describe: 'Print what is said' },
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
  const { loadProxyConfig } = await import('../../config/load.ts');
  const { createMirror } = await import('../../proxy/mirror.ts');
  const { Relay } = await import('../../proxy/relay.ts');
  const { TranscriptThread } = await import('../../journal/transcript-thread.ts');
  const { value: config } = loadProxyConfig({
    file: argv.config,
    env: process.env,
    cwd: process.cwd(),
    flags: {
      host: argv.host,
      port_a: argv['port-a'],
      port_b: argv['port-b'],
      hello: argv.hello,
      first: argv.first,
      max_messages: argv['max-messages'],
      max_seconds: argv['max-seconds'],
      transcripts: argv.transcripts,
      transcript: argv['no-transcript'] ? false : undefined,
      'rate.messages_per_minute': argv.rate,
      ...executionFlags(argv),
    },
  });
  const log = createLog('proxy', argv);
  const viewers: Viewer[] = argv.mirror ? [createMirror(process.stdout)] : [];
  const launcher = followLauncher({
    onGoodbye: () => takeLeave(),
    onEnd: () => void end(),
    graceMs: transcriptGraceMs,
  });
  if (launcher) viewers.push((event) => launcher.report({ type: 'viewer', event }));

  const execution = config.execution.enabled
    ? await (await import('../execution.ts')).startExecution(config.execution, argv, { log, launcher })
    : undefined;

  const relay = new Relay(
    { ...toRelaySettings(config, argv), ...(await readAccess(config)) },
    {
      software: `colloquy ${readVersion()}`,
      log,
      createTranscriptWriter: new TranscriptThread().createTranscriptWriter,
      ...(viewers.length > 0 ? { watch: (event) => viewers.forEach((show) => show(event)) } : {}),
      ...(execution ? { execution: execution.options } : {}),
      onMeetingEnded: () => {
        if (argv.once || (leaving && relay.meetings === 0)) void end();
      },
    },
  );
  let leaving = false;
  let ending: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    // What ends politely already is hurried up.
    await (ending ? relay.close() : (ending = relay.close().then(() => execution?.close())));
  };
  const takeLeave = (): boolean => {
    if (relay.meetings === 0) return false;
    leaving = true;
    relay.sayGoodbye();
    return true;
  };
  // To be told to end is how a daemon ends well.
  const terminate = (): void =>
    void (ending ??= relay
      .shutDown(config.shutdown_seconds * 1_000, argv.drain)
      .then(() => execution?.close()));
  if (!launcher) onInterrupt({ polite: takeLeave, atOnce: () => void end(), terminate });

  const ports = await relay.listen();
  launcher?.report({ type: 'listening', ports });
  log.info(ports, `listening on ${config.host}, port ${ports.a} for seat a and port ${ports.b} for seat b`);
}

function toRelaySettings(config: ProxyConfig, argv: Flags): RelaySettings {
  return {
    host: config.host,
    ports: { a: config.port_a, b: config.port_b },
    freePorts: argv['free-ports'] ?? false,
    hello: config.hello,
    first: config.first,
    maxMessages: config.max_messages,
    maxSeconds: config.max_seconds,
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
    resume: resumedBy(argv),
    resumeMs: config.resume_seconds * 1_000,
    control: config.control,
    journal: {
      sync: config.journal.sync,
      ...(config.journal.max_mb > 0 ? { maxBytes: config.journal.max_mb * 1_024 * 1_024 } : {}),
    },
  };
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

/** A proxy for one meeting has no business with others. */
function resumedBy(argv: Flags): RelaySettings['resume'] {
  if (argv.resume !== undefined) return [argv.resume];
  return argv['no-resume'] || argv.once ? 'none' : 'all';
}

function toRateLimits(limits: { messages_per_minute: number; characters_per_minute: number }): {
  messagesPerMinute: number;
  charactersPerMinute: number;
} {
  return { messagesPerMinute: limits.messages_per_minute, charactersPerMinute: limits.characters_per_minute };
}
