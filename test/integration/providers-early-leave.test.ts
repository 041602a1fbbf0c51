import { expect, it } from 'vitest';
import { createAnthropic } from '../../agents/providers/anthropic.ts';
import { createOllama } from '../../agents/providers/ollama.ts';
import { createLmStudio, createOpenAi } from '../../agents/providers/openai.ts';
import { conversation } from '../support/listening.ts';
import { startModelServer } from '../support/model-server.ts';

const settings = { model: 'parrot', apiKey: 'correct-horse', maxTokens: 100 };

it.each([
  ['openai', 'openai', (origin: string) => createOpenAi({ ...settings, baseUrl: `${origin}/v1` })],
  ['lmstudio', 'openai', (origin: string) => createLmStudio({ ...settings, baseUrl: `${origin}/v1` })],
  ['anthropic', 'anthropic', (origin: string) => createAnthropic({ ...settings, baseUrl: origin })],
  ['ollama', 'ollama', (origin: string) => createOllama({ ...settings, baseUrl: origin })],
] as const)('%s ends its request when nobody listens any more', async (_name, api, create) => {
  const server = await startModelServer(api, [{ type: 'reply', pieces: ['Once'], ending: 'stall' }]);
  const { signal } = new AbortController();
  for await (const piece of create(server.origin).reply({ ...conversation, signal })) {
    if (piece.type === 'usage') continue;
    expect(piece).toEqual({ type: 'text', text: 'Once' });
    break;
  }
  await server.requests[0]?.closed;
});
