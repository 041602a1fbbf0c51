import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../config/paths.ts';
import { readTextFile } from '../config/read-text.ts';
import { ColloquyError } from '../wire/errors.ts';
import { loadModule, moduleFile } from './load-module.ts';
import type { Module } from './module.ts';
import { conversationModule, personaModule } from './modules/conversation-module.ts';
import { createReadme } from './modules/create-readme.ts';
import { createDebugger } from './modules/debugger.ts';
import { createEngineer } from './modules/engineer.ts';
import { humanIntervention } from './modules/human-intervention.ts';
import { judge } from './modules/judge.ts';
import { meeting } from './modules/meeting.ts';
import { createModifyCodebase } from './modules/modify-codebase.ts';
import { createPromptModule } from './modules/prompt-module.ts';
import { startModule } from './modules/start-module.ts';

const builtIn: readonly Module[] = [
  startModule,
  conversationModule,
  personaModule,
  humanIntervention,
  judge,
  meeting,
];

/** Built-in modules that ask a model with the prompt of their name; all other prompts are modules by themselves. */
const prompted: ReadonlyMap<string, CreateModule> = new Map<string, CreateModule>([
  ['engineer', createEngineer],
  ['debugger', createDebugger],
  [
    'modify_codebase',
    (modify, prompts) => createModifyCodebase({ modify, debug: prompts.get('debugger') ?? '' }),
  ],
  ['create_readme', createReadme],
]);

/** Out of the prompt of its name; `prompts` are all there are. */
type CreateModule = (prompt: string, prompts: ReadonlyMap<string, string>) => Module;

export interface ModuleSources {
  /** Where `pipelines/prompts/` and `pipelines/modules/` are looked for, before those of the package. */
  readonly cwd: string;
  /** JavaScript or TypeScript files with a module as their default export. */
  readonly files?: readonly string[];
}

/**
 * All modules there are, by name: those of files named, those of the working folder, the built-in ones, and prompts.
 * Rejects with ColloquyError `bad-module`.
 */
export async function loadModules({ cwd, files = [] }: ModuleSources): Promise<Map<string, Module>> {
  const modules = new Map<string, Module>();
  const own = path.join(cwd, 'pipelines');
  const prompts = new Map([
    ...promptsIn(path.join(packageRoot, 'pipelines', 'prompts')),
    ...promptsIn(path.join(own, 'prompts')),
  ]);
  for (const module of builtIn) modules.set(module.name, module);
  for (const [name, prompt] of prompts) {
    const create = prompted.get(name);
    modules.set(name, create ? create(prompt, prompts) : createPromptModule(name, prompt));
  }
  if (path.resolve(own) !== path.join(packageRoot, 'pipelines')) {
    for (const file of filesIn(path.join(own, 'modules'), moduleFile)) {
      const module = await loadModule(file);
      modules.set(module.name, module);
    }
  }
  for (const file of files) {
    const module = await loadModule(path.resolve(cwd, file));
    modules.set(module.name, module);
  }
  return modules;
}

function promptsIn(folder: string): [name: string, prompt: string][] {
  return filesIn(folder, /\.md$/).map((file) => [path.parse(file).name, readPrompt(file)]);
}

/** Throws ConfigError where it cannot be read, and ColloquyError where a model would be told nothing. */
function readPrompt(file: string): string {
  const shown = path.relative('', file);
  const prompt = readTextFile(file, shown).trim();
  if (prompt !== '') return prompt;
  throw new ColloquyError(`the prompt ${shown} is empty; write what the model is to do, or delete it`, {
    code: 'bad-module',
  });
}

function filesIn(folder: string, ending: RegExp): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => ending.test(name))
    .sort()
    .map((name) => path.join(folder, name));
}
