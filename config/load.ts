import { existsSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import type * as z from 'zod';
import { coderSchema, type CoderConfig } from './coder-schema.ts';
import { ConfigError, type ConfigProblem } from './errors.ts';
import { byPosition, describeProblems, lookUp, oneOf } from './issues.ts';
import { packageRoot } from './paths.ts';
import { checkPriceFile } from './prices.ts';
import { readPositionedYaml, type PositionedYaml } from './positions.ts';
import { readTextFile } from './read-text.ts';
import {
  proxySchema,
  serviceSchemas,
  serviceVariables,
  type ProxyConfig,
  type ServiceConfig,
} from './schema.ts';
import { serviceNames, type ServiceName } from './service-names.ts';
import {
  translatorSchemas,
  translatorServices,
  type TranslatorConfig,
  type TranslatorService,
} from './translator-schema.ts';

/** Where settings come from: file < environment < flags. */
export interface ConfigSources {
  /** A settings file; without one, `config/NAME.yml` of the working folder or of the package. */
  readonly file?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  /** By key; what is undefined was not said. A dot leads into a mapping: `rate.messages_per_minute`. */
  readonly flags: Readonly<Record<string, unknown>>;
}

/** A whole set of settings, and for each key path where its value came from. */
export interface LoadedConfig<T> {
  readonly value: T;
  readonly sources: ReadonlyMap<string, string>;
  readonly file: string;
}

/** Throws ConfigError with all that is wrong. */
export function loadProxyConfig(sources: ConfigSources): LoadedConfig<ProxyConfig> {
  const file = sources.file ?? findConfigFile('proxy', sources.cwd);
  return merge(proxySchema, readConfigFile(file, sources.cwd), file, {}, sources);
}

/** `service` is needed unless the file names it, inside or by what it is called. Throws ConfigError with all that is wrong. */
export function loadServiceConfig(
  sources: ConfigSources & { readonly service?: ServiceName | undefined },
): LoadedConfig<ServiceConfig> {
  const file = sources.file ?? findConfigFile(sources.service ?? 'proxy', sources.cwd);
  const yaml = readConfigFile(file, sources.cwd);
  const service = serviceOf(yaml, sources.service, showPath(file, sources.cwd));
  const schema = serviceSchemas[service] as unknown as z.ZodType<ServiceConfig>;
  return merge(schema, yaml, file, serviceVariables[service] ?? {}, sources);
}

/**
 * The file may leave out its service, which then is `openai`. One that `service` names instead of a file needs
 * none: what config/translator.yml says for another service does not count. Throws ConfigError with all that is wrong.
 */
export function loadTranslatorConfig(
  sources: ConfigSources & { readonly service?: TranslatorService | undefined },
): LoadedConfig<TranslatorConfig> {
  const file = sources.file ?? findConfigFile('translator', sources.cwd);
  const written = readConfigFile(file, sources.cwd);
  const named = isMapping(written.value) ? (written.value['service'] ?? 'openai') : 'openai';
  const isOther = sources.service !== undefined && sources.service !== named;
  const yaml = isOther ? readPositionedYaml('', '--translator') : written;
  const wanted = isOther ? sources.service : named;
  const service = translatorServices.find((known) => known === wanted);
  if (!service) {
    const where = yaml.locate(['service'], 'value');
    throw new ConfigError([{ where, message: `service ${oneOf(translatorServices, wanted)}` }]);
  }
  return merge(translatorSchemas[service], yaml, file, serviceVariables[service] ?? {}, sources);
}

/** Throws ConfigError with all that is wrong. */
export function loadCoderConfig(sources: ConfigSources): LoadedConfig<CoderConfig> {
  const file = sources.file ?? findConfigFile('coder', sources.cwd);
  return merge(coderSchema, readConfigFile(file, sources.cwd), file, {}, sources);
}

/** Everything wrong with one file, whatever it configures. */
export function checkConfigFile(file: string, cwd: string): readonly ConfigProblem[] {
  if (path.parse(file).name === 'prices') return checkPriceFile(file, cwd);
  const sources = { file, env: {}, cwd, flags: {} };
  try {
    if (isCoderFile(file, cwd)) loadCoderConfig(sources);
    else if (isTranslatorFile(file, cwd)) loadTranslatorConfig(sources);
    else if (isProxyFile(file, cwd)) loadProxyConfig(sources);
    else loadServiceConfig(sources);
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
}

/** A file without a `service` configures the proxy, unless its name is a service's. */
export function isProxyFile(file: string, cwd: string): boolean {
  const { value } = readConfigFile(file, cwd);
  return (
    !serviceNames.some((name) => name === path.parse(file).name) && !(isMapping(value) && 'service' in value)
  );
}

/** By its name, or by a key that no other file has. */
export function isTranslatorFile(file: string, cwd: string): boolean {
  if (/translator/i.test(path.parse(file).name)) return true;
  const { value } = readConfigFile(file, cwd);
  return isMapping(value) && ('turn_seconds' in value || 'prompt' in value);
}

/** By its name, or by a key that no other file has. */
export function isCoderFile(file: string, cwd: string): boolean {
  if (path.parse(file).name === 'coder') return true;
  const { value } = readConfigFile(file, cwd);
  return isMapping(value) && ('coding_samples' in value || 'max_coding_attempts' in value);
}

/** Puts `.env` of a folder below the real environment. Throws ConfigError where it cannot be read. */
export function readEnvironment(cwd: string, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const file = path.join(cwd, '.env');
  if (!existsSync(file)) return env;
  const set = Object.entries(env).filter(([, value]) => value !== undefined && value !== '');
  return { ...env, ...parseEnv(readTextFile(file, '.env')), ...Object.fromEntries(set) };
}

function findConfigFile(name: string, cwd: string): string {
  const own = path.join(cwd, 'config', `${name}.yml`);
  return existsSync(own) ? own : path.join(packageRoot, 'config', `${name}.yml`);
}

function readConfigFile(file: string, cwd: string): PositionedYaml {
  const name = showPath(file, cwd);
  const yaml = readPositionedYaml(readTextFile(path.resolve(cwd, file), name), name);
  if (yaml.isBroken) throw new ConfigError(yaml.problems);
  if (yaml.value !== undefined && yaml.value !== null && !isMapping(yaml.value)) {
    throw new ConfigError([{ where: `${name}:1:1`, message: 'must be a mapping of keys to values' }]);
  }
  return yaml;
}

function showPath(file: string, cwd: string): string {
  return path.relative(cwd, path.resolve(cwd, file)) || file;
}

function serviceOf(yaml: PositionedYaml, wanted: ServiceName | undefined, name: string): ServiceName {
  const named = isMapping(yaml.value) ? yaml.value['service'] : undefined;
  if (named === undefined) {
    // Nothing of a file is needed, so an empty openai.yml is one for openai.
    const implied = wanted ?? serviceNames.find((known) => known === path.parse(name).name);
    if (implied) return implied;
    throw new ConfigError([
      { where: `${name}:1:1`, message: `names no service; add "service: ${serviceNames.join('|')}"` },
    ]);
  }
  const service = serviceNames.find((known) => known === named);
  const where = yaml.locate(['service'], 'value');
  if (!service) throw new ConfigError([{ where, message: `service ${oneOf(serviceNames, named)}` }]);
  if (wanted && wanted !== service) {
    throw new ConfigError([
      { where, message: `is for ${service}, but -s says ${wanted}; leave one of them out` },
    ]);
  }
  return service;
}

/** Puts the layers over each other, and reads the whole. */
function merge<T>(
  schema: z.ZodType<T>,
  yaml: PositionedYaml,
  file: string,
  variables: Readonly<Record<string, string>>,
  { env, flags }: ConfigSources,
): LoadedConfig<T> {
  const merged = structuredClone(yaml.value ?? {}) as Record<string, unknown>;
  const sources = new Map<string, string>();
  const set = (key: string, value: unknown, source: string): void => {
    assign(merged, key.split('.'), value);
    sources.set(key, source);
  };
  for (const [name, key] of Object.entries(variables)) if (env[name]) set(key, env[name], name);
  for (const [key, value] of Object.entries(flags)) if (value !== undefined) set(key, value, flagName(key));
  const parsed = schema.safeParse(merged);
  const issues = parsed.error ? describeProblems(parsed.error, merged, schema, yaml, sources) : [];
  const problems = [...yaml.problems, ...issues];
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems.sort(byPosition));
  for (const key of leafPaths(parsed.data)) {
    const path = key.split('.');
    const inFile = lookUp(yaml.value, path) !== undefined;
    if (!sources.has(key)) sources.set(key, inFile ? yaml.locate(path, 'value') : 'default');
  }
  return { value: parsed.data, sources, file };
}

/** `rate.messages_per_minute` has a flag of its own name. */
function flagName(key: string): string {
  const names: Record<string, string> = {
    'rate.messages_per_minute': 'rate',
    characters_per_second: 'typing-speed',
    transcript: 'no-transcript',
    'execution.policy': 'no-policy',
    'execution.enabled': 'execute',
    'execution.seats': 'execute-seats',
  };
  return `--${names[key] ?? key.replace(/^(?:execution|speech)\./, '').replaceAll(/[_.]/g, '-')}`;
}

/** Where settings lead into one another, the paths of those that hold a value. */
export function leafPaths(value: unknown, prefix = ''): string[] {
  if (!isMapping(value)) return [prefix];
  return Object.entries(value).flatMap(([key, inner]) =>
    leafPaths(inner, prefix === '' ? key : `${prefix}.${key}`),
  );
}

function assign(target: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [key = '', ...rest] = path;
  if (rest.length === 0) {
    target[key] = value;
    return;
  }
  const inner = target[key];
  const next = isMapping(inner) ? inner : {};
  target[key] = next;
  assign(next, rest, value);
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
