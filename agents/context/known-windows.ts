import type { ServiceName } from '../../config/service-names.ts';

/**
 * How much a model can read and write at once, in tokens; undefined where a service has no such limit.
 * Of OpenAI's models the tokenizer's library keeps a list.
 */
export async function knownWindowTokens(service: ServiceName, model: string): Promise<number | undefined> {
  switch (service) {
    case 'openai':
      return (await openAiWindowTokens(model)) ?? unknownServerTokens;
    case 'anthropic':
      return 200_000;
    case 'ollama':
      return Math.min(ollamaTokens, smallModels.find(([name]) => name.test(model))?.[1] ?? ollamaTokens);
    case 'lmstudio':
      return lmStudioTokens;
    case 'eliza':
    case 'parry':
    case 'scripted':
    case 'command':
    case 'pipeline':
      return undefined;
  }
}

/** Servers of other people's models speak OpenAI's API too. One that can read less says so, and is believed. */
const unknownServerTokens = 32_768;

/**
 * What is asked of Ollama by `num_ctx`. Its own default is 4096, and it cuts what is longer without a word.
 * Source: https://docs.ollama.com/context-length
 */
const ollamaTokens = 8_192;

/** Models that were trained on less. Source: their model cards. */
const smallModels: readonly (readonly [RegExp, number])[] = [
  [/^(?:phi|dolphin-phi|tinydolphin|tinyllama)(?::|$)/, 2_048],
  [/^(?:llama2|vicuna|orca-mini|nous-hermes|wizardlm|llava)(?::|-|$)/, 4_096],
];

/** With which LM Studio loads a model unless told otherwise. */
const lmStudioTokens = 4_096;

async function openAiWindowTokens(model: string): Promise<number | undefined> {
  const models: Readonly<Record<string, unknown>> = await import('gpt-tokenizer/models');
  // Models that were tuned, or bear a date that the list does not have.
  const names = [model, model.replace(/^ft:([^:]+):.*$/, '$1'), model.replace(/-\d{4}-\d\d-\d\d$/, '')];
  const known = names.map((name) => models[name]).find((found) => found !== undefined);
  const { max_input_tokens, context_window } = (known ?? {}) as Readonly<Record<string, number | undefined>>;
  return max_input_tokens ?? context_window;
}
