import path from 'node:path';
import type { CommandModule, InferredOptionTypes } from 'yargs';
import type { CodingResult } from '../../coder/events.ts';
import { visibleControls } from '../../journal/render/visible-controls.ts';
import { ColloquyError } from '../../wire/errors.ts';
import { coderFlags, coderSettings } from '../coder-flags.ts';
import { UsageError } from '../failure.ts';
import { onInterrupt } from '../interrupt.ts';
import { withTelemetry } from '../with-telemetry.ts';
import { sandboxFlags } from './sidecar.ts';

const flags = {
  task: { alias: 't', type: 'string', describe: 'What the program is to do, instead of a file' },
  service: {
    alias: 's',
    type: 'string',
    describe: 'SERVICE:MODEL that plans and codes, such as ollama:qwen2.5-coder',
  },
  tests: {
    type: 'string',
    normalize: true,
    describe: 'A Python file that must run without an error after it',
  },
  out: {
    alias: 'o',
    type: 'string',
    normalize: true,
    describe: 'Where the program goes [default: persistent_source.py]',
  },
  runs: { type: 'string', normalize: true, default: 'runs', describe: 'Folder of the runs' },
  resume: {
    type: 'string',
    normalize: true,
    describe: 'Folder of a run to go on with, or "last": what was paid for is kept',
  },
  verbose: { alias: 'v', type: 'boolean', describe: 'Show what is written and printed, as it comes' },
  json: { type: 'boolean', describe: 'One JSON object a line for each event, for programs' },
  config: {
    alias: 'c',
    type: 'string',
    normalize: true,
    describe: 'Settings file [default: config/coder.yml]',
  },
  ...coderFlags,
  tier: sandboxFlags.tier,
} as const;

type Flags = InferredOptionTypes<typeof flags> & { file?: string | undefined };

export const codeCommand: CommandModule<object, Flags> = {
  command: 'code [file]',
  describe: 'Have a program written, linted, run and mended until it works',
  builder: (cli) =>
    cli.positional('file', { type: 'string', describe: 'File of the task, or - for stdin' }).options(flags),
  handler: (argv) => withTelemetry('code', () => code(argv)),
};

async function code(argv: Flags): Promise<void> {
  const { runCodingTask } = await import('../coding-task.ts');
  const { createCodingProgress } = await import('../coding-progress.ts');
  const { loadExecutionConfig } = await import('../execution-config.ts');
  const { readTextFile } = await import('../../config/read-text.ts');
  const { findRunFolder } = await import('../run-folders.ts');
  const task = await readTask(argv);
  const abort = new AbortController();
  onInterrupt({
    polite: () => false,
    atOnce: () => abort.abort(new DOMException('interrupted', 'AbortError')),
  });
  const run = runCodingTask({
    ...(task === undefined ? {} : { task }),
    ...(argv.tests === undefined ? {} : { tests: readTextFile(argv.tests, argv.tests) }),
    ...(argv.service === undefined ? {} : { service: argv.service }),
    ...(argv.config === undefined ? {} : { config: argv.config }),
    ...(argv.out === undefined ? {} : { out: argv.out }),
    ...(argv.resume === undefined ? {} : { resume: findRunFolder(argv.resume, argv.runs, 'code') }),
    settings: coderSettings(argv),
    execution: await loadExecutionConfig({ tier: argv.tier }),
    runs: argv.runs,
    signal: abort.signal,
  });
  const show = argv.json
    ? (event: object) => void process.stdout.write(`${JSON.stringify(event)}\n`)
    : createCodingProgress(process.stdout, { verbose: argv.verbose ?? false });
  let folder = '';
  try {
    for await (const event of run) {
      if (event.type === 'started') folder = shorten(event.folder);
      show(event);
    }
  } catch (error) {
    if (folder !== '') process.stderr.write(`To go on: colloquy code --resume ${folder}\n`);
    throw error;
  }
  conclude(await run.result, argv.json ?? false);
}

function conclude(result: CodingResult, isJson: boolean): void {
  const { outcome, summary, report, folder } = result;
  if (!isJson) {
    process.stdout.write(`\n${visibleControls(summary)}\nReport: ${shorten(report)}\n`);
  }
  if (outcome !== 'failed') return;
  throw new ColloquyError(
    `the task is not done; ${shorten(report)} tells why. To go on: colloquy code --resume ${shorten(folder)} --max-coding-attempts ${result.attempts + 5}`,
    { code: 'task-failed' },
  );
}

async function readTask(argv: Flags): Promise<string | undefined> {
  const { task, file } = argv;
  if (task !== undefined && file !== undefined) {
    throw new UsageError('a file and -t both say what the task is; leave one of them out');
  }
  if (task !== undefined || file === undefined) return task;
  // The parser makes an empty text of a dash that stands alone.
  if (file !== '-' && file !== '') {
    const { readTextFile } = await import('../../config/read-text.ts');
    return readTextFile(file, file);
  }
  const pieces: Buffer[] = [];
  for await (const piece of process.stdin) pieces.push(piece as Buffer);
  return Buffer.concat(pieces).toString('utf8');
}

/** As one would type it here. */
function shorten(file: string): string {
  const relative = path.relative('', file);
  return relative.startsWith('..') ? file : relative;
}
