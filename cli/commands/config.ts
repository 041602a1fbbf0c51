import { readdirSync } from 'node:fs';
import path from 'node:path';
import type { CommandModule } from 'yargs';
import type { ConfigRow } from '../../config/show.ts';
import type { CommandGroup } from '../command-group.ts';
import { takingMany } from '../many.ts';
import { serviceNames } from '../../config/service-names.ts';

const check: CommandModule<object, { files?: string[] | undefined }> = {
  command: 'check [files..]',
  describe: 'Say what is wrong with settings files',
  builder: (cli) =>
    takingMany(cli).positional('files', {
      type: 'string',
      array: true,
      describe: 'Settings files [default: all of config/]',
    }),
  handler: async ({ files: named = [] }) => {
    const { checkConfigFile } = await import('../../config/load.ts');
    const cwd = process.cwd();
    const files = named.length > 0 ? named : await findConfigFiles(cwd);
    const problems = files.flatMap((file) => checkConfigFile(file, cwd));
    for (const { where, message } of problems) process.stdout.write(`${where} ${message}\n`);
    if (problems.length > 0) process.exitCode = 2;
    else process.stdout.write(files.length === 1 ? '1 file is fine.\n' : `${files.length} files are fine.\n`);
  },
};

const subjects = ['proxy', 'translator', 'coder', ...serviceNames] as const;

interface ShowFlags {
  readonly subject?: (typeof subjects)[number] | undefined;
  readonly config?: string | undefined;
}

const show: CommandModule<object, ShowFlags> = {
  command: 'show [subject]',
  describe: 'Print the merged settings and where each comes from, secrets hidden',
  builder: (cli) =>
    cli
      .positional('subject', {
        choices: subjects,
        describe:
          'The proxy, its translator, the coding task or a service [default: what the file is for, or proxy]',
      })
      .options({ config: { alias: 'c', type: 'string', normalize: true, describe: 'Settings file' } }),
  handler: async (argv) => {
    const { renderConfigRows } = await import('../../config/show.ts');
    process.stdout.write(renderConfigRows(await loadRows(argv)));
  },
};

export const configCommands: CommandGroup = {
  name: 'config',
  describe: 'Check settings files, show what is in force',
  commands: [check, show],
};

/** Those of the working folder, or those that come with the program. */
async function findConfigFiles(cwd: string): Promise<readonly string[]> {
  const { packageRoot } = await import('../../config/paths.ts');
  const listed = [cwd, packageRoot].map((root) => listYaml(path.join(root, 'config')));
  const files = listed.find((found) => found.length > 0) ?? [];
  return files.map((file) => path.relative(cwd, file));
}

function listYaml(folder: string): readonly string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.yml'));
    return names.sort().map((name) => path.join(folder, name));
  } catch {
    return [];
  }
}

async function loadRows({ subject, config }: ShowFlags): Promise<readonly ConfigRow[]> {
  const {
    isCoderFile,
    isProxyFile,
    isTranslatorFile,
    loadCoderConfig,
    loadProxyConfig,
    loadServiceConfig,
    loadTranslatorConfig,
    readEnvironment,
  } = await import('../../config/load.ts');
  const { proxySchema, serviceSchemas } = await import('../../config/schema.ts');
  const { configRows } = await import('../../config/show.ts');
  const cwd = process.cwd();
  const sources = { file: config, cwd, env: readEnvironment(cwd, process.env), flags: {} };
  if (subject === 'coder' || (subject === undefined && config !== undefined && isCoderFile(config, cwd))) {
    const { coderSchema } = await import('../../config/coder-schema.ts');
    return configRows(loadCoderConfig(sources), coderSchema);
  }
  const isTranslator =
    subject === 'translator' ||
    (subject === undefined && config !== undefined && isTranslatorFile(config, cwd));
  if (isTranslator) {
    const { translatorSchemas } = await import('../../config/translator-schema.ts');
    const loaded = loadTranslatorConfig(sources);
    return configRows(loaded, translatorSchemas[loaded.value.service]);
  }
  const isProxy =
    subject === 'proxy' || (subject === undefined && (config === undefined || isProxyFile(config, cwd)));
  if (isProxy) return configRows(loadProxyConfig(sources), proxySchema);
  const loaded = loadServiceConfig({ ...sources, service: subject });
  return configRows(loaded, serviceSchemas[loaded.value.service]);
}
