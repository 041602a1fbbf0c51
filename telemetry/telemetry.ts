import type { Provider } from '../agents/provider.ts';
import type { Viewer } from '../proxy/viewer.ts';
import type { Seat, Usage } from '../wire/types.ts';

/**
 * The seam between the program and OpenTelemetry. Nothing of OpenTelemetry is loaded here: what is measured is
 * measured by whoever `startTelemetry` has loaded, and where it has loaded nobody, what stands here does nothing.
 */
export interface Telemetry {
  /** Makes spans of the meetings of a relay out of what viewers are told. */
  readonly watch: Viewer;
  /** For an agent that measures its own turns: where in the trace of the meeting they belong (W3C `traceparent`). */
  welcome(meeting: string, seat: Seat): string;
  /** Where that meeting is in a trace, for whoever may have to go on with it. */
  traceOf(meeting: string): string;
  /** That meeting was begun elsewhere, at that place in a trace. */
  goOn(meeting: string, former: string): void;
  /** Does `work` as a part of that meeting: what it asks of models belongs there. */
  inMeeting<T>(meeting: string, work: () => T): T;
  measure<T>(doing: Doing, work: () => Promise<T>, conclude?: (result: T) => Ending): Promise<T>;
  /** What is done by what it returns, whenever that is, is a part of what is measured right now. */
  here(): <T>(work: () => T) => T;
  /** Something that happened in whatever is measured right now. */
  note(name: string, attributes: Readonly<Record<string, string | number>>): void;
  /** The same provider, with each of its replies measured. */
  provider(provider: Provider, asking: Asking): Provider;
  /** What processes must have in their environment that are started for what is measured right now. */
  readonly environment: Readonly<Record<string, string>>;
  /** Sends what is left. False where that took longer than it may: something may still be on its way. */
  end(): Promise<boolean>;
}

/** What is measured as a whole, with all that is asked and run meanwhile below it. */
export type Doing =
  | { readonly type: 'workflow'; readonly name: string }
  | {
      readonly type: 'agent';
      readonly name: string;
      /** Absent where it is known only when a model is asked. */
      readonly provider?: string;
      readonly model?: string;
      readonly conversation?: string | undefined;
      /** W3C `traceparent` of what it belongs to, where that is not in this process. */
      readonly parent?: string | undefined;
    }
  | { readonly type: 'tool'; readonly name: string };

/** How it went, where it did not throw. */
export interface Ending {
  /** A word for what went wrong, one of few. */
  readonly error?: string | undefined;
  readonly usage?: Usage | undefined;
  readonly finish?: string | undefined;
}

/** How a provider is asked, as far as the conventions have a name for it. */
export interface Asking {
  readonly baseUrl?: string | undefined;
  readonly temperature?: number | undefined;
  readonly topP?: number | undefined;
  readonly maxTokens?: number | undefined;
  readonly seed?: number | undefined;
  readonly stop?: readonly string[] | undefined;
  /** It writes in this process, and no server is asked. */
  readonly isBuiltIn: boolean;
}

export interface TelemetryOptions {
  /** `proxy`, `agent`, `worker` …: with `colloquy-` before it, the name of the service unless the environment says another. */
  readonly service: string;
  /** The version of the program. */
  readonly version: string;
  /** Told once what keeps it from being delivered, in one sentence. */
  readonly onProblem: (sentence: string) => void;
  readonly env?: NodeJS.ProcessEnv;
}

let current: Telemetry | undefined;

/** Who measures in this process; undefined where nobody asked for it. */
export function telemetry(): Telemetry | undefined {
  return current;
}

/**
 * Begins to measure, where the environment asks for it (`OTEL_EXPORTER_OTLP_ENDPOINT` and its kin); otherwise
 * nothing is loaded. Never rejects: what is wrong with the environment is a problem like any other.
 */
export async function startTelemetry(options: TelemetryOptions): Promise<void> {
  if (current || !isTelemetryWanted(options.env ?? process.env)) return;
  const { startOpenTelemetry } = await import('./open-telemetry.ts');
  current = startOpenTelemetry(options);
}

/** Sends what is left, within two seconds. False where something may still be on its way then. */
export async function endTelemetry(): Promise<boolean> {
  const ending = current;
  current = undefined;
  return (await ending?.end()) ?? true;
}

/** Does `work`, measured where anything is. */
export function measured<T>(
  doing: Doing,
  work: () => Promise<T>,
  conclude?: (result: T) => Ending,
): Promise<T> {
  return current ? current.measure(doing, work, conclude) : work();
}

/** Source: https://opentelemetry.io/docs/specs/otel/protocol/exporter/ */
function isTelemetryWanted(env: NodeJS.ProcessEnv): boolean {
  if (env['OTEL_SDK_DISABLED']?.trim().toLowerCase() === 'true') return false;
  return ['', '_TRACES', '_METRICS'].some((signal) => env[`OTEL_EXPORTER_OTLP${signal}_ENDPOINT`]?.trim());
}
