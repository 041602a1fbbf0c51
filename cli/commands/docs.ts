import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { CommandModule } from 'yargs';

/** Writes the generated pages of `docs/`. Not in the help: it is for those who work on the program. */
export const docsCommand: CommandModule = {
  command: 'docs',
  describe: false,
  handler: async () => {
    const { packageRoot } = await import('../../config/paths.ts');
    const { withConfigReference } = await import('../../config/reference.ts');
    const { renderCliReference } = await import('../reference.ts');
    await writeFile(path.join(packageRoot, 'docs', 'cli.md'), await renderCliReference());
    const configuration = path.join(packageRoot, 'docs', 'configuration.md');
    await writeFile(configuration, withConfigReference(await readFile(configuration, 'utf8')));
  },
};
