import { describe, expect, it } from 'vitest';
import { createContext, windowTokensOf } from '../../../cli/create-context.ts';
import { serviceSchemas, type ServiceConfig } from '../../../config/schema.ts';

function config(service: keyof typeof serviceSchemas, settings: object = {}): ServiceConfig {
  return serviceSchemas[service].parse({ service, ...settings });
}

describe('the window of a model', () => {
  it.each([
    ['openai', { model: 'gpt-4o-mini' }, 128_000],
    ['openai', { model: 'gpt-4' }, 8_192],
    ['openai', { model: 'gpt-5' }, 272_000],
    ['openai', { model: 'ft:gpt-4o-mini-2024-07-18:acme::7p4l' }, 128_000],
    ['openai', { model: 'gpt-4o-2031-01-01' }, 128_000],
    ['openai', { model: 'of-somebody-else' }, 32_768],
    ['openai', { model: 'gpt-4', context_tokens: 4_000 }, 4_000],
    ['anthropic', {}, 200_000],
    ['ollama', {}, 8_192],
    ['ollama', { model: 'tinyllama:1.1b' }, 2_048],
    ['ollama', { num_ctx: 16_384 }, 16_384],
    ['ollama', { context_tokens: 16_384 }, 16_384],
    ['ollama', { num_ctx: 4_096, context_tokens: 16_384 }, 4_096],
    ['lmstudio', {}, 4_096],
    ['command', {}, undefined],
    ['command', { context_tokens: 4_000 }, 4_000],
    ['eliza', {}, undefined],
    ['scripted', {}, undefined],
  ] as const)('of %s %j is %s', async (service, settings, tokens) => {
    expect(await windowTokensOf(config(service, settings))).toBe(tokens);
  });

  it('has room for the reply: what was set, or an eighth', async () => {
    expect(await createContext(config('ollama'))).toEqual({
      windowTokens: 8_192,
      reserveTokens: 1_024,
      strategy: 'truncate-middle',
      tokenRatio: 1.15,
      reportsWholePrompt: false,
    });
    const set = config('openai', { model: 'gpt-4', max_tokens: 300, context_strategy: 'summarize' });
    expect(await createContext(set)).toMatchObject({
      reserveTokens: 300,
      strategy: 'summarize',
      tokenRatio: 1,
    });
    expect(await createContext(config('eliza'))).toBeUndefined();
  });

  it('is none where the reply takes all of it', async () => {
    await expect(createContext(config('anthropic', { context_tokens: 4_000 }))).rejects.toThrow(
      'max_tokens is 4096, and context_tokens 4000: that leaves no room to read; set a smaller max_tokens or a larger context_tokens',
    );
  });
});
