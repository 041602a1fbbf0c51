import { RequestLimit, type RequestGate, type RequestLimits } from '../agents/request-limit.ts';
import type { Matrix } from '../batch/matrix.ts';
import type { ServiceConfig } from '../config/schema.ts';

/** One for each service at each address, whoever asks it: as an experiment says, or else the service's settings. */
export class RequestGates {
  readonly #requests: Matrix['requests'];
  readonly #create: (address: string, limits: RequestLimits) => RequestGate;
  readonly #known = new Map<string, RequestGate>();

  constructor(
    requests: Matrix['requests'] = {},
    create: (address: string, limits: RequestLimits) => RequestGate = (_, limits) => new RequestLimit(limits),
  ) {
    this.#requests = requests;
    this.#create = create;
  }

  /** Undefined where nothing limits it. */
  of(config: ServiceConfig): RequestGate | undefined {
    const own = this.#requests[config.service];
    const given = 'requests_at_once' in config ? config : undefined;
    const atOnce = own?.at_once ?? given?.requests_at_once ?? 0;
    const perMinute = own?.per_minute ?? given?.requests_per_minute ?? 0;
    if (!own && !given) return undefined;
    const address = 'base_url' in config ? `${config.service} ${config.base_url}` : config.service;
    const gate = this.#known.get(address) ?? this.#create(address, { atOnce, perMinute });
    this.#known.set(address, gate);
    return gate;
  }
}
