import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import type { PriceList } from '../config/prices.ts';
import type { RelayFigures } from '../proxy/relay.ts';
import type { Viewer } from '../proxy/viewer.ts';
import { MeetingMetrics } from './meeting-metrics.ts';
import { listenForScrapes } from './metrics-server.ts';
import { measureProcess } from './process-metrics.ts';

export interface MetricsOptions {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** What whoever asks must know (`Authorization: Bearer …`); empty: nothing. */
  readonly token?: string;
  /** `proxy`, `worker` … */
  readonly service: string;
  /** Of the program. */
  readonly version: string;
  /** What models cost; absent: only what charges nobody is known to cost nothing. */
  readonly prices?: PriceList;
}

export interface Metrics {
  /** The port in use. */
  readonly port: number;
  /** To be told of all that happens in the meetings that are counted. */
  readonly watch: Viewer;
  /** Counts who is connected to a relay as well. */
  observe(figures: () => RelayFigures): void;
  close(): Promise<void>;
}

/**
 * Serves `/metrics` for Prometheus, out of what viewers are told: nothing is counted that nobody asked for.
 * Rejects with ColloquyError `port-taken` or `cannot-listen`.
 */
export async function startMetrics(options: MetricsOptions): Promise<Metrics> {
  const { host, port, token = '', service, version, prices } = options;
  const reader = new PrometheusExporter({ preventServerStart: true });
  const meter = new MeterProvider({ readers: [reader] }).getMeter('colloquy');
  const meetings = new MeetingMetrics(meter, prices);
  const closeProcess = measureProcess(meter, { service, version });
  const serializer = new PrometheusSerializer(undefined, false, undefined, true, true);
  const server = await listenForScrapes({
    ...{ host, port, token },
    render: async () => serializer.serialize((await reader.collect()).resourceMetrics),
  });
  return {
    port: server.port,
    watch: (event) => meetings.watch(event),
    observe: (figures) => meetings.observe(figures),
    async close() {
      closeProcess();
      await server.close();
    },
  };
}
