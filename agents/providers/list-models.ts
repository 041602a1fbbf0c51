import { ColloquyError, messageOf } from '../../wire/errors.ts';
import { redactSecrets } from '../redact.ts';
import { readOllamaHost } from './ollama-host.ts';

export interface ModelSource {
  readonly service: 'openai' | 'anthropic' | 'ollama' | 'lmstudio';
  readonly baseUrl: string;
  readonly apiKey?: string | undefined;
}

/** More than any service has. */
const mostModels = 1_000;

/**
 * The models that a service offers, as it calls them, sorted. Rejects with ColloquyError `no-models`, in which no key
 * stands. Sources: the list endpoints of the four (OpenAI `GET /models`, Anthropic `GET /v1/models`, Ollama `GET /api/tags`).
 */
export async function listModels(source: ModelSource, signal: AbortSignal): Promise<string[]> {
  const { service, apiKey } = source;
  const { address, headers, read } = requestOf(source);
  try {
    const response = await fetch(address, { headers, signal, redirect: 'error' });
    if (!response.ok) throw new Error(`it answered ${response.status} ${response.statusText}`);
    const names = read(await response.json());
    return [...new Set(names.filter((name) => typeof name === 'string'))].slice(0, mostModels).sort();
  } catch (error) {
    const { cause } = error as Error;
    const why = cause === undefined ? messageOf(error) : messageOf(cause);
    throw new ColloquyError(redactSecrets(`${service} lists no models: ${why}`, [apiKey]), {
      code: 'no-models',
    });
  }
}

interface ModelRequest {
  readonly address: string;
  readonly headers: Record<string, string>;
  readonly read: (answer: unknown) => readonly unknown[];
}

function requestOf({ service, baseUrl, apiKey }: ModelSource): ModelRequest {
  const base = baseUrl.replace(/\/+$/, '');
  const key: Record<string, string> = apiKey ? { Authorization: `Bearer ${apiKey}` } : {};
  switch (service) {
    case 'openai':
    case 'lmstudio':
      return { address: `${base}/models`, headers: key, read: idsOf };
    case 'anthropic':
      return {
        address: `${base}/v1/models?limit=${mostModels}`,
        headers: { ...key, ...(apiKey ? { 'x-api-key': apiKey } : {}), 'anthropic-version': '2023-06-01' },
        read: idsOf,
      };
    case 'ollama': {
      const { host, headers } = readOllamaHost(baseUrl);
      return {
        address: `${host}/api/tags`,
        headers,
        read: (answer) => listOf(answer, 'models').map(({ name }) => name),
      };
    }
  }
}

function idsOf(answer: unknown): unknown[] {
  return listOf(answer, 'data').map(({ id }) => id);
}

function listOf(answer: unknown, key: string): Record<string, unknown>[] {
  const list = (answer as Record<string, unknown> | null)?.[key];
  return Array.isArray(list)
    ? (list as Record<string, unknown>[]).filter((one) => typeof one === 'object' && one !== null)
    : [];
}
