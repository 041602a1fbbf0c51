import path from 'node:path';
import { startAgent, type Agent, type AgentOptions } from '../agents/agent.ts';
import { ProviderError } from '../agents/provider.ts';
import { Relay } from '../proxy/relay.ts';
import type { RelayEnvironment, RelaySettings } from '../proxy/relay-settings.ts';
import { readSeatsFile } from '../proxy/seats-file.ts';
import type { Viewer } from '../proxy/viewer.ts';
import { messageOf } from '../wire/errors.ts';
import { seats, type Seat, type StopReason } from '../wire/types.ts';
import { WatchedGate } from './watched-gate.ts';

/** All that an agent needs but a proxy. */
export type SeatedSpeaker = Omit<AgentOptions, 'proxy' | 'signal' | 'observer' | 'streams'>;

/** All that one meeting needs. */
export interface PreparedJob {
  readonly relay: RelaySettings;
  readonly speakers: { readonly [seat in Seat]: SeatedSpeaker };
  /** Has the code run that they write. */
  readonly execution?: RelayEnvironment['execution'];
}

export type Outcome =
  | { readonly type: 'done'; readonly reason: StopReason }
  /** Somebody could not go on; `retryable`: another try may help. */
  | {
      readonly type: 'failed';
      readonly reason: string;
      readonly retryable: boolean;
      readonly error?: unknown;
    }
  /** It stopped in the middle, after a whole turn, and can be gone on with. */
  | { readonly type: 'interrupted' };

export interface HoldOptions {
  readonly id: string;
  /** Where its folder is made, or is already; undefined: nothing is kept. */
  readonly transcripts: string | undefined;
  readonly environment: Pick<
    RelayEnvironment,
    'software' | 'log' | 'prices' | 'createTranscriptWriter' | 'execution' | 'translator'
  >;
  readonly watch: Viewer;
  /** Aborted: the turn that is being written may come to its end, one that waits for its request is not begun. */
  readonly polite: AbortSignal;
  /** How long a turn may take to come to its end. */
  readonly politeMs: number;
  /** False where nobody watches what is being written. */
  readonly streams?: boolean;
  /** Given, as soon as there is something to end, what ends it from outside. */
  readonly onOpen?: (ways: WaysToEnd) => void;
}

export interface WaysToEnd {
  /** Ends the meeting, `stopped`, when the message that is being written has come, or after so long. */
  readonly stop: (politeMs: number) => void;
  /** Leaves it at once, as it is: it can be gone on with. */
  readonly interrupt: () => void;
}

/** After these, what was said is no meeting that was held to its end. */
export function isFailure(reason: StopReason): boolean {
  return reason === 'error' || reason === 'agent-lost';
}

/**
 * Holds one meeting in this process: a relay of its own on free ports, and two agents. A folder that is there
 * is gone on with, in the seats that its agents had. Rejects with ColloquyError where no port can be had.
 */
export async function holdJob(
  { relay: settings, speakers, execution }: PreparedJob,
  options: HoldOptions,
): Promise<Outcome> {
  const { id, transcripts, environment, watch, polite, politeMs, onOpen } = options;
  const former = transcripts === undefined ? undefined : readSeatsFile(path.join(transcripts, id))?.secrets;
  let settle: (reason: StopReason) => void = () => {};
  const stopped = new Promise<StopReason>((resolve) => (settle = resolve));
  let detail: string | undefined;
  /** False as long as no meeting was opened: then nothing can end, and what the relay says is why. */
  let isOpen = former !== undefined;
  let warning: string | undefined;
  const relay = new Relay(
    { ...settings, transcripts, resume: former ? [id] : 'none' },
    {
      ...environment,
      ...(execution ? { execution } : {}),
      log: {
        debug: (data, message) => environment.log.debug?.(data, message),
        info: (data, message) => environment.log.info(data, message),
        warn: (data, message) => {
          warning = message;
          environment.log.warn(data, message);
        },
      },
      watch: (event) => {
        isOpen = true;
        if (event.type === 'stopped') detail = event.detail;
        watch(event);
      },
      onMeetingEnded: (_, reason) => settle(reason),
    },
  );
  const ports = await relay.listen();
  const over = new AbortController();
  const gates: WatchedGate[] = [];
  const watched = (gate: SeatedSpeaker['limit']): SeatedSpeaker['limit'] => {
    if (!gate) return undefined;
    const ours = new WatchedGate(gate);
    gates.push(ours);
    return ours;
  };
  const agents = seats.map((seat): Agent => {
    const speaker = speakers[seat];
    const secret = former ? { secret: former[seat] } : {};
    return startAgent({
      ...speaker,
      limit: watched(speaker.limit),
      greeting: { ...speaker.greeting, meeting: id, ...secret },
      proxy: { host: '127.0.0.1', port: ports[seat] },
      // A message that takes its time is no silence.
      streams: options.streams !== false || (settings.idleSeconds ?? 0) > 0,
      signal: over.signal,
    });
  });
  let failure: unknown;
  const gone = agents.map((agent) =>
    agent.finished.then(
      () => undefined,
      (error: unknown) => void (failure ??= error),
    ),
  );
  // Who never gets a seat ends no meeting.
  const allGone = Promise.race(gone).then(() => {
    if (!isOpen) return undefined;
    return failure === undefined ? stopped : Promise.race([stopped, soon()]);
  });
  const left = new AbortController();
  const interrupted = new Promise<'interrupted'>((resolve) => {
    const leave = (ms: number): void => void relay.shutDown(ms, true).then(() => resolve('interrupted'));
    const leavePolitely = (): void => {
      // What was paid for may come, though another waits.
      const isPaid = gates.some(({ underWay }) => underWay > 0);
      leave(!isPaid && gates.some(({ waiting }) => waiting > 0) ? 0 : politeMs);
    };
    if (polite.aborted) leavePolitely();
    else polite.addEventListener('abort', leavePolitely, { once: true, signal: left.signal });
    onOpen?.({
      interrupt: () => leave(0),
      stop: (ms) => void relay.shutDown(ms, false, 'it was asked to stop').then(() => settle('stopped')),
    });
  });
  const ended = await Promise.race([stopped, allGone, interrupted]);
  left.abort();
  over.abort();
  if (ended !== 'interrupted') await relay.close();
  await Promise.all(gone);
  if (ended === 'interrupted') return { type: 'interrupted' };
  if (ended !== undefined && !isFailure(ended)) return { type: 'done', reason: ended };
  const said = isAbort(failure) ? undefined : failure;
  return {
    type: 'failed',
    reason: said === undefined ? (detail ?? ended ?? warning ?? 'it never began') : messageOf(said),
    retryable: isRetryable(said),
    ...(said === undefined ? {} : { error: said }),
  };
}

/** A relay that was left by somebody ends the meeting by itself, and says why. */
const endGraceMs = 2_000;

function soon(): Promise<undefined> {
  return new Promise((resolve) => setTimeout(() => resolve(undefined), endGraceMs).unref());
}

function isAbort(error: unknown): boolean {
  return error === undefined || (error as Error).name === 'AbortError';
}

/** An agent that has given up says that nothing more can be hoped for; what it gave up over may pass. */
function isRetryable(error: unknown): boolean {
  if (!(error instanceof ProviderError)) return error === undefined;
  return error.retryable || (error.cause instanceof ProviderError && error.cause.retryable);
}
