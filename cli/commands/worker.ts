import { rmSync } from 'node:fs';
import type { CommandModule, InferredOptionTypes } from 'yargs';
import type { MeetingWorker, WorkerEvent } from '../../batch/redis/meeting-worker.ts';
import { refuseNoJobs } from './batch-flags.ts';
import { UsageError } from '../failure.ts';
import { onInterrupt } from '../interrupt.ts';
import { createLog } from '../log.ts';
import { makeTemporaryFolder, sweepTemporaryFolders } from '../../sidecar/temporary-folder.ts';
import { openMetrics } from '../open-metrics.ts';
import { readVersion } from '../version.ts';
import type { ExecutionConfig } from '../../config/schema.ts';
import { visibleLine } from '../../journal/render/visible-controls.ts';
import { withTelemetry } from '../with-telemetry.ts';
import type { WorkersExecution } from '../shipping.ts';

const flags = {
  redis: {
    type: 'string',
    demandOption: true,
    describe: 'Where the queue is: redis://HOST:PORT, or rediss:// with TLS',
  },
  jobs: { alias: 'j', type: 'number', default: 8, describe: 'Meetings at a time' },
  execute: {
    type: 'boolean',
    describe: 'Hold meetings whose code is run, too: here, in the sandbox that config/proxy.yml says',
  },
  'lease-seconds': {
    type: 'number',
    default: 30,
    describe: 'After how long a silence of a worker its meetings are given to others',
  },
  'metrics-port': {
    type: 'number',
    describe: 'Port of /metrics for Prometheus; 0: any free one [default: none]',
  },
  logfile: { alias: 'l', type: 'string', normalize: true, describe: 'Write a log to this file, as JSON' },
  quiet: { alias: 'q', type: 'boolean', describe: 'Log nothing to the terminal' },
} as const;

type Flags = InferredOptionTypes<typeof flags>;

/** For what was measured to be sent. */
const exitGraceMs = 2_500;

/** Shortest silence that tells a busy machine from a dead one. */
const leastLeaseSeconds = 2;

export const workerCommand: CommandModule<object, Flags> = {
  command: 'worker',
  describe: 'Hold meetings of batches that were put on a Redis (docs/scale.md)',
  builder: (cli) => cli.options(flags),
  handler: (argv) => withTelemetry('worker', () => runWorker(argv), argv),
};

async function runWorker(argv: Flags): Promise<void> {
  const { connectRedis } = await import('../../batch/redis/connection.ts');
  const { MeetingWorker } = await import('../../batch/redis/meeting-worker.ts');
  const { loadProxyConfig } = await import('../../config/load.ts');
  const { loadPrices } = await import('../../config/prices.ts');
  const { ReceivedBatches } = await import('../received-batches.ts');
  refuseNoJobs(argv.jobs);
  if (!(argv['lease-seconds'] >= leastLeaseSeconds))
    throw new UsageError(`--lease-seconds must be ${leastLeaseSeconds} or more`);
  const log = createLog('worker', { quiet: argv.quiet, logfile: argv.logfile });
  const { value: config } = loadProxyConfig({
    ...{ env: process.env, cwd: process.cwd() },
    flags: { 'metrics.port': argv['metrics-port'] },
  });
  const metrics = await openMetrics(config, 'worker', loadPrices({ cwd: process.cwd() }));
  if (metrics) log.info({ port: metrics.port }, `/metrics on ${config.metrics.host}, port ${metrics.port}`);
  const redis = await connectRedis(argv.redis, (sentence) => log.warn({}, sentence));
  sweepTemporaryFolders();
  const folder = makeTemporaryFolder('worker');
  let execution: OpenExecution | undefined;
  try {
    execution = argv.execute ? await openExecution(config.execution, log) : undefined;
    const batches = new ReceivedBatches(redis, execution);
    const worker = new MeetingWorker({
      redis,
      folder,
      atOnce: argv.jobs,
      leaseMs: argv['lease-seconds'] * 1_000,
      environment: { software: `colloquy ${readVersion()}`, log: createLog('relay', { quiet: true }) },
      prepare: async (meeting) => (await batches.get(meeting.batch)).prepare(meeting),
      ...(metrics ? { watch: metrics.watch } : {}),
      onEvent: (event) => report(event, log),
    });
    stopOnInterrupt(worker, log);
    log.info({ jobs: argv.jobs }, `takes meetings, ${argv.jobs} at a time`);
    if ((await worker.run()) === 'cut-off') {
      log.warn({}, 'Redis stays away: ended without handing back; others go on with what this worker held');
      process.exitCode = 1;
      // What waits for Redis would wait on.
      setTimeout(() => process.exit(), exitGraceMs).unref();
    }
  } finally {
    redis.disconnect();
    execution?.close();
    await metrics?.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

function stopOnInterrupt(worker: MeetingWorker, log: ReturnType<typeof createLog>): void {
  onInterrupt({
    polite() {
      log.info({}, `hands back ${worker.held} meetings after the turns that are being written`);
      worker.stop();
      return true;
    },
    atOnce: () => process.exit(),
    terminate: () => worker.stop(),
  });
}

interface OpenExecution extends WorkersExecution {
  close(): void;
}

/** Rejects with ColloquyError where there is no sandbox to be had. */
async function openExecution(
  config: ExecutionConfig,
  log: ReturnType<typeof createLog>,
): Promise<OpenExecution> {
  const { startExecution } = await import('../execution.ts');
  if (config.approve)
    throw new UsageError('config/proxy.yml: execution.approve is not for workers; switch it off');
  const started = await startExecution(config, {}, { log, launcher: undefined });
  try {
    await started.ready;
  } catch (error) {
    started.close();
    throw error;
  }
  return { runner: started.options.runner, config, close: () => started.close() };
}

function report(event: WorkerEvent, log: ReturnType<typeof createLog>): void {
  switch (event.type) {
    case 'begun':
      return log.info({}, `${event.batch}/${event.id} ${event.isResumed ? 'goes on' : 'begins'} here`);
    case 'ended': {
      const { batch, id, kind, reason } = event;
      const data = { kind };
      const name = `${batch}/${id}`;
      if (kind === 'done') return log.info(data, `${name} is done: ${reason}`);
      if (kind === 'back') return log.info(data, `${name} was handed back`);
      if (kind === 'open') return log.info(data, `${name} was left, since the batch is halted`);
      if (kind === 'lost')
        return log.warn(data, `${name} is held by another worker now; what was said here since is dropped`);
      return log.warn(data, `${name} failed${kind === 'again' ? ', and is tried again' : ''}: ${reason}`);
    }
    case 'unfit':
      return log.warn({}, `${event.batch} is left to other workers: ${event.reason}`);
    case 'cut-off':
      return log.warn({}, `no word of Redis: ${event.meetings} meetings are left, for others to take`);
    case 'unkept': {
      const { batch, id, file } = event;
      const sentence = `${batch}/${id}: ${visibleLine(file)} is too much for Redis, and stays behind`;
      return log.warn({}, sentence);
    }
    case 'trouble':
      return log.warn({}, event.sentence);
  }
}
