import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type * as z from 'zod';
import { packageRoot } from '../config/paths.ts';
import type { Module } from '../pipelines/module.ts';
import type { Pipeline } from '../pipelines/pipeline.ts';
import { UsageError } from './failure.ts';

export const moduleFlag = {
  module: {
    type: 'string',
    array: true,
    normalize: true,
    describe: 'A JavaScript or TypeScript file with a module of your own; may be given several times',
  },
} as const;

/** All modules there are for somebody who works here, with the files that were named. */
export async function modulesOf(files: readonly string[] | undefined): Promise<Map<string, Module>> {
  const { loadModules } = await import('../pipelines/modules.ts');
  return loadModules({ cwd: process.cwd(), ...(files === undefined ? {} : { files }) });
}

/** Rejects with ConfigError with all that is wrong but for what services take. */
export async function readPipeline(file: string, modules: ReadonlyMap<string, Module>): Promise<Pipeline> {
  const { loadPipeline } = await import('../pipelines/pipeline.ts');
  const settingsOf = (name: string): z.ZodType | undefined => modules.get(name)?.settings;
  return loadPipeline(file, { modules: [...modules.keys()], settingsOf });
}

/** A file, or the name of one in `pipelines/` here or in the package. Throws UsageError. */
export function findPipeline(nameOrFile: string): string {
  if (/\.ya?ml$/.test(nameOrFile)) return nameOrFile;
  const files = pipelineFiles();
  const found = files.find((file) => path.parse(file).name === nameOrFile);
  if (found !== undefined) return found;
  const names = [...new Set(files.map((file) => path.parse(file).name))].join(', ');
  throw new UsageError(
    `no pipeline is called ${nameOrFile}; there are ${names}, or name a file that ends in .yml`,
  );
}

/** Those of the working folder come before those of the package. */
export function pipelineFiles(): string[] {
  const folders = [...new Set([path.resolve('pipelines'), path.join(packageRoot, 'pipelines')])];
  return folders.flatMap((folder) => {
    if (!existsSync(folder)) return [];
    const names = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));
    return names.sort().map((name) => path.join(folder, name));
  });
}
