import { distance } from 'fastest-levenshtein';
import { serviceNames, type ServiceName } from '../config/service-names.ts';
import { UsageError } from './failure.ts';

/** `SERVICE` or `SERVICE:REST`, as flags of the agent. */
export interface ServiceSpec {
  readonly service: ServiceName;
  readonly flags: readonly string[];
}

/** What stands behind the colon: for most a model, for some what they cannot do without. */
const restFlag: Readonly<Record<ServiceName, string>> = {
  openai: 'model',
  anthropic: 'model',
  ollama: 'model',
  lmstudio: 'model',
  eliza: 'script',
  parry: 'script',
  scripted: 'replies',
  command: 'command',
  pipeline: 'pipeline',
};

/** Throws UsageError that names `where`, the flag it stands in. */
export function parseServiceSpec(spec: string, where: string): ServiceSpec {
  const colon = spec.indexOf(':');
  const name = colon < 0 ? spec : spec.slice(0, colon);
  const rest = colon < 0 ? '' : spec.slice(colon + 1);
  const service = serviceNames.find((known) => known === name);
  if (!service) {
    const near = serviceNames.find((known) => distance(known, name.toLowerCase()) <= 2);
    const hint = near ? `did you mean "${near}"?` : `choose one of ${serviceNames.join(', ')}`;
    throw new UsageError(`${where}: no service is called "${name}"; ${hint}`);
  }
  return { service, flags: rest === '' ? [] : [`--${restFlag[service]}=${rest}`] };
}
