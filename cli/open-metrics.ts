import type { PriceList } from '../config/prices.ts';
import type { ProxyConfig } from '../config/schema.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { readVersion } from './version.ts';

/** Serves /metrics where the settings ask for it. Rejects with ColloquyError `port-taken` or `cannot-listen`. */
export async function openMetrics(
  { metrics: { host, port, token } }: Pick<ProxyConfig, 'metrics'>,
  service: string,
  prices: PriceList,
): Promise<Metrics | undefined> {
  if (port === undefined) return undefined;
  const { startMetrics } = await import('../telemetry/metrics.ts');
  const access = token === undefined ? {} : { token };
  return startMetrics({ host, port, ...access, service, version: readVersion(), prices });
}
