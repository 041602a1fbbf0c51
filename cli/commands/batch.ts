import os from 'node:os';
import path from 'node:path';
import type { CommandModule, InferredOptionTypes } from 'yargs';
import type { MeetingHolder } from '../../batch/holder.ts';
import type { BatchResult } from '../../batch/runner.ts';
import type { BatchFolder } from '../../batch/state.ts';
import type { BatchPlan } from '../batch-plan.ts';
import type { CommandGroup } from '../command-group.ts';
import { withoutPassword } from '../../batch/redis/without-password.ts';
import { UsageError } from '../failure.ts';
import { onInterrupt } from '../interrupt.ts';
import { createLog } from '../log.ts';
import { sayAboveProgress } from '../say-above-progress.ts';
import { readVersion } from '../version.ts';
import { withTelemetry } from '../with-telemetry.ts';
import { experimentFlag, jobsFlag, outFlag, refuseNoJobs } from './batch-flags.ts';
import { batchJudge } from './batch-judge.ts';
import { batchReport } from './batch-report.ts';

const runFlags = {
  ...jobsFlag,
  redis: {
    type: 'string',
    describe: 'Have the workers hold them that take their work from here (docs/scale.md)',
  },
  ...outFlag,
  verbose: { alias: 'v', type: 'boolean', describe: 'Say what became of each meeting' },
  logfile: { alias: 'l', type: 'string', normalize: true, describe: 'Write a log to this file, as JSON' },
} as const;

type RunFlags = InferredOptionTypes<typeof runFlags> & { experiment: string };

const check: CommandModule<object, InferredOptionTypes<typeof jobsFlag> & { experiment: string }> = {
  command: 'check <experiment>',
  describe: 'Say how many meetings it would be, and what they may take',
  builder: (cli) => cli.positional('experiment', experimentFlag).options(jobsFlag),
  handler: async (argv) => {
    const { BatchPlan } = await import('../batch-plan.ts');
    const { describeBatch } = await import('../batch-estimate.ts');
    refuseNoJobs(argv.jobs);
    const plan = new BatchPlan(argv.experiment);
    await plan.check();
    process.stdout.write(await describeBatch(plan, argv.jobs));
  },
};

const run: CommandModule<object, RunFlags> = {
  command: 'run <experiment>',
  describe: 'Hold the meetings of an experiment, or go on with those that are left',
  builder: (cli) => cli.positional('experiment', experimentFlag).options(runFlags),
  handler: (argv) => withTelemetry('batch', () => runBatch(argv)),
};

export const batchCommands: CommandGroup = {
  name: 'batch',
  describe: 'Hold many meetings out of one file',
  commands: [check, run, batchJudge, batchReport],
};

async function createHolder(
  argv: RunFlags,
  plan: BatchPlan,
  { folder, politeMs }: { readonly folder: BatchFolder; readonly politeMs: number },
): Promise<MeetingHolder> {
  const { TranscriptThread } = await import('../../journal/transcript-thread.ts');
  const { createTranscriptWriter } = new TranscriptThread();
  const { retries } = plan.matrix;
  if (argv.redis !== undefined) {
    const { connectRedis } = await import('../../batch/redis/connection.ts');
    const { RemoteHolder } = await import('../../batch/redis/remote-holder.ts');
    const { RedisRequestGate } = await import('../../batch/redis/request-gate.ts');
    const { refuseUnportable, shipBatch, shipMeeting } = await import('../shipping.ts');
    await refuseUnportable(plan);
    const address = withoutPassword(argv.redis);
    const redis = await connectRedis(argv.redis, sayAboveProgress);
    const { name: batch } = plan.matrix;
    // For the judges, who ask from here.
    plan.shareGates((address, limits) => new RedisRequestGate(redis, `${batch} ${address}`, limits));
    return new RemoteHolder({
      redis,
      batch,
      shared: shipBatch(plan, { owner: `${os.hostname()}:${folder.path}`, politeMs }),
      retries,
      ship: (each, parts) => shipMeeting(plan, each, parts),
      render: (meeting) => createTranscriptWriter({ folder: meeting }).finish(),
      onSend: () => folder.send(address),
      onTrouble: sayAboveProgress,
    });
  }
  const { costOf } = await import('../../journal/cost.ts');
  const { LocalHolder } = await import('../../batch/local-holder.ts');
  return new LocalHolder({
    prepare: (each) => plan.prepare(each),
    atOnce: argv.jobs,
    retries,
    costOfTurn({ seat, meta }, { speakers }) {
      const { provider } = speakers[seat];
      const price = plan.priceOf(provider.name, provider.model);
      return price && meta?.usage ? costOf(meta.usage, price) : 0;
    },
    environment: {
      software: `colloquy ${readVersion()}`,
      log: createLog('batch', { quiet: argv.logfile === undefined, logfile: argv.logfile }),
      prices: plan.prices,
      createTranscriptWriter,
    },
    politeMs,
  });
}

async function runBatch(argv: RunFlags): Promise<void> {
  const { BatchPlan } = await import('../batch-plan.ts');
  refuseNoJobs(argv.jobs);
  const plan = new BatchPlan(argv.experiment);
  try {
    await holdBatch(plan, argv);
  } finally {
    await plan.close();
  }
}

async function holdBatch(plan: BatchPlan, argv: RunFlags): Promise<void> {
  const { BatchFolder } = await import('../../batch/state.ts');
  const { BatchRunner } = await import('../../batch/runner.ts');
  const { createBatchView } = await import('../batch-view.ts');
  const { createBench, describeVerdicts, judgeWhatIsHeld } = await import('../judging.ts');
  const digests = await plan.check();
  if (argv.redis === undefined) await plan.tryProviders();
  else await plan.tryJudges();
  const { matrix, jobs } = plan;
  const [job] = jobs;
  const politeMs = job ? plan.proxyConfig(job).shutdown_seconds * 1_000 : 0;
  const bench = await createBench({ plan, politeMs });
  const judging = new AbortController();
  const folder = new BatchFolder(path.resolve(argv.out, matrix.name), sayAboveProgress);
  try {
    refuseChanged(folder.changedSpeakers(digests), folder.path);
    refuseElsewhere(folder, argv);
    const holder = await createHolder(argv, plan, { folder, politeMs });
    const runner = new BatchRunner({
      folder,
      jobs,
      holder,
      limits: matrix.limits.batch,
      ...(bench ? { judge: (own, polite) => bench.judge(own, polite) } : {}),
      onEvent: (event) => view.show(event),
    });
    onInterrupt({
      polite() {
        const isFirst = runner.stop();
        judging.abort();
        if (isFirst)
          process.stderr.write(
            '\nStops after the turns that are being written; Ctrl-C again ends at once.\n',
          );
        return isFirst;
      },
      // What is on the disk is all that is needed to go on.
      atOnce() {
        if (process.stdout.isTTY) process.stdout.write('\n');
        process.exit();
      },
    });
    // Before others are held, so that an interrupted batch is whole as far as it has come.
    const judged = bench && { atOnce: argv.jobs, signal: judging.signal };
    if (judged) await judgeWhatIsHeld(bench, plan, folder, judged);
    const view = createBatchView(process.stdout, {
      progress: () => runner.progress,
      verbose: argv.verbose ?? false,
      isPriced: await plan.isPriced(),
    });
    const result = await runner.run();
    folder.allCameHome();
    view.finish(result);
    if (bench) process.stdout.write(describeVerdicts(bench));
    if (bench && bench.counts.failed > 0) process.exitCode ??= 1;
    conclude(result, argv, path.relative('', folder.path));
  } finally {
    folder.close();
  }
}

function conclude({ open, failures, limit }: BatchResult, argv: RunFlags, folder: string): void {
  process.stdout.write(`Journals and transcripts: ${path.join(folder, 'meetings')}\n`);
  if (failures.length > 0) {
    process.stdout.write(
      `${failures.length} failed; what was said in them is in ${path.join(folder, 'failed')}\n`,
    );
  }
  if (open + failures.length === 0) return;
  const first = limit === undefined ? '' : `, raise limits.batch in ${argv.experiment} and run it again`;
  process.stdout.write(
    `To go on with the ${open + failures.length} that are left${first}: ${describeCall(argv)}\n`,
  );
  process.exitCode ??= 1;
}

/** As it was called, but for a password. */
function describeCall({ experiment: file, jobs, out, redis }: RunFlags): string {
  return [
    `colloquy batch run ${file}`,
    ...(jobs === jobsFlag.jobs.default ? [] : [`-j ${jobs}`]),
    ...(out === runFlags.out.default ? [] : [`-o ${out}`]),
    ...(redis === undefined ? [] : [`--redis ${withoutPassword(redis)}`]),
  ].join(' ');
}

/** Half a batch with one text and half with another is no data that stands. */
function refuseChanged(changed: readonly string[], folder: string): void {
  if (changed.length === 0) return;
  throw new UsageError(
    `${changed.join(', ')}: not as when this batch began (persona, service or model); put it back, give the batch another name, or delete ${path.relative('', folder)} to hold all meetings again`,
  );
}

/** What is held there is not to be held, and paid for, here as well. */
function refuseElsewhere({ sentTo, path: own }: BatchFolder, { redis }: RunFlags): void {
  if (sentTo === undefined || (redis !== undefined && withoutPassword(redis) === sentTo)) return;
  const file = path.relative('', path.join(own, 'batch.json'));
  throw new UsageError(
    `workers may hold meetings of this batch still: run it with --redis ${sentTo}, which brings them home (Ctrl-C ends what is left), or take "redis" out of ${file} if that Redis is gone for good`,
  );
}
