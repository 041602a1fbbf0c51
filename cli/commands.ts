import yargs, { type Argv, type CommandModule, type MiddlewareFunction } from 'yargs';
import type { CommandGroup } from './command-group.ts';
import { agentCommand } from './commands/agent.ts';
import { batchCommands } from './commands/batch.ts';
import { codeCommand } from './commands/code.ts';
import { configCommands } from './commands/config.ts';
import { controlCommand } from './commands/control.ts';
import { doctorCommand } from './commands/doctor.ts';
import { docsCommand } from './commands/docs.ts';
import { forkCommand } from './commands/fork.ts';
import { joinCommand } from './commands/join.ts';
import { mcpCommand } from './commands/mcp.ts';
import { meetCommand } from './commands/meet.ts';
import { personaCommands } from './commands/persona.ts';
import { pipelineCommands } from './commands/pipeline.ts';
import { proxyCommand } from './commands/proxy.ts';
import { replayCommand } from './commands/replay.ts';
import { replaySeatCommand } from './commands/replay-seat.ts';
import { resumeCommand } from './commands/resume.ts';
import { runCommand } from './commands/run.ts';
import { sidecarCommand } from './commands/sidecar.ts';
import { speakCommand } from './commands/speak.ts';
import { transcriptCommands } from './commands/transcript.ts';
import { webCommand } from './commands/web.ts';
import { workerCommand } from './commands/worker.ts';
import { UsageError } from './failure.ts';
import { readVersion } from './version.ts';

const leading = [
  meetCommand,
  proxyCommand,
  agentCommand,
  joinCommand,
  controlCommand,
  webCommand,
  resumeCommand,
  speakCommand,
  forkCommand,
  replayCommand,
  runCommand,
  codeCommand,
  workerCommand,
  sidecarCommand,
  mcpCommand,
  doctorCommand,
] as const;
const groups: readonly CommandGroup[] = [
  transcriptCommands,
  personaCommands,
  pipelineCommands,
  batchCommands,
  configCommands,
];

/** The words of every command, in the order in which help lists them. */
export const commandNames: readonly string[] = [
  ...leading.map(nameOf),
  ...groups.flatMap((group) => group.commands.map((command) => `${group.name} ${nameOf(command)}`)),
];

/** The whole command line, ready to parse. Mistakes of the user are thrown as UsageError. */
export function createCli(argv: readonly string[], width: number): Argv {
  const cli = configure(yargs(argv), width)
    .scriptName('colloquy')
    .usage('$0 <command>\n\nLets two language models talk to each other.')
    .version(readVersion())
    .alias({ version: 'V', help: 'h' })
    .demandCommand(1, 'say which command')
    .epilogue('colloquy <command> --help tells what a command takes.')
    // The types leave out that it is given the command, too.
    .middleware(((_: unknown, command: Argv) => refuseOddAnswers(argv, command)) as MiddlewareFunction, true);
  for (const command of leading) cli.command(command as CommandModule);
  for (const { name, describe, commands } of groups) {
    cli.command(name, describe, (group) => {
      for (const command of commands) group.command(command as CommandModule);
      return configure(group, width).demandCommand(1, `say which: ${commands.map(nameOf).join(', ')}`);
    });
  }
  return cli.command(docsCommand).command(replaySeatCommand as CommandModule);
}

function configure(cli: Argv, width: number): Argv {
  return (
    cli
      // `--no-transcript` is a flag of its own, and `--max-messages` needs no second spelling.
      .parserConfiguration({
        'boolean-negation': false,
        'camel-case-expansion': false,
        'duplicate-arguments-array': false,
      })
      .strict()
      .recommendCommands()
      .wrap(width)
      .locale('en')
      .exitProcess(false)
      .showHelpOnFail(false)
      .fail((message, error) => {
        // Typed as always there, absent where yargs itself found the mistake.
        throw (error as Error | undefined) ?? new UsageError(`${message}; see --help`);
      })
  );
}

/** Where a flag is only there or not, yargs takes `--flag=maybe` for false. Throws UsageError. */
function refuseOddAnswers(argv: readonly string[], command: Argv): void {
  // Not in the types: what the options of the command are.
  const { boolean } = (command as unknown as { getOptions(): { boolean: readonly string[] } }).getOptions();
  const end = argv.indexOf('--');
  for (const word of end < 0 ? argv : argv.slice(0, end)) {
    const [, flag = '', answer = ''] = /^--([\w-]+)=(.*)$/s.exec(word) ?? [];
    if (boolean.includes(flag) && answer !== 'true' && answer !== 'false') {
      throw new UsageError(`--${flag} is given alone, or with =true or =false, not with =${answer}`);
    }
  }
}

function nameOf(command: unknown): string {
  return String((command as CommandModule).command).split(' ')[0] as string;
}
