import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { HoldOptions as JobOptions, PreparedJob, SeatedSpeaker } from '../batch/hold-job.ts';
import { toRelaySettings } from '../cli/commands/proxy.ts';
import { UsageError } from '../cli/failure.ts';
import { findInterrupted, type Interrupted } from '../cli/interrupted.ts';
import type { RequestGates } from '../cli/request-gates.ts';
import { readVersion } from '../cli/version.ts';
import { loadProxyConfig } from '../config/load.ts';
import { loadPrices } from '../config/prices.ts';
import type { ExecutionConfig, ProxyConfig } from '../config/schema.ts';
import { serviceNames } from '../config/service-names.ts';
import { createMeetingId } from '../journal/meeting-id.ts';
import type { ExecutionOptions } from '../proxy/execution.ts';
import { isMeetingName } from '../wire/greeting.ts';
import { seats, type Seat } from '../wire/types.ts';
import type { HoldOptions, SpeakerOptions } from './meeting.ts';
import { prepareSpeaker } from './prepare-speaker.ts';

export interface PreparedMeeting extends Pick<JobOptions, 'id' | 'transcripts' | 'environment'> {
  readonly job: PreparedJob;
  /** Ends what was started for it. */
  readonly close: () => Promise<void>;
}

/** What a meeting is given that is a part of something bigger. */
export interface Household {
  /** Shared with whoever else asks a service. */
  readonly gates: RequestGates;
  readonly startExecution: (config: ExecutionConfig) => Promise<StartedExecution>;
}

interface StartedExecution {
  readonly options: ExecutionOptions;
  close(): Promise<void> | void;
}

/** Everything that a meeting needs. Rejects with ConfigError, UsageError, ColloquyError and ProviderError. */
export async function prepareMeeting(options: HoldOptions, household?: Household): Promise<PreparedMeeting> {
  const { cwd = process.cwd(), env = process.env, onWarning = () => {} } = options;
  const transcripts = options.transcripts === undefined ? undefined : path.resolve(cwd, options.transcripts);
  const interrupted = await findFormer(options, transcripts);
  const config = watchingOwn(options, loadRules(options, { cwd, env }));
  const token = randomBytes(24).toString('base64url');
  const speakers = await prepareSpeakers(options, {
    cwd,
    env,
    token,
    gates: household?.gates,
    transcripts,
    interrupted,
  });
  const runsCode = config.execution.enabled || interrupted?.head.settings.execution !== undefined;
  const execution = runsCode
    ? await (household?.startExecution ?? startExecution)(config.execution)
    : undefined;
  const names = { a: speakers.a.greeting.name, b: speakers.b.greeting.name };
  return {
    id: interrupted?.meeting ?? newName(options, transcripts) ?? createMeetingId(names, new Date()),
    transcripts,
    job: {
      speakers,
      relay: {
        ...toRelaySettings(config, {}),
        host: '127.0.0.1',
        ports: { a: 0, b: 0 },
        // Others on this machine could sit down in somebody's place.
        token,
        resumeMs: returnMs,
        control: false,
      },
    },
    environment: {
      software: `colloquy ${readVersion()}`,
      log: { info: () => {}, warn: (_, message) => onWarning(message) },
      prices: loadPrices({ cwd, ...(config.prices === undefined ? {} : { file: config.prices }) }),
      ...(execution ? { execution: execution.options } : {}),
      ...(config.translate ? { translator: await loadTranslator(config, { cwd, env, onWarning }) } : {}),
    },
    close: async () => execution?.close(),
  };
}

/** How long an interrupted meeting waits for speakers that are started together with its relay. */
const returnMs = 60_000;

interface Place {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

function loadRules(options: HoldOptions, { cwd, env }: Place): ProxyConfig {
  const { execution } = options;
  const { value } = loadProxyConfig({
    file: options.config,
    env,
    cwd,
    flags: {
      ...options.settings,
      max_messages: options.maxMessages,
      max_seconds: options.maxSeconds,
      max_tokens: options.maxTokens,
      max_cost: options.maxCost,
      idle_seconds: options.idleSeconds,
      hello: options.hello,
      first: options.first,
      transcript: options.transcripts !== undefined,
      'execution.enabled': execution === undefined ? false : execution !== false,
      ...(typeof execution === 'object' ? withPrefix(execution) : {}),
    },
  });
  return value;
}

/** A provider of one's own is a model like any other, though its name tells the relay nothing. */
function watchingOwn({ a, b }: HoldOptions, config: ProxyConfig): ProxyConfig {
  const isOwnModel = [a?.provider?.name, b?.provider?.name].some(
    (name) => name !== undefined && name !== 'human' && !serviceNames.some((known) => known === name),
  );
  if (!isOwnModel) return config;
  const { loops, flags } = config;
  return {
    ...config,
    loops: { ...loops, enabled: loops.enabled === 'auto' ? 'on' : loops.enabled },
    flags: flags === 'auto' ? 'on' : flags,
  };
}

function withPrefix(execution: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(execution).map(([key, value]) => [`execution.${key}`, value]));
}

async function findFormer(
  { resume, transcripts }: HoldOptions,
  folder: string | undefined,
): Promise<Interrupted | undefined> {
  if (resume === undefined) return undefined;
  if (transcripts === undefined) throw new UsageError('resume: say in which folder, with transcripts');
  const interrupted = await findInterrupted({ meeting: resume, transcripts: folder });
  if (!interrupted.isHeld) return interrupted;
  throw new UsageError(`${interrupted.meeting} goes on: process ${interrupted.seats.pid} holds it`);
}

/** Throws UsageError where a meeting of that name was held before. */
function newName({ id }: HoldOptions, transcripts: string | undefined): string | undefined {
  if (id === undefined) return undefined;
  if (!isMeetingName(id)) {
    throw new UsageError(
      `id: ${JSON.stringify(id.slice(0, 200))} is no name for a meeting: letters, digits, dots, hyphens and underscores, at most 100, the first a letter or digit`,
    );
  }
  if (transcripts !== undefined && existsSync(path.join(transcripts, id))) {
    throw new UsageError(
      `id: ${path.join(transcripts, id)} is there already; take another, or go on with it: resume`,
    );
  }
  return id;
}

async function prepareSpeakers(
  options: HoldOptions,
  more: Place & {
    readonly token: string;
    readonly gates: RequestGates | undefined;
    readonly transcripts: string | undefined;
    readonly interrupted: Interrupted | undefined;
  },
): Promise<PreparedJob['speakers']> {
  const { interrupted, transcripts, ...place } = more;
  const prepared = async (seat: Seat): Promise<SeatedSpeaker> => {
    const wish = options[seat];
    if (!wish && !interrupted) throw new UsageError(`say who sits on seat ${seat}`);
    const like = interrupted && { like: interrupted.meeting, transcripts, seat };
    return prepareSpeaker(wish ?? {}, { ...place, seat, ...(saysWho(wish) ? {} : { like }) });
  };
  const [a, b] = await Promise.all(seats.map(prepared));
  return { a, b } as PreparedJob['speakers'];
}

/** A limit tells nothing of whom it is for. */
function saysWho(wish: SpeakerOptions | undefined): boolean {
  return Object.keys(wish ?? {}).some((key) => key !== 'limit');
}

async function startExecution(config: ExecutionConfig): Promise<StartedExecution> {
  if (config.approve) {
    throw new UsageError('execution.approve: nobody is there to ask; leave it out, and read what was run');
  }
  const { BlockRunner } = await import('./block-runner.ts');
  const runner = new BlockRunner(config);
  // Before anything is paid for.
  await runner.open();
  const { seats: mayRun, blocks, passes, policy, approve, limits } = config;
  const settings = { seats: mayRun, blocks, passes, policy, approve, limits };
  return { options: { settings, runner }, close: () => runner.close() };
}

async function loadTranslator(
  config: ProxyConfig,
  { cwd, env, onWarning }: Place & { readonly onWarning: (message: string) => void },
) {
  const { loadTranslator: load } = await import('../cli/translator.ts');
  return load(config.translator, { cwd, env }, { onStatus: (text) => onWarning(`translator: ${text}`) });
}
