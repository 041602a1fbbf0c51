import { expect, it } from 'vitest';
import { parametersOf } from '../../../cli/create-provider.ts';
import { loadServiceConfig } from '../../../config/load.ts';
import { packageRoot } from '../../../config/paths.ts';

const parameters = (service: 'openai' | 'command', flags: Record<string, unknown>): Record<string, unknown> =>
  parametersOf(loadServiceConfig({ service, env: {}, cwd: packageRoot, flags }).value);

it('what shaped the replies is for the record, and no secret is', () => {
  const address = 'https://me:hidden1@host/v1?api_key=hidden2';
  const openai = parameters('openai', { api_key: 'hidden3-long', base_url: address, temperature: 0.5 });
  expect(openai).toMatchObject({ temperature: 0.5, base_url: expect.stringMatching(/@host\/v1$/) as string });
  const command = parameters('command', { command: './ask --api-key hidden4 --token=hidden5 --fast' });
  expect(command['command']).toBe('./ask --api-key *** --token=*** --fast');
  expect(JSON.stringify([openai, command])).not.toContain('hidden');
});
