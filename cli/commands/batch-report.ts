import { existsSync } from 'node:fs';
import path from 'node:path';
import type { CommandModule, InferredOptionTypes } from 'yargs';
import { experimentFlag, outFlag } from './batch-flags.ts';
import { UsageError } from '../failure.ts';
import { readVersion } from '../version.ts';

const flags = {
  ...outFlag,
  to: {
    type: 'string',
    normalize: true,
    describe: 'Folder for the report [default: report, in that of the batch]',
  },
} as const;

type Flags = InferredOptionTypes<typeof flags> & { experiment: string };

/** `batch report`: reads only, and may do so while the batch runs. */
export const batchReport: CommandModule<object, Flags> = {
  command: 'report <experiment>',
  describe: 'Write a page with figures about what was held, and its data as CSV and Parquet',
  builder: (cli) => cli.positional('experiment', experimentFlag).options(flags),
  handler: reportBatch,
};

async function reportBatch({ experiment, out, to }: Flags): Promise<void> {
  const { BatchPlan } = await import('../batch-plan.ts');
  const { writeReport } = await import('../../batch/report/write-report.ts');
  const { createBench } = await import('../judging.ts');
  const plan = new BatchPlan(experiment);
  const { matrix, jobs } = plan;
  const folder = path.resolve(out, matrix.name);
  if (!existsSync(folder)) {
    throw new UsageError(
      `nothing of ${matrix.name} is held in ${path.relative('', folder)}; hold it first: colloquy batch run ${experiment}`,
    );
  }
  const target = to === undefined ? path.join(folder, 'report') : path.resolve(to);
  const bench = await createBench({ plan, politeMs: 0 });
  const { page, held, total } = await writeReport({
    name: matrix.name,
    jobs,
    folder,
    target,
    software: `colloquy ${readVersion()}`,
    digestsOf: (meeting) => bench?.digestsOf(meeting) ?? Promise.resolve(new Set()),
  });
  const part = held === total ? `all ${total}` : `${held} of ${total}`;
  process.stdout.write(`Report on ${part} meetings: ${path.relative('', page) || page}\n`);
}
