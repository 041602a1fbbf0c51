import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { BuildFailure, Plugin } from 'esbuild';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import type { Module } from './module.ts';

/** What can be a module of one's own; declarations have nothing to run. */
export const moduleFile = /(?<!\.d)\.m?[jt]s$/;

/** The module that is the default export of a JavaScript or TypeScript file. Rejects with ColloquyError `bad-module`. */
export async function loadModule(file: string): Promise<Module> {
  const shown = path.relative('', file);
  const fail = (problem: string): never => {
    throw new ColloquyError(`the module ${shown} cannot be used: ${problem}`, { code: 'bad-module' });
  };
  if (!existsSync(file)) fail('there is no such file');
  const loaded = await importFile(file).catch((error: unknown) => fail(whyNotLoaded(error)));
  const own = loaded.default ?? {};
  const { name, describe = '', version, settings } = own;
  if (typeof name !== 'string' || typeof own.run !== 'function') {
    return fail(
      'its default export must be an object with name and run (docs/pipelines.md); a file that only helps modules belongs in a folder of its own',
    );
  }
  if (!/^[a-z][a-z0-9_-]*$/i.test(name))
    return fail(`its name, ${JSON.stringify(name)}, must hold letters, digits, - and _ only`);
  if (settings !== undefined && !(typeof settings.safeParse === 'function' && 'def' in settings)) {
    return fail('its settings must be a schema of zod 4');
  }
  return {
    name,
    describe,
    file,
    ...(version === undefined ? {} : { version }),
    ...(settings === undefined ? {} : { settings }),
    run: own.run.bind(own),
    ...(typeof own.restore === 'function' ? { restore: own.restore.bind(own) } : {}),
  };
}

/** In one line: what the first mistake is, and where. */
function whyNotLoaded(error: unknown): string {
  const [first] = (error as Partial<BuildFailure>).errors ?? [];
  if (!first) return messageOf(error).replace(/\s*\n\s*/g, ' ');
  const { location, text } = first;
  if (!location) return text;
  const place = path.relative('', path.resolve(location.file));
  return `${place}:${location.line}:${location.column + 1} ${text}`;
}

interface Loaded {
  readonly default?: Partial<Module>;
}

async function importFile(file: string): Promise<Loaded> {
  if (!/ts$/.test(file)) return (await import(pathToFileURL(file).href)) as Loaded;
  const folder = mkdtempSync(path.join(tmpdir(), 'colloquy-module-'));
  try {
    const translated = path.join(folder, `${path.parse(file).name}.mjs`);
    writeFileSync(translated, await translate(file));
    return (await import(pathToFileURL(translated).href)) as Loaded;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** JavaScript for Node, in one piece: files beside it are part of it, packages are not. */
async function translate(file: string): Promise<string> {
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [file],
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'silent',
    define: {
      'import.meta.url': JSON.stringify(pathToFileURL(file).href),
      'import.meta.dirname': JSON.stringify(path.dirname(file)),
      'import.meta.filename': JSON.stringify(file),
    },
    plugins: [packagesByAddress],
  });
  return outputFiles[0]?.text ?? '';
}

/** Packages are those that the file itself would find; zod, which settings are made of, is always there. */
const packagesByAddress: Plugin = {
  name: 'packages-by-address',
  setup(build) {
    build.onResolve({ filter: /^[^./]/ }, async ({ path: wanted, kind, resolveDir, pluginData }) => {
      if (pluginData === isAsked || kind === 'entry-point' || path.isAbsolute(wanted)) return undefined;
      if (wanted.startsWith('node:')) return { path: wanted, external: true };
      const found = await build.resolve(wanted, { kind, resolveDir, pluginData: isAsked });
      if (found.errors.length === 0) {
        return { path: found.external ? found.path : pathToFileURL(found.path).href, external: true };
      }
      if (wanted !== 'zod') return { errors: found.errors };
      return {
        path: pathToFileURL(createRequire(import.meta.url).resolve('zod')).href,
        external: true,
      };
    });
  },
};

const isAsked = 'asked';
