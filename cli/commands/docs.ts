import type { CommandModule } from 'yargs';

/** Prints `docs/cli.md`. Not in the help: it is for those who work on the program. */
export const docsCommand: CommandModule = {
  command: 'docs',
  describe: false,
  handler: async () => {
    const { renderCliReference } = await import('../reference.ts');
    process.stdout.write(await renderCliReference());
  },
};
