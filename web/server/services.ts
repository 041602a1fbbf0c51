import { loadServiceConfig, readEnvironment } from '../../config/load.ts';
import type { ServiceConfig } from '../../config/schema.ts';
import { serviceNames, type ServiceName } from '../../config/service-names.ts';
import { listModels } from '../../agents/providers/list-models.ts';
import { messageOf } from '../../wire/errors.ts';
import type { modelServices, ServiceRow } from '../api.ts';

type ModelService = (typeof modelServices)[number];
type ModelConfig = Extract<ServiceConfig, { service: ModelService }>;

const kinds: Readonly<Record<ServiceName, ServiceRow['kind']>> = {
  openai: 'hosted',
  anthropic: 'hosted',
  ollama: 'local',
  lmstudio: 'local',
  eliza: 'built-in',
  parry: 'built-in',
  scripted: 'settings',
  command: 'settings',
  pipeline: 'settings',
};
const keyVariables: Readonly<Partial<Record<ServiceName, string>>> = {
  openai: 'OPENAI_API_KEY',
  anthropic: 'ANTHROPIC_API_KEY',
};
const startHints: Readonly<Partial<Record<ServiceName, string>>> = {
  ollama: 'start it with `ollama serve`, or set OLLAMA_HOST',
  lmstudio: 'start its server (Developer tab), or set LMSTUDIO_BASE_URL',
};

/** How long a server on this machine may take to say that it is there. */
const reachMs = 1_500;
/** How long a list of models may take. */
const listMs = 10_000;
/** Models come and go seldom; servers more often. */
const modelsKeptMs = 60_000;

/** What could write the replies, and what of it is there. Keys are looked for, and never told. */
export class Services {
  readonly #cwd: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #models = new Map<string, { readonly models: Promise<string[]>; readonly askedAt: number }>();

  constructor({ cwd, env }: { readonly cwd: string; readonly env: NodeJS.ProcessEnv }) {
    this.#cwd = cwd;
    this.#env = env;
  }

  list(): Promise<ServiceRow[]> {
    return Promise.all(serviceNames.map((service) => this.#rowOf(service)));
  }

  /** Rejects with ConfigError, or ColloquyError `no-models`. */
  models(service: ModelService): Promise<string[]> {
    const known = this.#models.get(service);
    if (known && performance.now() - known.askedAt < modelsKeptMs) return known.models;
    const models = this.#ask(service, listMs);
    this.#models.set(service, { models, askedAt: performance.now() });
    // What failed is tried again.
    models.catch(() => this.#models.delete(service));
    return models;
  }

  async #rowOf(service: ServiceName): Promise<ServiceRow> {
    const row = { service, kind: kinds[service] };
    let config: ServiceConfig;
    try {
      config = this.#load(service);
    } catch (error) {
      return { ...row, usable: false, problem: messageOf(error) };
    }
    switch (config.service) {
      case 'eliza':
      case 'parry':
        return { ...row, usable: true };
      case 'scripted':
        return {
          ...row,
          ...needs(config.replies, 'replies in config/scripted.yml: the file of what is said'),
        };
      case 'command':
        return {
          ...row,
          ...needs(config.command, 'command in config/command.yml: the program that answers'),
        };
      case 'pipeline':
        return {
          ...row,
          ...needs(config.pipeline, 'pipeline in config/pipeline.yml: the one that answers'),
        };
      case 'openai':
      case 'anthropic':
        return { ...row, ...keyOf(service, config), model: config.model };
      case 'ollama':
      case 'lmstudio':
        return {
          ...row,
          ...(await this.#reach(config.service, config)),
          ...(config.model ? { model: config.model } : {}),
        };
    }
  }

  async #reach(
    service: 'ollama' | 'lmstudio',
    { base_url: baseUrl }: ModelConfig,
  ): Promise<Pick<ServiceRow, 'server' | 'reachable' | 'usable' | 'problem'>> {
    const server = hostOf(baseUrl);
    try {
      await this.#ask(service, reachMs);
      return { server, reachable: true, usable: true };
    } catch {
      const problem = `nothing answers at ${server}: ${startHints[service] ?? ''}`;
      return { server, reachable: false, usable: false, problem };
    }
  }

  async #ask(service: ModelService, limitMs: number): Promise<string[]> {
    const config = this.#load(service) as ModelConfig;
    const apiKey = 'api_key' in config ? config.api_key : undefined;
    return listModels({ service, baseUrl: config.base_url, apiKey }, AbortSignal.timeout(limitMs));
  }

  #load(service: ServiceName): ServiceConfig {
    const env = readEnvironment(this.#cwd, this.#env);
    return loadServiceConfig({ service, env, cwd: this.#cwd, flags: {} }).value;
  }
}

function needs(value: unknown, what: string): Pick<ServiceRow, 'usable' | 'problem'> {
  return value === undefined ? { usable: false, problem: `set ${what}` } : { usable: true };
}

function keyOf(
  service: ServiceName,
  { api_key: key }: { readonly api_key?: string | undefined },
): Pick<ServiceRow, 'keyVariable' | 'keyFound' | 'usable' | 'problem'> {
  const keyVariable = keyVariables[service] ?? '';
  const keyFound = Boolean(key);
  const problem = `set ${keyVariable} in the environment or in .env, and start colloquy web again`;
  return { keyVariable, keyFound, usable: keyFound, ...(keyFound ? {} : { problem }) };
}

/** Without a user's name and password, which an address may hold. */
function hostOf(baseUrl: string): string {
  try {
    return new URL(baseUrl.includes('://') ? baseUrl : `http://${baseUrl}`).host;
  } catch {
    return 'an address that is none';
  }
}
