import type tls from 'node:tls';
import type { PriceList } from '../config/prices.ts';
import type { MeetingSettings } from '../journal/event.ts';
import { createTranscriptWriter } from '../journal/transcript-writer.ts';
import { telemetry } from '../telemetry/telemetry.ts';
import { systemClock, type Clock } from '../wire/clock.ts';
import type { Seat, StopReason } from '../wire/types.ts';
import type { AdmissionLimits } from './admission.ts';
import type { RateSettings } from './delays.ts';
import type { ExecutionOptions } from './execution.ts';
import type { Past } from './past.ts';
import type { CreateTranscriptWriter, RecordOptions } from './record.ts';
import type { Translator } from './translation.ts';
import type { Viewer } from './viewer.ts';
import type { WatchfulnessSettings } from './watchfulness.ts';

export interface RelaySettings extends Omit<MeetingSettings, 'prices' | 'execution'> {
  readonly host: string;
  /** 0: any free port. */
  readonly ports: { readonly [seat in Seat]: number };
  /** Whether any free port will do where one of `ports` is taken. */
  readonly freePorts: boolean;
  readonly maxFrameBytes: number;
  /** How much silence ends a message of the classic dialect; 0: a line is a message. */
  readonly classicIdleMs: number;
  readonly greetingMs: number;
  readonly goodbyeMs: number;
  readonly drainMs: number;
  /** What a greeting must carry; empty: nothing. */
  readonly token: string;
  /** The same for one seat, instead of `token`. */
  readonly tokens?: { readonly [seat in Seat]?: string | undefined };
  /** For `tls.createServer`; undefined: no TLS. */
  readonly tls?: tls.TlsOptions | undefined;
  readonly limits?: RelayLimits;
  readonly rate: RateSettings;
  /** Folder of the journals and transcripts; undefined: nothing is kept. */
  readonly transcripts: string | undefined;
  /** Which interrupted meetings in that folder are gone on with. */
  readonly resume: 'all' | 'none' | readonly string[];
  /** What the meeting of that name, when it is held, begins with. */
  readonly fork?: { readonly meeting: string; readonly past: Past } | undefined;
  /** How long a seat is kept for an agent that lost its connection; 0: not at all. */
  readonly resumeMs: number;
  readonly journal: Pick<RecordOptions, 'sync' | 'maxBytes'>;
  /** Which meetings are read along with; undefined: none. */
  readonly watchfulness?: WatchfulnessSettings;
  /** Whether meetings that are kept can be moderated. */
  readonly control?: boolean;
}

export interface RelayLimits extends AdmissionLimits {
  /** Who have greeted and have no partner yet. */
  readonly waiting: number;
  readonly meetings: number;
}

export const usualLimits: RelayLimits = {
  connections: 4_096,
  connectionsPerAddress: 512,
  strangers: 2_048,
  waiting: 1_024,
  meetings: 2_048,
};

export interface RelayEnvironment {
  readonly software: string;
  /** Absent where nobody watches. */
  readonly watch?: Viewer;
  readonly log: {
    debug?(data: object, message: string): void;
    info(data: object, message: string): void;
    warn(data: object, message: string): void;
  };
  readonly onMeetingEnded?: (meeting: string, reason: StopReason) => void;
  /** What models cost; absent: nobody knows. */
  readonly prices?: PriceList;
  /** Has the code run that agents write. */
  readonly execution?: ExecutionOptions;
  /** Translates for two who speak different languages. */
  readonly translator?: Translator;
  readonly createTranscriptWriter?: CreateTranscriptWriter;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** With what the program itself brings along. */
export type Surroundings = RelayEnvironment &
  Required<Pick<RelayEnvironment, 'createTranscriptWriter' | 'clock' | 'random'>>;

export function surroundingsOf(environment: RelayEnvironment): Surroundings {
  const measure = telemetry()?.watch;
  const { watch = () => {} } = environment;
  return {
    clock: systemClock,
    random: Math.random,
    createTranscriptWriter,
    ...environment,
    ...(measure ? { watch: (event) => void (measure(event), watch(event)) } : {}),
  };
}
