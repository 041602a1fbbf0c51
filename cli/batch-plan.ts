import { createHash } from 'node:crypto';
import path from 'node:path';
import { expandMatrix, type Job, type SeatWish } from '../batch/expand.ts';
import type { PreparedJob, SeatedSpeaker } from '../batch/hold-job.ts';
import { labelOf, loadMatrix, type LoadedMatrix, type Matrix } from '../batch/matrix.ts';
import { ConfigError, type ConfigProblem } from '../config/errors.ts';
import { byPosition } from '../config/issues.ts';
import { loadProxyConfig } from '../config/load.ts';
import { findPrice, loadPrices, type Price, type PriceList } from '../config/prices.ts';
import type { ProxyConfig } from '../config/schema.ts';
import { serviceNames } from '../config/service-names.ts';
import { freePrice, isFree } from '../journal/cost.ts';
import { ColloquyError, messageOf } from '../wire/errors.ts';
import { seats, type Seat } from '../wire/types.ts';
import type { SeatedJudge } from '../batch/judges/judge-bench.ts';
import { loadSettings, prepareSeat, type Prepared } from './commands/agent.ts';
import { createProvider } from './create-provider.ts';
import type { ExpectedSpeaker } from './estimate.ts';
import { executionSettings, startExecution, type StartedExecution } from './execution.ts';
import { UsageError } from './failure.ts';
import { jobRelay, seatedSpeaker } from './job-preparation.ts';
import { RequestGates } from './request-gates.ts';
import { seatJudge } from './seat-judge.ts';
import { parseServiceSpec } from './service-spec.ts';

const quiet = { info() {}, warn() {}, debug() {} };

/** Each seed is a speaker of its own, with all of its persona; who is needed again is read again. */
const mostPrepared = 10_000;

/** An experiment file, with everything that its meetings need. */
export class BatchPlan {
  readonly matrix: Matrix;
  readonly jobs: readonly Job[];
  readonly prices: PriceList;
  readonly #locate: LoadedMatrix['locate'];
  #gates: RequestGates;
  #execution: Promise<StartedExecution> | undefined;
  readonly #prepared = new Map<string, Promise<Prepared>>();
  readonly #configs = new Map<string, ProxyConfig>();

  /** Throws ConfigError. */
  constructor(file: string) {
    const { matrix, locate } = loadMatrix(file, process.cwd());
    this.matrix = matrix;
    this.#locate = locate;
    this.jobs = expandMatrix(matrix);
    this.#gates = new RequestGates(matrix.requests);
    this.prices = loadPrices({ cwd: process.cwd() });
    if (this.jobs.length === 0) {
      throw new ConfigError([
        { where: locate(['exclude'], 'key'), message: 'leaves no meeting; exclude less' },
      ]);
    }
  }

  /**
   * Looks at every speaker and every setting before anything is held. Returns a digest of each speaker, by what it is
   * called in the matrix. Rejects with ConfigError, with all that is wrong.
   */
  async check(): Promise<ReadonlyMap<string, string>> {
    const problems: ConfigProblem[] = this.#strangersAmongRequests();
    const digests = new Map<string, string>();
    for (const job of this.#oneOfEach()) {
      try {
        this.proxyConfig(job);
      } catch (error) {
        problems.push(...problemsOf(error, this.#locate(['settings'], 'key')));
      }
      for (const seat of seats) {
        try {
          const prepared = await this.seat(job, seat);
          digests.set(speakerName(job.seats[seat]), digestOf(prepared));
          this.#refuseUnknownPrice(prepared);
        } catch (error) {
          problems.push(...problemsOf(error, this.#whereOf(job, seat), job.seats[seat].persona));
        }
      }
    }
    for (const at of this.matrix.judges.keys()) {
      try {
        this.#refuseUnknownPrice(await this.#judgeSettings(at, 1));
      } catch (error) {
        problems.push(...problemsOf(error, this.#locate(['judges', at], 'value')));
      }
    }
    const isNew = ({ where, message }: ConfigProblem, at: number): boolean =>
      problems.findIndex((other) => other.where === where && other.message === message) === at;
    if (problems.length > 0) throw new ConfigError(problems.filter(isNew).sort(byPosition));
    return digests;
  }

  /** Makes what writes for each speaker once: a key that is missing is missing for all. Rejects with ColloquyError. */
  async tryProviders(): Promise<void> {
    for (const job of this.#oneOfEach()) {
      for (const seat of seats) await createProvider((await this.seat(job, seat)).config);
    }
    await this.tryJudges();
    for (const job of this.#oneOfEach()) {
      const { execution } = this.proxyConfig(job);
      if (execution.enabled) await (await this.#startExecution(execution)).ready;
    }
  }

  /** The same of the judges alone. */
  async tryJudges(): Promise<void> {
    for (const { name, seat } of await this.judges()) {
      try {
        await seat(1);
      } catch (error) {
        if (!(error instanceof ColloquyError)) throw error;
        throw new ColloquyError(`judge ${name}, who works here: ${error.message}`, {
          ...{ code: error.code, cause: error },
        });
      }
    }
  }

  /** Who judges the meetings. Rejects with ColloquyError. */
  judges(): Promise<SeatedJudge[]> {
    const judge = (at: number): Promise<SeatedJudge> =>
      seatJudge(this.matrix.judges[at] as Matrix['judges'][number], {
        load: (seed) => this.#judgeSettings(at, seed),
        limitOf: (config) => this.#gates.of(config),
        priceOf: (provider, model) => this.priceOf(provider, model),
      });
    return Promise.all(this.matrix.judges.map((_, at) => judge(at)));
  }

  #judgeSettings(at: number, seed: number): ReturnType<typeof loadSettings> {
    const { persona, name, rubric, repeat, swap, ...service } = this.matrix.judges[
      at
    ] as Matrix['judges'][number];
    void [name, rubric, repeat, swap];
    return loadSettings(argumentsOf({ persona, service }, seed));
  }

  /** Has those who ask services wait where others wait too. */
  shareGates(create: ConstructorParameters<typeof RequestGates>[1]): void {
    this.#gates = new RequestGates(this.matrix.requests, create);
  }

  async prepare(job: Job): Promise<PreparedJob> {
    const config = this.proxyConfig(job);
    const relay = jobRelay(config, job.chosenFirst);
    const speaker = async (seat: Seat): Promise<SeatedSpeaker> => {
      const person = await this.seat(job, seat);
      return seatedSpeaker(person, this.#gates.of(person.config));
    };
    const execution = config.execution.enabled ? await this.#startExecution(config.execution) : undefined;
    return {
      relay,
      speakers: { a: await speaker('a'), b: await speaker('b') },
      ...(execution
        ? { execution: { ...execution.options, settings: executionSettings(config.execution) } }
        : {}),
    };
  }

  /** Nobody runs code any more. */
  async close(): Promise<void> {
    (await this.#execution?.catch(() => undefined))?.close();
  }

  /** One sidecar for all meetings: each has its own session there. */
  #startExecution(config: ProxyConfig['execution']): Promise<StartedExecution> {
    this.#execution ??= startExecution(config, {}, { log: quiet, launcher: undefined });
    return this.#execution;
  }

  /** Who sits on a seat, with all its settings. Rejects with ConfigError and UsageError. */
  seat({ seats: wishes, seed }: Job, seat: Seat): Promise<Prepared> {
    const wish = wishes[seat];
    const key = JSON.stringify([wish, seed]);
    const made = this.#prepared.get(key) ?? prepareSeat(argumentsOf(wish, seed));
    this.#prepared.set(key, made);
    const [oldest = ''] = this.#prepared.keys();
    if (this.#prepared.size > mostPrepared) this.#prepared.delete(oldest);
    return made;
  }

  /** The rules of a meeting, the same ones until the batch ends. Throws ConfigError and UsageError. */
  proxyConfig({ setting }: Pick<Job, 'setting'>): ProxyConfig {
    const key = JSON.stringify(setting);
    const known = this.#configs.get(key) ?? this.#loadConfig(setting);
    this.#configs.set(key, known);
    return known;
  }

  #loadConfig({ name, loops, execute, passes, ...setting }: Job['setting']): ProxyConfig {
    void name;
    const { tokens, cost, seconds } = this.matrix.limits.meeting;
    const { value } = loadProxyConfig({
      env: process.env,
      cwd: process.cwd(),
      flags: {
        ...setting,
        'loops.enabled': loops,
        'execution.enabled': execute,
        'execution.passes': passes,
        max_tokens: tokens || undefined,
        max_cost: cost || undefined,
        max_seconds: seconds || undefined,
        transcript: true,
      },
    });
    const unknown = value.translate
      ? 'translate'
      : value.execution.enabled && value.execution.approve
        ? 'execution.approve'
        : undefined;
    if (unknown !== undefined) {
      throw new UsageError(`config/proxy.yml: ${unknown} is not for batches; switch it off`);
    }
    return value;
  }

  priceOf(provider: string, model: string): Price | undefined {
    return findPrice(this.prices, provider, model) ?? (isFree(provider) ? freePrice : undefined);
  }

  /** Whether a price is known of all who speak and judge. */
  async isPriced(): Promise<boolean> {
    const isKnown = ({ config }: Pick<Prepared, 'config'>): boolean =>
      this.priceOf(config.service, 'model' in config ? config.model : '') !== undefined;
    for (const job of this.#oneOfEach()) {
      for (const seat of seats) if (!isKnown(await this.seat(job, seat))) return false;
    }
    for (const at of this.matrix.judges.keys()) if (!isKnown(await this.#judgeSettings(at, 1))) return false;
    return true;
  }

  async expectedSpeaker(job: Job, seat: Seat): Promise<ExpectedSpeaker> {
    const { config, greeting, system, opening } = await this.seat(job, seat);
    const model = 'model' in config ? config.model : '';
    const price = this.priceOf(config.service, model);
    const maxReplyTokens = 'max_tokens' in config ? config.max_tokens : undefined;
    return {
      name: greeting.name,
      provider: config.service,
      model,
      system,
      countsTokens: 'model' in config,
      hasOpening: opening !== undefined,
      ...(maxReplyTokens === undefined ? {} : { maxReplyTokens }),
      ...(price ? { price } : {}),
    };
  }

  /** Meetings that show every speaker and every setting at least once. */
  #oneOfEach(): Job[] {
    const seen = new Set<string>();
    return this.jobs.filter(({ seats: wishes, settingName }) => {
      const keys = [`a ${speakerName(wishes.a)}`, `b ${speakerName(wishes.b)}`, `setting ${settingName}`];
      const isNews = keys.some((key) => !seen.has(key));
      for (const key of keys) seen.add(key);
      return isNews;
    });
  }

  #whereOf({ seats: wishes }: Job, seat: Seat): string {
    const at = this.matrix.personas[seat].indexOf(wishes[seat].persona);
    return this.#locate(['personas', seat, at], 'value');
  }

  #strangersAmongRequests(): ConfigProblem[] {
    return Object.keys(this.matrix.requests)
      .filter((name) => !serviceNames.some((known) => known === name))
      .map((name) => ({
        where: this.#locate(['requests', name], 'key'),
        message: `requests names ${JSON.stringify(name)}, which is no service; choose one of ${serviceNames.join(', ')}`,
      }));
  }

  /** A limit that cannot be kept is no limit. */
  #refuseUnknownPrice({ config }: Pick<Prepared, 'config'>): void {
    const { meeting, batch } = this.matrix.limits;
    if (meeting.cost === 0 && batch.cost === 0) return;
    const model = 'model' in config ? config.model : '';
    if (this.priceOf(config.service, model)) return;
    throw new UsageError(
      `limits on cost cannot be kept, since no price is known for ${[config.service, model].filter(Boolean).join(' ')}: add it to config/prices.yml (docs/budgets.md)`,
    );
  }
}

function speakerName({ persona, service }: SeatWish): string {
  const label = labelOf(service);
  return label === '' ? persona : `${persona} by ${label}`;
}

/** What a speaker is, but for its seed. */
function digestOf({ config, greeting, system }: Prepared): string {
  const model = 'model' in config ? config.model : '';
  return createHash('sha256')
    .update(JSON.stringify([greeting.name, system, config.service, model]))
    .digest('hex');
}

/** As flags of an agent. */
function argumentsOf({ persona, service }: SeatWish, seed: number): Parameters<typeof prepareSeat>[0] {
  const common = { persona, seed };
  if (service === undefined) return common;
  if (typeof service === 'string') {
    const spec = parseServiceSpec(service, 'services');
    return { ...common, service: spec.service, ...fromFlags(spec.flags) };
  }
  const { service: spec, config, model, base_url, temperature, max_tokens, context_tokens } = service;
  const parsed = spec === undefined ? undefined : parseServiceSpec(spec, 'services');
  return {
    ...common,
    ...(parsed ? { service: parsed.service, ...fromFlags(parsed.flags) } : {}),
    ...(model === undefined ? {} : { model }),
    ...(config === undefined ? {} : { config: path.normalize(config) }),
    ...(base_url === undefined ? {} : { 'base-url': base_url }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(max_tokens === undefined ? {} : { 'max-tokens': max_tokens }),
    ...(context_tokens === undefined ? {} : { 'context-tokens': context_tokens }),
  };
}

function fromFlags(flags: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    flags.map((flag) => {
      const [, key = '', value = ''] = /^--([\w-]+)=(.*)$/s.exec(flag) ?? [];
      return [key, value];
    }),
  );
}

function problemsOf(error: unknown, where: string, persona?: string): ConfigProblem[] {
  if (error instanceof ConfigError) {
    // What no file says came from the matrix, and so did the name of a file that is not there.
    return error.problems.map((problem) => {
      if (problem.where.startsWith('--')) return { where, message: `${problem.where}: ${problem.message}` };
      return problem.where === persona ? { where, message: `${persona} ${problem.message}` } : problem;
    });
  }
  return [{ where, message: messageOf(error) }];
}
