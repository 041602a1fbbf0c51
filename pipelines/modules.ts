import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { packageRoot } from '../config/paths.ts';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import type { Module } from './module.ts';
import { engineer } from './modules/engineer.ts';
import { humanIntervention } from './modules/human-intervention.ts';
import { judge } from './modules/judge.ts';
import { createPromptModule } from './modules/prompt-module.ts';
import { startModule } from './modules/start-module.ts';

const builtIn: readonly Module[] = [startModule, humanIntervention, engineer, judge];

export interface ModuleSources {
  /** Where `pipelines/prompts/` and `pipelines/modules/` are looked for, before those of the package. */
  readonly cwd: string;
  /** JavaScript files with a module as their default export. */
  readonly files?: readonly string[];
}

/**
 * All modules there are, by name: those of files named, those of the working folder, the built-in ones, and prompts.
 * Rejects with ColloquyError `bad-module`.
 */
export async function loadModules({ cwd, files = [] }: ModuleSources): Promise<Map<string, Module>> {
  const modules = new Map<string, Module>();
  const own = path.join(cwd, 'pipelines');
  for (const module of promptsIn(path.join(packageRoot, 'pipelines', 'prompts')))
    modules.set(module.name, module);
  for (const module of builtIn) modules.set(module.name, module);
  if (path.resolve(own) !== path.join(packageRoot, 'pipelines')) {
    for (const module of promptsIn(path.join(own, 'prompts'))) modules.set(module.name, module);
    for (const file of filesIn(path.join(own, 'modules'), /\.m?js$/)) {
      const module = await importModule(file);
      modules.set(module.name, module);
    }
  }
  for (const file of files) {
    const module = await importModule(path.resolve(cwd, file));
    modules.set(module.name, module);
  }
  return modules;
}

function promptsIn(folder: string): Module[] {
  return filesIn(folder, /\.md$/).map((file) =>
    createPromptModule(path.parse(file).name, readFileSync(file, 'utf8').trim()),
  );
}

function filesIn(folder: string, ending: RegExp): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => ending.test(name))
    .sort()
    .map((name) => path.join(folder, name));
}

async function importModule(file: string): Promise<Module> {
  const shown = path.relative('', file);
  const fail = (problem: string): never => {
    throw new ColloquyError(`the module ${shown} cannot be used: ${problem}`, { code: 'bad-module' });
  };
  const loaded = (await import(pathToFileURL(file).href).catch((error: unknown) =>
    fail(messageOf(error)),
  )) as {
    default?: Partial<Module>;
  };
  const { name, describe = '', version, run } = loaded.default ?? {};
  if (typeof name !== 'string' || typeof run !== 'function') {
    return fail('its default export must be an object with name and run (docs/pipelines.md)');
  }
  return { name, describe, ...(version === undefined ? {} : { version }), run };
}
