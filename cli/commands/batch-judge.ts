import path from 'node:path';
import type { CommandModule, InferredOptionTypes } from 'yargs';
import { experimentFlag, jobsFlag, outFlag, refuseNoJobs } from './batch-flags.ts';
import { UsageError } from '../failure.ts';
import { onInterrupt } from '../interrupt.ts';

const flags = {
  ...jobsFlag,
  ...outFlag,
  again: { type: 'boolean', describe: 'Ask again where no verdict could be used' },
} as const;

type Flags = InferredOptionTypes<typeof flags> & { experiment: string };

/** `batch judge`: the meetings that are held, and nothing else. */
export const batchJudge: CommandModule<object, Flags> = {
  command: 'judge <experiment>',
  describe: 'Have the judges give the verdicts that are missing on meetings that are held',
  builder: (cli) => cli.positional('experiment', experimentFlag).options(flags),
  handler: judgeBatch,
};

async function judgeBatch(argv: Flags): Promise<void> {
  const { BatchFolder } = await import('../../batch/state.ts');
  const { BatchPlan } = await import('../batch-plan.ts');
  const { createBench, describeVerdicts, judgeWhatIsHeld } = await import('../judging.ts');
  refuseNoJobs(argv.jobs);
  const plan = new BatchPlan(argv.experiment);
  await plan.check();
  await plan.tryJudges();
  const [job] = plan.jobs;
  const politeMs = job ? plan.proxyConfig(job).shutdown_seconds * 1_000 : 0;
  const bench = await createBench({ plan, politeMs, again: argv.again ?? false });
  if (!bench) throw new UsageError(`${argv.experiment} has no judges; add some (docs/batch.md)`);
  const folder = new BatchFolder(path.resolve(argv.out, plan.matrix.name), (sentence) =>
    process.stderr.write(`${sentence}\n`),
  );
  const stopping = new AbortController();
  onInterrupt({
    polite() {
      if (stopping.signal.aborted) return false;
      stopping.abort();
      process.stderr.write('\nStops after the verdicts that are being written; Ctrl-C again ends at once.\n');
      return true;
    },
    atOnce: () => process.exit(),
  });
  try {
    const { due, left } = await judgeWhatIsHeld(bench, plan, folder, {
      atOnce: argv.jobs,
      signal: stopping.signal,
    });
    process.stdout.write(
      due === 0
        ? 'No verdict is missing on the meetings that are held.\n'
        : `${describeVerdicts(bench)}${due - left} of ${due} meetings are judged.\n`,
    );
    if (left === 0) return;
    process.stdout.write(
      `To go on with the ${left} that are left: colloquy batch judge ${argv.experiment}\n`,
    );
    process.exitCode ??= 1;
  } finally {
    folder.close();
  }
}
