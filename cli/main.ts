import { createCli } from './commands.ts';
import { exitCodeFor, reportFailure } from './failure.ts';

// Nobody reads any more (`colloquy transcript show | head`): that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  const argv = process.argv.slice(2);
  const cli = createCli(argv, Math.min(110, process.stdout.columns || 110));
  // Who says nothing does not know yet what there is to say.
  if (argv.length === 0) cli.showHelp('log');
  else await cli.parseAsync();
} catch (error) {
  reportFailure(error);
  process.exitCode = exitCodeFor(error);
}
