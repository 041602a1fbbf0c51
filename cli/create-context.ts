import { knownWindowTokens } from '../agents/context/known-windows.ts';
import type { ContextSettings } from '../agents/context/settings.ts';
import type { ServiceConfig } from '../config/schema.ts';
import { UsageError } from './failure.ts';

/**
 * How much of a conversation a model is sent; undefined where there is no limit. Throws UsageError where the
 * reply would take nearly all of the window.
 */
export async function createContext(config: ServiceConfig): Promise<ContextSettings | undefined> {
  const windowTokens = await windowTokensOf(config);
  if (!('context_strategy' in config) || windowTokens === undefined) return undefined;
  const reply = 'max_tokens' in config ? config.max_tokens : undefined;
  const reserveTokens = reply ?? usualReply(windowTokens);
  if (reserveTokens > windowTokens * mostOfWindow) {
    throw new UsageError(
      `max_tokens is ${reserveTokens}, and context_tokens ${windowTokens}: that leaves no room to read; set a smaller max_tokens or a larger context_tokens`,
    );
  }
  return {
    windowTokens,
    reserveTokens,
    strategy: config.context_strategy,
    tokenRatio: config.service === 'openai' ? 1 : otherTokenRatio,
    reportsWholePrompt: config.service !== 'ollama',
  };
}

/** In tokens, what was set or is known; undefined where there is no limit. */
export async function windowTokensOf(config: ServiceConfig): Promise<number | undefined> {
  if (!('context_strategy' in config)) return undefined;
  const numCtx = 'num_ctx' in config ? config.num_ctx : undefined;
  const { service, context_tokens: set = numCtx } = config;
  const known = set ?? (await knownWindowTokens(service, 'model' in config ? config.model : ''));
  // What Ollama was not asked for is not there.
  return known === undefined || numCtx === undefined ? known : Math.min(known, numCtx);
}

const mostOfWindow = 0.75;

/** Models of others need more tokens for the same text than OpenAI's do; how many more, their usage tells. */
const otherTokenRatio = 1.15;

function usualReply(windowTokens: number): number {
  return Math.min(4_096, Math.floor(windowTokens / 8));
}
