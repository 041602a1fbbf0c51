import { spawn } from 'node:child_process';
import path from 'node:path';
import type { CommandModule, InferredOptionTypes } from 'yargs';
import { isLoopbackHost } from '../../wire/address.ts';
import { UsageError } from '../failure.ts';
import { onInterrupt } from '../interrupt.ts';
import { createLog, logFlags } from '../log.ts';
import { folderFlag, resolveFolder } from '../meeting-folder.ts';
import { followLauncher, report } from '../supervised.ts';
import { readVersion } from '../version.ts';

const flags = {
  host: {
    alias: 'H',
    type: 'string',
    default: '127.0.0.1',
    describe: 'Address to listen on; others than this machine need a token',
  },
  port: { alias: 'p', type: 'number', default: 31_337, describe: 'Port; 0: any that is free' },
  name: {
    type: 'string',
    array: true,
    describe: 'Another name by which it may be called, such as that of a proxy before it',
  },
  token: { type: 'string', describe: 'What whoever asks must know; better kept in COLLOQUY_WEB_TOKEN' },
  open: { type: 'boolean', describe: 'Open it in the browser' },
  ...folderFlag,
  runs: {
    type: 'string',
    array: true,
    normalize: true,
    describe: 'Folders with runs of pipelines and of the coder [default: runs]',
  },
  ...logFlags,
} as const;

type Flags = InferredOptionTypes<typeof flags>;

export const webCommand: CommandModule<object, Flags> = {
  command: 'web',
  describe: 'Watch, steer and read meetings in a browser',
  builder: flags,
  handler: runWeb,
};

/** So that it stands in no list of processes. */
const tokenVariable = 'COLLOQUY_WEB_TOKEN';

async function runWeb(argv: Flags): Promise<void> {
  const { host, port } = argv;
  const token = argv.token ?? process.env[tokenVariable] ?? '';
  if (!isLoopbackHost(host) && token === '') {
    throw new UsageError(
      `--host ${host} lets others in, who may start meetings and read all of them: set a token in ${tokenVariable}, or leave --host out`,
    );
  }
  const { startWebServer } = await import('../../web/server/server.ts');
  const log = createLog('web', argv);
  const server = await startWebServer({
    host,
    port,
    names: argv.name ?? [],
    token,
    transcripts: await resolveFolder(argv),
    runs: (argv.runs ?? ['runs']).map((folder) => path.resolve(folder)),
    cwd: process.cwd(),
    env: process.env,
    software: readVersion(),
    log,
  });
  const address = `http://${host.includes(':') ? `[${host}]` : host}:${server.port}/`;
  if (!argv.quiet) process.stdout.write(`The page is at ${address}\n`);
  report({ type: 'page', address });
  const end = async (): Promise<void> => {
    const meetings = await server.close();
    // They are not the page's: whoever started them may come back to them.
    for (const meeting of meetings) {
      process.stderr.write(`${meeting} goes on; to end it: colloquy control ${meeting} stop\n`);
    }
    process.exit(process.exitCode);
  };
  const launcher = followLauncher({ onGoodbye: () => {}, onEnd: () => void end() });
  const leave = (): true => {
    void end();
    return true;
  };
  if (!launcher) onInterrupt({ polite: leave, atOnce: () => process.exit(), terminate: leave });
  if (argv.open) openInBrowser(address);
}

/** Where there is no browser, nothing happens: the address stands in the terminal. */
function openInBrowser(address: string): void {
  const [command, ...args]: [string, ...string[]] =
    process.platform === 'darwin'
      ? ['open', address]
      : process.platform === 'win32'
        ? ['cmd', '/c', 'start', '', address]
        : ['xdg-open', address];
  const child = spawn(command, args, { stdio: 'ignore', detached: true });
  child.on('error', () => {});
  child.unref();
}
