import type { RequestGate } from '../agents/request-limit.ts';
import type { SeatedSpeaker } from '../batch/hold-job.ts';
import type { ProxyConfig } from '../config/schema.ts';
import type { RelaySettings } from '../proxy/relay-settings.ts';
import type { Seat } from '../wire/types.ts';
import type { Prepared } from './commands/agent.ts';
import { toRelaySettings } from './commands/proxy.ts';
import { createContext } from './create-context.ts';
import { createProvider, patienceOf } from './create-provider.ts';

/** Who sits down in a meeting of a batch, but for where and when. */
export type SeatedPerson = Pick<Prepared, 'config' | 'greeting' | 'system' | 'opening'>;

/** How long an interrupted meeting waits for agents that are started together with its relay. */
const returnMs = 600_000;

/** A relay for one meeting, on this machine. */
export function jobRelay(config: ProxyConfig, chosenFirst: Seat): RelaySettings {
  return {
    ...toRelaySettings(config, {}),
    host: '127.0.0.1',
    ports: { a: 0, b: 0 },
    token: '',
    first: config.first === 'random' ? chosenFirst : config.first,
    resumeMs: returnMs,
    control: false,
  };
}

/** Rejects with ColloquyError where a key is missing. */
export async function seatedSpeaker(
  { config, greeting, system, opening }: SeatedPerson,
  limit: RequestGate | undefined,
): Promise<SeatedSpeaker> {
  const provider = await createProvider(config);
  return {
    greeting: { ...greeting, model: provider.model },
    system,
    ...(opening === undefined ? {} : { opening }),
    provider,
    patience: patienceOf(config),
    context: await createContext(config),
    limit,
  };
}
