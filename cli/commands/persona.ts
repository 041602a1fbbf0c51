import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { CommandModule } from 'yargs';
import { messageOf } from '../../wire/errors.ts';
import type { CommandGroup } from '../command-group.ts';
import { UsageError } from '../failure.ts';
import { takingMany } from '../many.ts';

const check: CommandModule<object, { files: string[] }> = {
  command: 'check <files..>',
  describe: 'Say what is wrong with personas',
  builder: (cli) =>
    takingMany(cli).positional('files', {
      type: 'string',
      array: true,
      demandOption: true,
      describe: 'Files of personas',
    }),
  handler: async ({ files }) => {
    const { checkPersona } = await import('../../personas/persona.ts');
    const problems = files.flatMap((file) => checkPersona(file, { cwd: process.cwd() }));
    for (const { where, message } of problems) process.stdout.write(`${where} ${message}\n`);
    if (problems.length > 0) process.exitCode = 2;
    else
      process.stdout.write(
        `${files.length === 1 ? 'The persona is' : `${files.length} personas are`} fine.\n`,
      );
  },
};

const importCommand: CommandModule<
  object,
  { card: string; out?: string | undefined; force?: boolean | undefined }
> = {
  command: 'import <card>',
  describe: 'Make a persona of a character card (PNG or JSON, V1 to V3)',
  builder: (cli) =>
    cli
      .positional('card', {
        type: 'string',
        demandOption: true,
        normalize: true,
        describe: 'card.png or card.json',
      })
      .options({
        out: {
          alias: 'o',
          type: 'string',
          normalize: true,
          describe: 'File to write [default: personas/NAME.md]',
        },
        force: { type: 'boolean', describe: 'Write over a file that is there' },
      }),
  handler: async ({ card, out, force }) => {
    const { importCard } = await import('../../personas/card.ts');
    const bytes = await readFile(card).catch((error: unknown) => {
      throw new UsageError(`${card} cannot be read: ${messageOf(error)}`);
    });
    const { fileName, markdown } = importCard(bytes, path.basename(card));
    const file = out ?? path.join('personas', fileName);
    await writeFile(file, markdown, { flag: force ? 'w' : 'wx' }).catch((error: NodeJS.ErrnoException) => {
      const why =
        error.code === 'EEXIST'
          ? 'is there already; --force writes over it'
          : `cannot be written: ${error.message}`;
      throw new UsageError(`${file} ${why}`);
    });
    process.stdout.write(`${file}\n`);
  },
};

export const personaCommands: CommandGroup = {
  name: 'persona',
  describe: 'Check personas, import character cards',
  commands: [check, importCommand],
};
