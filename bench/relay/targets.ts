/** One figure of relaybench, and what the issue asks of it as a ratio to a peer's. */
export interface Target {
  readonly cell: string;
  readonly what: string;
  /** Its name in the generator's results. */
  readonly key: string;
  readonly peer: 'haproxy' | 'nats';
  /** With the unit of the ratio itself: `atLeast` for what should be high, `atMost` for what should be low. */
  readonly atLeast?: number;
  readonly atMost?: number;
}

const roundTrips = { what: 'round trips/s', key: 'rt_per_s' } as const;
const slowest = { what: 'p99, µs', key: 'rtt_p99_us' } as const;
const throughput = { what: 'MB/s', key: 'mb_per_s' } as const;

export const targets: readonly Target[] = [
  { cell: 'pp-64-1', ...roundTrips, peer: 'haproxy', atLeast: 0.9 },
  { cell: 'pp-64-100', ...roundTrips, peer: 'haproxy', atLeast: 0.75 },
  { cell: 'pp-64-1000', ...roundTrips, peer: 'haproxy', atLeast: 0.7 },
  { cell: 'pp-64-1', ...slowest, peer: 'haproxy', atMost: 1.2 },
  { cell: 'pp-64-100', ...slowest, peer: 'haproxy', atMost: 1.4 },
  { cell: 'pp-64-1000', ...slowest, peer: 'haproxy', atMost: 1.5 },
  { cell: 'pp-65536-1', ...roundTrips, peer: 'haproxy', atLeast: 0.65 },
  { cell: 'pp-65536-100', ...roundTrips, peer: 'haproxy', atLeast: 0.6 },
  { cell: 'thr-65536-1', ...throughput, peer: 'haproxy', atLeast: 0.8 },
  { cell: 'thr-65536-100', ...throughput, peer: 'haproxy', atLeast: 0.85 },
  { cell: 'pp-64-1', ...roundTrips, peer: 'nats', atLeast: 1.1 },
  { cell: 'pp-64-100', ...roundTrips, peer: 'nats', atLeast: 1.4 },
  { cell: 'pp-64-1000', ...roundTrips, peer: 'nats', atLeast: 1.4 },
];

/** Shown as they are, for every relay. */
export const memoryFigures: readonly { cell: string; what: string; key: string }[] = [
  { cell: 'idle-1000', what: 'memory at the start, MiB', key: 'rss0_mib' },
  { cell: 'idle-1000', what: 'memory of an idle pair, KiB', key: 'rss_per_pair_kib' },
  { cell: 'idle-1000', what: 'memory when all are closed, MiB', key: 'rss_closed_mib' },
  ...['slow-1024', 'slow-65536'].flatMap((cell) => [
    { cell, what: 'taken in for each slow reader, KiB', key: 'accepted_per_pair_kib' },
    { cell, what: 'memory before, MiB', key: 'rss0_mib' },
    { cell, what: 'most memory while they stand still, MiB', key: 'rss_pause_peak_mib' },
    { cell, what: 'most memory while they catch up, MiB', key: 'rss_drain_peak_mib' },
    { cell, what: 'p99 of the fast ones before, µs', key: 'before_rtt_p99_us' },
    { cell, what: 'p99 of the fast ones meanwhile, µs', key: 'during_rtt_p99_us' },
  ]),
];
