import type { CommandModule, InferredOptionTypes } from 'yargs';
import { UsageError } from '../failure.ts';
import { onInterrupt } from '../interrupt.ts';
import { folderFlag, resolveFolder } from '../meeting-folder.ts';

const flags = {
  ...folderFlag,
  services: {
    type: 'string',
    describe:
      'Services that clients may use, with commas between them [default: all but those that run programs or read files]',
  },
  'max-messages': { alias: 'M', type: 'number', default: 40, describe: 'Most messages of a meeting' },
  'max-seconds': { type: 'number', default: 900, describe: 'Longest meeting, in seconds' },
  'max-cost': {
    type: 'number',
    default: 0,
    describe: 'A meeting ends after so many US dollars; 0: no limit',
  },
  meetings: { type: 'number', default: 2, describe: 'Most meetings at a time' },
} as const;

type Flags = InferredOptionTypes<typeof flags>;

export const mcpCommand: CommandModule<object, Flags> = {
  command: 'mcp',
  describe: 'Serve meetings, code and transcripts to an MCP client, over stdin and stdout',
  builder: flags,
  handler: runMcp,
};

async function runMcp(argv: Flags): Promise<void> {
  // On stdout there is the protocol, and nothing else.
  console.log = console.info = console.debug = console.error;
  if (process.stdin.isTTY) {
    process.stderr.write(
      'colloquy mcp is started by an MCP client, and waits here for what one would write (docs/mcp.md); Ctrl-C ends it.\n',
    );
  }
  const { serveStdio } = await import('@modelcontextprotocol/server/stdio');
  const { createMcpProgram } = await import('../../mcp/server.ts');
  const program = createMcpProgram({
    cwd: process.cwd(),
    env: process.env,
    transcripts: await resolveFolder(argv),
    services: await servicesOf(argv.services),
    mostMessages: countOf(argv['max-messages'], '--max-messages'),
    mostSeconds: countOf(argv['max-seconds'], '--max-seconds'),
    mostCost: costOf(argv['max-cost']),
    meetingsAtOnce: countOf(argv.meetings, '--meetings'),
  });
  const handle = serveStdio(program.createServer, {
    onerror: (error) => process.stderr.write(`colloquy: ${error.message}\n`),
  });
  let ending: Promise<void> | undefined;
  const end = (): void => {
    ending ??= handle
      .close()
      .catch(() => {})
      .then(() => program.close());
  };
  // A client that is gone says so in no other way.
  process.stdin.once('end', end);
  process.stdin.once('close', end);
  onInterrupt({ polite: () => false, atOnce: end, terminate: end });
}

async function servicesOf(list: string | undefined) {
  const { offeredServices } = await import('../../mcp/settings.ts');
  if (list === undefined) return offeredServices;
  const names = list.split(',').map((name) => name.trim());
  const stranger = names.find((name) => !offeredServices.some((offered) => offered === name));
  if (stranger === undefined) return offeredServices.filter((offered) => names.includes(offered));
  throw new UsageError(
    `--services: ${JSON.stringify(stranger)} cannot be offered to clients; choose among ${offeredServices.join(', ')}`,
  );
}

function countOf(value: number, flag: string): number {
  if (Number.isInteger(value) && value >= 1) return value;
  throw new UsageError(`${flag} must be a whole number, 1 or more`);
}

function costOf(value: number): number {
  if (value >= 0) return value;
  throw new UsageError('--max-cost must be 0 or more');
}
