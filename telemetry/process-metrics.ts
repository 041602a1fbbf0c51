import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Meter } from '@opentelemetry/api';

/** How often the event loop is looked at, in milliseconds; a lag shorter than that is none. */
const resolution = 20;

/** Memory, processor time and how late the event loop is, under the names that Prometheus clients give them. */
export function measureProcess(
  meter: Meter,
  info: { readonly service: string; readonly version: string },
): () => void {
  const delay = monitorEventLoopDelay({ resolution });
  delay.enable();
  const gauge = (name: string, description: string, read: () => number): void =>
    meter
      .createObservableGauge(name, { description })
      .addCallback((result) => result.observe(Math.max(0, read())));
  meter
    .createObservableGauge('colloquy_build_info', { description: 'The program and its version; always 1.' })
    .addCallback((result) => result.observe(1, { ...info }));
  gauge('process_resident_memory_bytes', 'Resident memory.', () => process.memoryUsage.rss());
  gauge('process_start_time_seconds', 'When the process was started, since 1970.', () =>
    Math.round(Date.now() / 1_000 - process.uptime()),
  );
  gauge('nodejs_heap_used_bytes', 'Memory that JavaScript holds.', () => process.memoryUsage().heapUsed);
  // Nanoseconds between two looks, of which the time that was meant to pass is no lag.
  const lag = (nanoseconds: number): number =>
    Number.isNaN(nanoseconds) ? 0 : nanoseconds / 1e9 - resolution / 1e3;
  gauge('nodejs_eventloop_lag_mean_seconds', 'How late the event loop was, since the last scrape.', () =>
    lag(delay.mean),
  );
  gauge('nodejs_eventloop_lag_p99_seconds', 'The same, of the worst hundredth the best.', () =>
    lag(delay.percentile(99)),
  );
  // The last one that is read begins anew.
  gauge('nodejs_eventloop_lag_max_seconds', 'The same at its worst.', () => {
    const worst = lag(delay.max);
    delay.reset();
    return worst;
  });
  meter
    .createObservableCounter('process_cpu_seconds_total', { description: 'Processor time, user and system.' })
    .addCallback((result) => {
      const { user, system } = process.cpuUsage();
      result.observe((user + system) / 1e6);
    });
  return () => delay.disable();
}
