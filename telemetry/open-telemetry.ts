import { randomUUID } from 'node:crypto';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import {
  defaultResource,
  detectResources,
  envDetector,
  resourceFromAttributes,
} from '@opentelemetry/resources';
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { redactSecrets } from '../agents/redact.ts';
import { messageOf } from '../wire/errors.ts';
import { createInstruments } from './instruments.ts';
import { MeetingSpans } from './meeting-spans.ts';
import { Spans } from './spans.ts';
import { measureReplies } from './chat.ts';
import type { Telemetry, TelemetryOptions } from './telemetry.ts';

/** What a program waits at its end for what is left to be delivered. */
const endLimitMs = 2_000;

/** How often metrics are sent, unless OTEL_METRIC_EXPORT_INTERVAL says otherwise. */
const usualIntervalMs = 60_000;

/** Loads the SDK, which reads the rest of the environment by itself. Undefined where it cannot work. */
export function startOpenTelemetry(options: TelemetryOptions): Telemetry | undefined {
  const { env = process.env, service, version } = options;
  let isTold = false;
  const tell = (sentence: string): void => {
    if (!isTold) options.onProblem(`telemetry: ${redactSecrets(sentence, [])}`);
    isTold = true;
  };
  const problem = whyNot(env);
  if (problem !== undefined) return void tell(problem);

  const resource = defaultResource()
    .merge(
      resourceFromAttributes({
        'service.name': `colloquy-${service}`,
        'service.version': version,
        'service.instance.id': randomUUID(),
        'process.pid': process.pid,
      }),
    )
    .merge(detectResources({ detectors: [envDetector] }));
  const fail = (signal: Signal) => (error: unknown) =>
    tell(`${endpointOf(env, signal)} does not take what is sent: ${messageOf(error)}`);

  const tracers = new BasicTracerProvider({
    resource,
    spanProcessors: isWanted(env, 'TRACES')
      ? [new BatchSpanProcessor(new WatchedTraceExporter(fail('TRACES')))]
      : [],
  });
  const meters = new MeterProvider({
    resource,
    readers: isWanted(env, 'METRICS')
      ? [
          new PeriodicExportingMetricReader({
            exporter: new WatchedMetricExporter(fail('METRICS')),
            exportIntervalMillis: Number(env['OTEL_METRIC_EXPORT_INTERVAL']) || usualIntervalMs,
          }),
        ]
      : [],
  });

  const spans = new Spans({
    tracer: tracers.getTracer('colloquy', version),
    instruments: createInstruments(meters.getMeter('colloquy', version)),
    capturesContent: capturesContent(env),
    parent: env['TRACEPARENT'],
  });
  const meetings = new MeetingSpans(spans);
  return {
    watch: (event) => meetings.watch(event),
    welcome: (meeting, seat) => meetings.welcome(meeting, seat),
    traceOf: (meeting) => meetings.traceOf(meeting),
    goOn: (meeting, former) => meetings.goOn(meeting, former),
    inMeeting: (meeting, work) => meetings.within(meeting, work),
    measure: (doing, work, conclude) => spans.measure(doing, work, conclude),
    here: () => {
      const { scope } = spans;
      return (work) => spans.within(scope, work);
    },
    note: (name, attributes) => spans.note(name, attributes),
    provider: (provider, asking) => measureReplies(provider, asking, spans),
    get environment() {
      return spans.environment;
    },
    async end() {
      spans.endAll();
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<boolean>((resolve) => {
        timer = setTimeout(() => resolve(false), endLimitMs);
      });
      const sent = Promise.allSettled([tracers.shutdown(), meters.shutdown()]).then(() => true);
      const isSent = await Promise.race([sent, late]);
      clearTimeout(timer);
      const where = endpointOf(env, isWanted(env, 'TRACES') ? 'TRACES' : 'METRICS');
      if (!isSent) {
        tell(
          `${where} has not taken everything within ${endLimitMs / 1_000} s; is a collector there? OTEL_SDK_DISABLED=true switches it off`,
        );
      }
      return isSent;
    },
  };
}

type Signal = 'TRACES' | 'METRICS';

function isWanted(env: NodeJS.ProcessEnv, signal: Signal): boolean {
  return env[`OTEL_${signal}_EXPORTER`]?.trim() !== 'none' && endpointOf(env, signal) !== '';
}

/** What the person has set, without a password that may be in it. */
function endpointOf(env: NodeJS.ProcessEnv, signal: Signal): string {
  return (env[`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`] ?? env['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '').trim();
}

/** Left to itself, the SDK would say nothing and send to another address. */
function whyNot(env: NodeJS.ProcessEnv): string | undefined {
  for (const signal of ['TRACES', 'METRICS'] as const) {
    const endpoint = endpointOf(env, signal);
    if (endpoint !== '' && !(URL.canParse(endpoint) && /^https?:$/.test(new URL(endpoint).protocol))) {
      return `${JSON.stringify(endpoint)} is no address of a collector; set OTEL_EXPORTER_OTLP_ENDPOINT to one such as http://127.0.0.1:4318`;
    }
    const protocol = env[`OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`] ?? env['OTEL_EXPORTER_OTLP_PROTOCOL'];
    if (protocol?.trim() === 'grpc') {
      return 'OTLP goes over HTTP here, and not over gRPC: leave OTEL_EXPORTER_OTLP_PROTOCOL out, and name the port of the collector for HTTP, usually 4318';
    }
  }
  return undefined;
}

/** `true` as of old, or one of the words that newer instrumentations take. */
function capturesContent(env: NodeJS.ProcessEnv): boolean {
  const wish = env['OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT']?.trim().toLowerCase() ?? '';
  return ['true', 'span_only', 'span_and_event'].includes(wish);
}

class WatchedTraceExporter extends OTLPTraceExporter {
  readonly #onFailed: (error: unknown) => void;

  constructor(onFailed: (error: unknown) => void) {
    super();
    this.#onFailed = onFailed;
  }

  override export(...[spans, done]: Parameters<OTLPTraceExporter['export']>): void {
    super.export(spans, (result) => {
      if (result.error) this.#onFailed(result.error);
      done(result);
    });
  }
}

class WatchedMetricExporter extends OTLPMetricExporter {
  readonly #onFailed: (error: unknown) => void;

  constructor(onFailed: (error: unknown) => void) {
    super();
    this.#onFailed = onFailed;
  }

  override export(...[metrics, done]: Parameters<OTLPMetricExporter['export']>): void {
    super.export(metrics, (result) => {
      if (result.error) this.#onFailed(result.error);
      done(result);
    });
  }
}
