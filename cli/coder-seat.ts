import path from 'node:path';
import type { Provider } from '../agents/provider.ts';
import { createCoderSeat } from '../coder/seat.ts';
import { coderServices } from '../config/coder-roles.ts';
import type { ServiceConfig } from '../config/schema.ts';
import { lookUp } from '../config/issues.ts';
import { runCodingTask } from './coding-task.ts';
import { UsageError } from './failure.ts';

/** Folder of the runs of agents that code; each task has a folder of its own below it. */
const runs = 'runs';

/** An agent that codes, with the service of the agent behind it and the rest as config/coder.yml says. Throws UsageError. */
export function createCoderAgent(config: ServiceConfig): Provider {
  const { service } = config;
  if (!coderServices.some((name) => name === service)) {
    throw new UsageError(
      `--coder: ${service} cannot write programs; choose one of ${coderServices.join(', ')}`,
    );
  }
  const text = (key: string): string | undefined => {
    const value = lookUp(config, [key]);
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const model = text('model') ?? text('replies') ?? text('command') ?? '';
  const [baseUrl, apiKey] = [text('base_url'), text('api_key')];
  return createCoderSeat({
    name: service,
    model: path.parse(model).name === '' ? service : model,
    start: (task, signal) =>
      runCodingTask({
        task,
        signal,
        service: model === '' ? service : `${service}:${model}`,
        serviceSettings: {
          ...(baseUrl === undefined ? {} : { base_url: baseUrl }),
          ...(apiKey === undefined ? {} : { api_key: apiKey }),
        },
        runs,
        // What a partner asks for does not overwrite what lies here.
        out: path.join(runs, 'persistent_source.py'),
      }),
  });
}
