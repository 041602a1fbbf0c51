import { createCli } from './commands.ts';
import { exitCodeFor, reportFailure } from './failure.ts';

// Nobody reads any more (`colloquy transcript show | head`): that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  await createCli(process.argv.slice(2), Math.min(110, process.stdout.columns || 110)).parseAsync();
} catch (error) {
  reportFailure(error);
  process.exitCode = exitCodeFor(error);
}
