import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { RequestGate, RequestLimits } from '../agents/request-limit.ts';
import type { Job } from '../batch/expand.ts';
import type { PreparedJob } from '../batch/hold-job.ts';
import type { Matrix } from '../batch/matrix.ts';
import type { WorkersJob } from '../batch/redis/meeting-worker.ts';
import type { Parts, ShippedBatch, ShippedMeeting } from '../batch/redis/shipment.ts';
import { isSecret } from '../config/issues.ts';
import { loadServiceConfig, readEnvironment } from '../config/load.ts';
import { findPrice, type Price, type PriceList } from '../config/prices.ts';
import { proxySchema, serviceSchemas, type ExecutionConfig, type ServiceConfig } from '../config/schema.ts';
import { costOf, freePrice, isFree } from '../journal/cost.ts';
import type { Runner } from '../sidecar/link.ts';
import { ColloquyError } from '../wire/errors.ts';
import { seats, type Seat } from '../wire/types.ts';
import type { BatchPlan } from './batch-plan.ts';
import { executionSettings } from './execution.ts';
import { UsageError } from './failure.ts';
import { jobRelay, seatedSpeaker, type SeatedPerson } from './job-preparation.ts';
import { RequestGates } from './request-gates.ts';
import { readVersion } from './version.ts';

/** What a worker may be asked for: the others run programs, or read files, that are here and not there. */
const portable = ['openai', 'anthropic', 'ollama', 'lmstudio', 'eliza', 'parry'] as const;
type Portable = (typeof portable)[number];

const person = z.object({
  config: z.looseObject({ service: z.enum(portable) }),
  greeting: z.looseObject({ name: z.string() }),
  system: z.string(),
  opening: z.string().optional(),
});

/** Throws UsageError where a speaker could not be held elsewhere. */
export async function refuseUnportable(plan: BatchPlan): Promise<void> {
  const known = new Set<string>();
  for (const job of plan.jobs) {
    const key = JSON.stringify(job.seats);
    if (known.has(key)) continue;
    known.add(key);
    for (const seat of seats) {
      const { config, greeting } = await plan.seat(job, seat);
      const isPortable = portable.some((service) => service === config.service);
      const ownScript = 'script' in config && config.script !== undefined;
      if (isPortable && !ownScript) continue;
      const what = ownScript ? `${config.service} with a script of its own` : config.service;
      throw new UsageError(
        `${greeting.name} is written for by ${what}, which needs files or programs of this machine; workers can be asked for ${portable.join(', ')}`,
      );
    }
  }
}

/** Who sits in a meeting and by what rules, for any worker; keys stay here. */
export async function shipMeeting(
  plan: BatchPlan,
  job: Job,
  parts: Parts,
): Promise<Omit<ShippedMeeting, 'batch' | 'id'>> {
  const { token, tokens, tls, metrics, execution, ...relay } = plan.proxyConfig(job);
  void [token, tokens, tls, metrics];
  const put = async (seat: Seat): Promise<string> => {
    const { config, greeting, system, opening } = await plan.seat(job, seat);
    return parts.put({ config: withoutSecrets(config), greeting, system, opening });
  };
  return {
    relay: await parts.put({ ...relay, execution: shippedExecution(execution) }),
    a: await put('a'),
    b: await put('b'),
    chosenFirst: job.chosenFirst,
  };
}

/** Where and how the code is kept apart is the affair of whoever runs it. */
function shippedExecution({
  enabled,
  seats: permitted,
  blocks,
  passes,
  policy,
  limits,
}: ExecutionConfig): object {
  return enabled ? { enabled, seats: permitted, blocks, passes, policy, limits } : {};
}

export function shipBatch(
  { matrix, prices }: BatchPlan,
  { owner, politeMs }: { readonly owner: string; readonly politeMs: number },
): ShippedBatch {
  return {
    software: `colloquy ${readVersion()}`,
    owner,
    prices: JSON.stringify([...prices].map(([provider, models]) => [provider, [...models]])),
    requests: JSON.stringify(matrix.requests),
    max_tokens: matrix.limits.batch.tokens,
    max_cost: matrix.limits.batch.cost,
    polite_ms: politeMs,
  };
}

/** How a worker runs code. */
export interface WorkersExecution {
  readonly runner: Runner;
  /** Of this machine: what it does not share with the batch is no data that can be compared. */
  readonly config: Pick<ExecutionConfig, 'policy' | 'limits'>;
}

interface Surroundings {
  readonly parts: Parts;
  readonly createGate: (address: string, limits: RequestLimits) => RequestGate;
  readonly execution: WorkersExecution | undefined;
}

/** What a worker makes of a batch. */
export class ReceivedBatch {
  readonly #batch: ShippedBatch;
  readonly #parts: Parts;
  readonly #execution: WorkersExecution | undefined;
  readonly #prices: PriceList;
  readonly #gates: RequestGates;

  /** Throws ColloquyError `other-version`. */
  constructor(batch: ShippedBatch, { parts, createGate, execution }: Surroundings) {
    const own = `colloquy ${readVersion()}`;
    if (batch.software !== own) {
      throw new ColloquyError(
        `the batch was begun by ${batch.software}, and this worker is ${own}: use the same everywhere`,
        { code: 'other-version' },
      );
    }
    this.#batch = batch;
    this.#parts = parts;
    this.#execution = execution;
    const prices = JSON.parse(batch.prices) as [string, [string, Price][]][];
    this.#prices = new Map(prices.map(([provider, models]) => [provider, new Map(models)]));
    this.#gates = new RequestGates(JSON.parse(batch.requests) as Matrix['requests'], createGate);
  }

  /**
   * Rejects with ColloquyError where this machine has no key, or is to send it elsewhere, and where it runs no code, or
   * not as the batch has it.
   */
  async prepare({ relay, a, b, chosenFirst }: ShippedMeeting): Promise<WorkersJob> {
    const config = proxySchema.parse(await this.#parts.get(relay));
    const execution = this.#executionOf(config.execution);
    const speaker = async (digest: string) => {
      const { greeting, ...rest } = person.parse(await this.#parts.get(digest));
      const own = withOwnSecrets(rest.config);
      const whole: SeatedPerson = {
        config: own,
        greeting: greeting,
        system: rest.system,
        ...(rest.opening === undefined ? {} : { opening: rest.opening }),
      };
      return seatedSpeaker(whole, this.#gates.of(own));
    };
    const speakers = { a: await speaker(a), b: await speaker(b) };
    return {
      prepared: { relay: jobRelay(config, chosenFirst), speakers, ...(execution ? { execution } : {}) },
      prices: this.#prices,
      politeMs: this.#batch.polite_ms,
      costOfTurn: ({ seat, meta }) => {
        const { name, model } = speakers[seat].provider;
        const price = findPrice(this.#prices, name, model) ?? (isFree(name) ? freePrice : undefined);
        return price && meta?.usage ? costOf(meta.usage, price) : 0;
      },
    };
  }

  #executionOf(config: ExecutionConfig): PreparedJob['execution'] {
    if (!config.enabled) return undefined;
    if (!this.#execution) {
      throw new ColloquyError('the batch has code run, and this worker runs none; start it with --execute', {
        code: 'runs-no-code',
      });
    }
    const { runner, config: own } = this.#execution;
    const other = differenceOf(config, own);
    if (other !== undefined) {
      throw new ColloquyError(
        `the batch has code run with execution.${other.key} ${other.wanted}, and config/proxy.yml of this worker says ${other.own}`,
        { code: 'other-limits' },
      );
    }
    return { settings: executionSettings({ ...config, approve: false }), runner: inOwnSession(runner) };
  }
}

/** The first rule for code that two machines do not share. */
function differenceOf(
  wanted: WorkersExecution['config'],
  own: WorkersExecution['config'],
): { readonly key: string; readonly wanted: string; readonly own: string } | undefined {
  if (wanted.policy !== own.policy) {
    return { key: 'policy', wanted: String(wanted.policy), own: String(own.policy) };
  }
  for (const key of Object.keys(wanted.limits) as (keyof ExecutionConfig['limits'])[]) {
    if (wanted.limits[key] === own.limits[key]) continue;
    return { key: `limits.${key}`, wanted: String(wanted.limits[key]), own: String(own.limits[key]) };
  }
  return undefined;
}

/** Meetings of two batches may have one name, and one may be held here twice, after another worker had it. */
function inOwnSession(runner: Runner): Runner {
  const session = randomUUID();
  return {
    get tier() {
      return runner.tier;
    },
    run: (_, turn, block, kept) => runner.run(session, turn, block, kept),
    closeSession: () => runner.closeSession(session),
  };
}

function withoutSecrets(config: ServiceConfig): object {
  const schema = serviceSchemas[config.service];
  return Object.fromEntries(Object.entries(config).filter(([key]) => !isSecret(schema, [key])));
}

/**
 * A key goes where this machine's own settings send it, and nowhere else: who can write to Redis must not learn it.
 * Throws ColloquyError `foreign-address`.
 */
function withOwnSecrets(shipped: { readonly service: Portable }): ServiceConfig {
  const { service } = shipped;
  const cwd = process.cwd();
  const { value: own } = loadServiceConfig({
    service,
    env: readEnvironment(cwd, process.env),
    cwd,
    flags: {},
  });
  const schema = serviceSchemas[service];
  const secrets = Object.entries(own).filter(([key]) => isSecret(schema, [key]));
  const wanted = schema.parse({
    ...withoutSecrets(shipped as ServiceConfig),
    ...Object.fromEntries(secrets),
  });
  const has = 'api_key' in wanted && wanted.api_key !== undefined;
  if (has && 'base_url' in own && 'base_url' in wanted && own.base_url !== wanted.base_url) {
    throw new ColloquyError(
      `the batch wants ${service} at ${wanted.base_url}, and this worker has its key for ${own.base_url}; set ${service.toUpperCase()}_BASE_URL where the worker runs, if the key may go there`,
      { code: 'foreign-address' },
    );
  }
  if ('script' in wanted && wanted.script !== undefined) {
    throw new ColloquyError(`the batch names a file of this machine: ${wanted.script}`, { code: 'no-files' });
  }
  return wanted;
}
