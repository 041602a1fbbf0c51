/** Flags of `pipeline run`. */
export const runFlags = {
  request: { alias: 'r', type: 'string', describe: 'What the run is asked for; - reads standard input' },
  'request-file': { type: 'string', normalize: true, describe: 'The same from a file' },
  runs: { type: 'string', normalize: true, default: 'runs', describe: 'Folder of the runs' },
  resume: {
    type: 'string',
    normalize: true,
    describe: 'Folder of a run to go on with, or "last": what is done stays',
  },
  from: { type: 'string', describe: 'With --resume: do this step anew, and all that depends on it' },
  only: {
    type: 'string',
    array: true,
    requiresArg: true,
    describe: 'With --resume: do this step anew, and no other; may be given several times',
  },
  'no-cache': { type: 'boolean', describe: 'Pay for every step, even if another run had the same' },
  verbose: { alias: 'v', type: 'boolean', describe: 'Show what is written, as it is written' },
} as const;

export interface RunFlags {
  pipeline?: string | undefined;
  request?: string | undefined;
  'request-file'?: string | undefined;
  service?: string | undefined;
  runs: string;
  resume?: string | undefined;
  from?: string | undefined;
  only?: string[] | undefined;
  'no-cache'?: boolean | undefined;
  verbose?: boolean | undefined;
  module?: string[] | undefined;
}
