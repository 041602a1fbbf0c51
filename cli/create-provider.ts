import { windowTokensOf } from './create-context.ts';
import type { Provider } from '../agents/provider.ts';
import { redactSecrets } from '../agents/redact.ts';
import type { Patience } from '../agents/reliable.ts';
import { isSecret, lookUp } from '../config/issues.ts';
import { serviceSchemas, type ServiceConfig } from '../config/schema.ts';
import { telemetry, type Asking } from '../telemetry/telemetry.ts';
import { withoutPassword } from '../config/show.ts';
import { UsageError } from './failure.ts';

/** What writes the replies, out of its settings, and is measured where anything is. Loads one SDK at most. */
export async function createProvider(config: ServiceConfig): Promise<Provider> {
  const provider = await createBareProvider(config);
  // What the steps of a pipeline ask is measured by itself.
  if (config.service === 'pipeline') return provider;
  return telemetry()?.provider(provider, askingOf(config)) ?? provider;
}

async function createBareProvider(config: ServiceConfig): Promise<Provider> {
  switch (config.service) {
    case 'openai': {
      const { createOpenAi } = await import('../agents/providers/openai.ts');
      return createOpenAi(toModelSettings(config));
    }
    case 'lmstudio': {
      const { createLmStudio } = await import('../agents/providers/openai.ts');
      return createLmStudio(toModelSettings(config));
    }
    case 'anthropic': {
      const { createAnthropic } = await import('../agents/providers/anthropic.ts');
      const { model, base_url: baseUrl, api_key: apiKey, max_tokens: maxTokens, stop } = config;
      return createAnthropic({ model, baseUrl, apiKey, maxTokens, stop });
    }
    case 'ollama': {
      const { createOllama } = await import('../agents/providers/ollama.ts');
      return createOllama({
        ...toModelSettings(config),
        numCtx: config.num_ctx ?? (await windowTokensOf(config)),
        keepAlive: config.keep_alive,
      });
    }
    case 'eliza': {
      const { createEliza } = await import('../agents/providers/eliza.ts');
      return createEliza(await toSpeakerOptions(config));
    }
    case 'parry': {
      const { createParry } = await import('../agents/providers/parry.ts');
      return createParry(await toSpeakerOptions(config));
    }
    case 'scripted': {
      const { createScripted } = await import('../agents/providers/scripted.ts');
      if (config.replies === undefined)
        throw new UsageError(
          'scripted: say which file of replies, --replies FILE; or where a service is named, scripted:FILE',
        );
      return createScripted(config.replies);
    }
    case 'command': {
      const { createCommand } = await import('../agents/providers/command.ts');
      if (config.command === undefined) throw new UsageError('command: say which program with --command');
      return createCommand(config.command);
    }
    case 'pipeline': {
      const { createPipelineProvider } = await import('./pipeline-provider.ts');
      return createPipelineProvider(config);
    }
  }
}

/** How long to wait for a reply, and how often. The built-in speakers always answer. */
export function patienceOf(config: ServiceConfig): Patience {
  if (!('timeout_seconds' in config)) return { firstPieceMs: 0, idleMs: 0, maxRetries: 0, maxWaitMs: 0 };
  return {
    firstPieceMs: config.timeout_seconds * 1_000,
    idleMs: config.idle_seconds * 1_000,
    maxRetries: config.max_retries,
    maxWaitMs: config.max_wait_seconds * 1_000,
  };
}

/** All that shaped the replies, for the journal; no secrets, and nothing about where the agent sat. */
export function parametersOf(config: ServiceConfig): Record<string, unknown> {
  const schema = serviceSchemas[config.service];
  const seat = ['service', 'model', 'persona', 'host', 'port', 'meeting', 'seed', 'runs'];
  const isOfSeat = (key: string): boolean =>
    seat.includes(key) || key.startsWith('tls') || key.startsWith('requests_');
  const kept = Object.keys(config).filter((key) => !isOfSeat(key) && !isSecret(schema, [key]));
  return Object.fromEntries(
    kept.map((key) => {
      const found = lookUp(config, [key]);
      // A command may be a list of words; a flag of it may be a key.
      const value = key === 'command' && Array.isArray(found) ? found.join(' ') : found;
      return [key, typeof value === 'string' ? withoutSecrets(value) : value];
    }),
  );
}

function askingOf(config: ServiceConfig): Asking {
  const { temperature, top_p: topP, max_tokens: maxTokens, seed, stop } = config as Partial<ModelConfig>;
  const baseUrl = 'base_url' in config ? config.base_url : undefined;
  return { baseUrl, temperature, topP, maxTokens, seed, stop, isBuiltIn: baseUrl === undefined };
}

interface ModelConfig {
  readonly model: string;
  readonly base_url: string;
  readonly api_key?: string | undefined;
  readonly temperature?: number | undefined;
  readonly top_p?: number | undefined;
  readonly max_tokens?: number | undefined;
  readonly seed?: number | undefined;
  readonly stop?: string[] | undefined;
}

function toModelSettings(config: ModelConfig) {
  const {
    model,
    base_url: baseUrl,
    api_key: apiKey,
    temperature,
    top_p: topP,
    max_tokens: maxTokens,
    seed,
    stop,
  } = config;
  return { model, baseUrl, apiKey, temperature, topP, maxTokens, seed, stop };
}

async function toSpeakerOptions(config: Extract<ServiceConfig, { service: 'eliza' | 'parry' }>) {
  const { seededRandom } = await import('../agents/random.ts');
  const { script, seed, characters_per_second: charactersPerSecond } = config;
  return { script, charactersPerSecond, random: seed === undefined ? Math.random : seededRandom(seed) };
}

/** Passwords and queries of addresses, what stands behind a flag such as `--api-key`, whatever looks like a key. */
function withoutSecrets(value: string): string {
  const masked = withoutPassword(value)
    .replace(/(https?:\/\/[^\s?]+)\?\S*/g, '$1')
    .replace(/(--?[\w-]*(?:key|token|secret|password)[\w-]*[=\s]+)\S+/gi, '$1***');
  return redactSecrets(masked, []);
}
