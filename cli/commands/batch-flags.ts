import { UsageError } from '../failure.ts';

export const experimentFlag = {
  type: 'string',
  demandOption: true,
  normalize: true,
  describe: 'File of what is varied (docs/batch.md)',
} as const;

export const jobsFlag = {
  jobs: { alias: 'j', type: 'number', default: 4, describe: 'Meetings at a time' },
} as const;

export const outFlag = {
  out: { alias: 'o', type: 'string', normalize: true, default: 'batches', describe: 'Folder of the batches' },
} as const;

export function refuseNoJobs(jobs: number): void {
  if (!Number.isInteger(jobs) || jobs < 1) throw new UsageError('-j must be a whole number, 1 or more');
}
