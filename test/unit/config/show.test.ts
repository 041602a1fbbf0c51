import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { loadProxyConfig, loadServiceConfig } from '../../../config/load.ts';
import { packageRoot } from '../../../config/paths.ts';
import { proxySchema, serviceSchemas } from '../../../config/schema.ts';
import { configRows, renderConfigRows } from '../../../config/show.ts';

const here = { cwd: packageRoot, env: {}, flags: {} };

describe('the settings in force', () => {
  it('are all keys in the order of the schema, each with its source', () => {
    const rows = configRows(
      loadServiceConfig({
        ...here,
        service: 'ollama',
        env: { OLLAMA_HOST: 'http://host' },
        flags: { seed: 7 },
      }),
      serviceSchemas.ollama,
    );
    expect(rows.slice(0, 4)).toEqual([
      { key: 'service', value: 'ollama', source: 'config/ollama.yml:3:10' },
      { key: 'model', value: 'llama3.2', source: 'config/ollama.yml:4:8' },
      { key: 'base_url', value: 'http://host', source: 'OLLAMA_HOST' },
      { key: 'temperature', value: '(not set)', source: '' },
    ]);
    expect(rows).toContainEqual({ key: 'seed', value: '7', source: '--seed' });
  });

  it('name no key that only exists to be refused', () => {
    const rows = configRows(loadServiceConfig({ ...here, service: 'anthropic' }), serviceSchemas.anthropic);
    expect(rows.map(({ key }) => key)).not.toContain('temperature');
  });

  it('end with the limits of single providers', () => {
    const flags = { 'rate.providers.openai.messages_per_minute': 6 };
    const rows = configRows(loadProxyConfig({ ...here, flags }), proxySchema);
    expect(rows.filter(({ key }) => key.includes('openai')).map(({ key, value }) => [key, value])).toEqual([
      ['rate.providers.openai.messages_per_minute', '6'],
      ['rate.providers.openai.characters_per_minute', '0'],
    ]);
  });

  it('hide secrets, wherever they come from, and say whether there is one', () => {
    const service = 'openai';
    const set = loadServiceConfig({
      ...here,
      service,
      env: { OPENAI_API_KEY: 'sk-1' },
      flags: { token: 't0k' },
    });
    const text = renderConfigRows(configRows(set, serviceSchemas.openai));
    expect(text).toMatch(/^api_key +\(set, hidden\) +OPENAI_API_KEY$/m);
    expect(text).toMatch(/^token +\(set, hidden\) +--token$/m);
    expect(text).not.toMatch(/sk-1|t0k/);
    expect(renderConfigRows(configRows(loadProxyConfig(here), proxySchema))).toMatch(
      /^token +\(not set\) +default$/m,
    );
  });

  it('hide the password of an address', () => {
    expect(valueOf('https://maud:secret@host/v1')).toBe('https://maud:***@host/v1');
    expect(valueOf('http://127.0.0.1:11434')).toBe('http://127.0.0.1:11434');
  });

  it.each([
    ['', '""'],
    ['a\u001b[2J', '"a\\u001b[2J"'],
    [['a', 'b'], '["a","b"]'],
    [false, 'false'],
  ])('show %j as %s', (value, shown) => {
    expect(valueOf(value)).toBe(shown);
  });

  it('are printed in columns', () => {
    const rows = [
      { key: 'a', value: 'long value', source: 'default' },
      { key: 'longer', value: 'b', source: '' },
    ];
    expect(renderConfigRows(rows)).toBe('a       long value  default\nlonger  b\n');
    expect(renderConfigRows([])).toBe('');
  });
});

function valueOf(x: unknown): string | undefined {
  return configRows({ value: { x }, sources: new Map() }, z.strictObject({ x: z.any() }))[0]?.value;
}
