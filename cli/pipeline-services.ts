import { ConfigError, type ConfigProblem } from '../config/errors.ts';
import { byPosition } from '../config/issues.ts';
import { loadServiceConfig, readEnvironment } from '../config/load.ts';
import { serviceSchemas, type ServiceConfig } from '../config/schema.ts';
import { serviceNames, type ServiceName } from '../config/service-names.ts';
import type { Provider } from '../agents/provider.ts';
import { inOrderOfAsking } from '../agents/providers/scripted.ts';
import type { Writer } from '../pipelines/ask-model.ts';
import type { Module } from '../pipelines/module.ts';
import type { ModelConfig, Pipeline, Step } from '../pipelines/pipeline.ts';
import { RequestGates } from './request-gates.ts';
import { createProvider, parametersOf, patienceOf } from './create-provider.ts';
import { UsageError } from './failure.ts';
import { checkSteps, hasSilentSeat } from './pipeline-step-checks.ts';
import { parseServiceSpec, type ServiceSpec } from './service-spec.ts';

export interface ServiceOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  /** SERVICE or SERVICE:MODEL for the steps that name none. */
  readonly spec?: string | undefined;
  /** Where that stands: a flag, or a key of a settings file. */
  readonly where?: string;
  /** For the steps that name none, where their service takes one. */
  readonly seed?: number | undefined;
  /** How often a script was asked before the run was interrupted. */
  readonly asked?: (script: Pick<Provider, 'name' | 'model'>) => number;
}

/** Who writes for the steps of one pipeline. Each service has one limit, whoever asks it. */
export class PipelineServices {
  readonly gates = new RequestGates();
  readonly #options: ServiceOptions;
  readonly #fallback: ServiceSpec | undefined;
  readonly #env: NodeJS.ProcessEnv;
  readonly #writers = new Map<string, Promise<Writer>>();

  /** Throws UsageError where the spec names no service that can write for a step. */
  constructor(options: ServiceOptions) {
    const { spec, where = '-s', cwd, env } = options;
    this.#options = options;
    this.#env = readEnvironment(cwd, env);
    this.#fallback = spec === undefined ? undefined : parseServiceSpec(spec, where);
    if (this.#fallback?.service === 'pipeline') {
      throw new UsageError(`${where}: the steps of a pipeline are not written by a pipeline; name a model`);
    }
  }

  /** What is wrong with what steps ask for, models above all, each with its place. */
  check(
    { steps, yaml }: Pick<Pipeline, 'steps' | 'yaml'>,
    modules: ReadonlyMap<string, Module> = new Map(),
  ): ConfigProblem[] {
    const found = [
      ...steps.flatMap((step, at) => this.#checkStep(step, at, yaml)),
      ...checkSteps({ steps, yaml }, { modules, cwd: this.#options.cwd }),
    ];
    const isNew = ({ where, message }: ConfigProblem, at: number): boolean =>
      found.findIndex((other) => other.where === where && other.message === message) === at;
    return found.filter(isNew).sort(byPosition);
  }

  /** Throws UsageError where nobody writes for a step that has a model write. */
  refuseSilence({ steps, yaml }: Pipeline, modules: ReadonlyMap<string, Module>): void {
    if (this.#fallback) return;
    const at = steps.findIndex(
      (step) =>
        step.model_config?.service === undefined &&
        (isWritten(step.module, modules) || hasSilentSeat(step, { modules, cwd: this.#options.cwd })),
    );
    const step = steps[at];
    if (!step) return;
    const { where = '-s' } = this.#options;
    const forAll = where === 'steps' ? '--steps or in config/pipeline.yml:' : where;
    throw new UsageError(
      `${yaml.locate([at, 'module'], 'value')} who writes for the step ${step.output_name}? Name a service in its model_config, or for all steps with ${forAll} ${serviceNames.filter((name) => name !== 'pipeline').join('|')}`,
    );
  }

  /** One for each set of settings, made when it is asked for first. Rejects with ColloquyError. */
  provide(model: ModelConfig | undefined): Promise<Writer> {
    const service = this.#serviceOf(model);
    if (service === undefined) {
      return Promise.reject(
        new UsageError('nobody writes for this step; name a service in its model_config, or with -s'),
      );
    }
    const key = JSON.stringify([service, model]);
    const made = this.#writers.get(key) ?? this.#create(service, model);
    this.#writers.set(key, made);
    return made;
  }

  /** All that shapes what is written for a step; undefined where that cannot be said. */
  identify(model: ModelConfig | undefined): unknown {
    const service = this.#serviceOf(model);
    if (service === undefined) return undefined;
    try {
      const config = this.#load(service, model);
      const { timeout_seconds, idle_seconds, max_retries, max_wait_seconds, ...shaping } =
        parametersOf(config);
      void [timeout_seconds, idle_seconds, max_retries, max_wait_seconds];
      return [service, 'model' in config ? config.model : '', 'seed' in config ? config.seed : '', shaping];
    } catch {
      return undefined;
    }
  }

  #checkStep(step: Step, at: number, yaml: Pipeline['yaml']): ConfigProblem[] {
    const service = this.#serviceOf(step.model_config);
    if (service === undefined || !step.model_config) return [];
    const wishes = Object.keys(step.model_config).filter((key) => key !== 'service');
    const known = Object.keys(serviceSchemas[service].shape);
    const strangers = wishes.filter((key) => !known.includes(key));
    if (strangers.length > 0) {
      return strangers.map((key) => ({
        where: yaml.locate([at, 'model_config', key], 'key'),
        message: `${service} takes no ${key} (step ${step.output_name}); delete it, or name another service`,
      }));
    }
    try {
      this.#load(service, step.model_config);
      return [];
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return error.problems.map(({ where, message }) => {
        const key = wishes.find((each) => where === `--${each.replaceAll('_', '-')}`);
        if (key === undefined) return { where, message };
        return {
          where: yaml.locate([at, 'model_config', key], 'key'),
          message: `${message.startsWith(key) ? '' : `${key} `}${message} (step ${step.output_name}, service ${service})`,
        };
      });
    }
  }

  #serviceOf(model: ModelConfig | undefined): ServiceName | undefined {
    return model?.service ?? this.#fallback?.service;
  }

  #load(service: ServiceName, model: ModelConfig | undefined): ServiceConfig {
    const wishes = Object.entries(model ?? {}).filter(
      ([key, value]) => key !== 'service' && value !== undefined,
    );
    const takesSeed = 'seed' in serviceSchemas[service].shape;
    const { value } = loadServiceConfig({
      service,
      env: this.#env,
      cwd: this.#options.cwd,
      flags: {
        ...(takesSeed ? { seed: this.#options.seed } : {}),
        ...(this.#fallback?.service === service ? fromFlags(this.#fallback.flags) : {}),
        ...Object.fromEntries(wishes),
      },
    });
    return value;
  }

  async #create(service: ServiceName, model: ModelConfig | undefined): Promise<Writer> {
    const config = this.#load(service, model);
    const provider = await createProvider(config);
    // Steps have no conversation by whose length a script could choose.
    const asked = this.#options.asked?.(provider) ?? 0;
    return {
      provider: service === 'scripted' ? inOrderOfAsking(provider, asked) : provider,
      patience: patienceOf(config),
      limit: this.gates.of(config),
    };
  }
}

/** Of a module of somebody's own nobody knows. */
function isWritten(module: string, modules: ReadonlyMap<string, Module>): boolean {
  const silent = ['start_module', 'human_intervention', 'conversation_module', 'persona_module', 'meeting'];
  return !silent.includes(module) && modules.get(module)?.file === undefined;
}

/** `--model=x` as settings know it. */
function fromFlags(flags: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    flags.map((flag) => {
      const [, key = '', value = ''] = /^--([\w-]+)=(.*)$/s.exec(flag) ?? [];
      return [key.replaceAll('-', '_'), value];
    }),
  );
}
