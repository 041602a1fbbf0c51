import { pino, type LogFn, type Logger } from 'pino';
import { visibleControls } from '../journal/render/visible-controls.ts';

/** Where nobody sits at a terminal it is not loaded: every process starts the sooner. */
const pretty = process.stderr.isTTY ? await import('pino-pretty') : undefined;

/** The flags `-l -v -d -q`, which all long-running commands share. */
export interface LogFlags {
  readonly logfile?: string | undefined;
  readonly verbose?: boolean | undefined;
  readonly debug?: boolean | undefined;
  readonly quiet?: boolean | undefined;
}

export const logFlags = {
  logfile: { alias: 'l', type: 'string', normalize: true, describe: 'Write the log to this file, as JSON' },
  verbose: { alias: 'v', type: 'boolean', describe: 'Say more' },
  debug: { alias: 'd', type: 'boolean', describe: 'Say everything' },
  quiet: { alias: 'q', type: 'boolean', describe: 'Say nothing but errors' },
} as const;

/** A log on stderr, pretty on a terminal and JSON otherwise; or in a file, as JSON. */
export function createLog(name: string, flags: LogFlags): Logger {
  const options = { name, level: levelOf(flags), base: { pid: process.pid }, hooks: { logMethod } };
  if (flags.logfile !== undefined) {
    return pino(options, pino.destination({ dest: flags.logfile, sync: true, mkdir: true }));
  }
  if (!pretty) return pino(options, pino.destination({ dest: 2, sync: true }));
  const stream = pretty.PinoPretty({
    destination: 2,
    sync: true,
    ignore: 'pid,name',
    translateTime: 'SYS:HH:MM:ss',
    // The sentence says it; the data is for programs, and for those who look closely.
    hideObject: !flags.debug,
    // Together the two would leave out the end of the line, too (pino-pretty 13).
    singleLine: flags.debug === true,
  });
  return pino(options, stream);
}

/** Names and reasons in a sentence come from others, and must not move the cursor of whoever reads it. */
function logMethod(this: Logger, args: Parameters<LogFn>, method: LogFn): void {
  const visible = args.map((arg: unknown) => (typeof arg === 'string' ? visibleControls(arg) : arg));
  method.apply(this, visible as Parameters<LogFn>);
}

function levelOf({ quiet, debug, verbose }: LogFlags): string {
  if (quiet) return 'error';
  if (debug) return 'trace';
  return verbose ? 'debug' : 'info';
}
