import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { coderRoles } from '../../../config/coder-roles.ts';
import { coderSchema } from '../../../config/coder-schema.ts';
import {
  checkConfigFile,
  loadCoderConfig,
  loadProxyConfig,
  loadServiceConfig,
  loadTranslatorConfig,
} from '../../../config/load.ts';
import { packageRoot } from '../../../config/paths.ts';
import { proxySchema, serviceSchemas, serviceVariables } from '../../../config/schema.ts';
import { serviceNames } from '../../../config/service-names.ts';
import { listSettings } from '../../../config/settings.ts';
import { translatorSchemas } from '../../../config/translator-schema.ts';

const folder = path.join(packageRoot, 'config');
const schemas = {
  proxy: proxySchema,
  translator: translatorSchemas.openai,
  coder: coderSchema,
  ...serviceSchemas,
};
const names = Object.keys(schemas) as (keyof typeof schemas)[];

describe('the settings files that come with the program', () => {
  it('are one for each service and one for the proxy', () => {
    const files = readdirSync(folder).filter((file) => file.endsWith('.yml') && file !== 'prices.yml');
    expect(files.sort()).toEqual(names.map((name) => `${name}.yml`).sort());
  });

  it.each(names)('have nothing wrong with config/%s.yml', (name) => {
    expect(checkConfigFile(path.join('config', `${name}.yml`), packageRoot)).toEqual([]);
  });

  it.each(names)('give exactly the defaults: config/%s.yml', (name) => {
    const sources = { file: path.join(folder, `${name}.yml`), cwd: packageRoot, env: {}, flags: {} };
    const load = { proxy: loadProxyConfig, translator: loadTranslatorConfig, coder: loadCoderConfig };
    const { value } = (
      name === 'proxy' || name === 'translator' || name === 'coder' ? load[name] : loadServiceConfig
    )(sources);
    expect(value).toEqual(schemas[name].parse({}));
  });

  it.each(names)(
    'set every key that has a default, with its value, and show the others: config/%s.yml',
    (name) => {
      const text = readFileSync(path.join(folder, `${name}.yml`), 'utf8');
      const said = parse(text) as Record<string, unknown>;
      for (const { path: key, fallback, secret } of listSettings(schemas[name])) {
        const steps = key.split('.');
        if (steps.includes('NAME') || secret || fallback === undefined) {
          // Of a mapping with keys of the user's own, the mapping itself.
          const shown = String(
            steps.filter((step, index) => step !== 'NAME' || index < steps.length - 1).at(-1),
          );
          expect(text, key).toMatch(new RegExp(`^ *#? *${shown}:`, 'm'));
        } else {
          const value = steps.reduce<unknown>(
            (inner, step) => (inner as Record<string, unknown>)[step],
            said,
          );
          expect(value, key).toEqual(fallback);
        }
      }
    },
  );

  it.each(names)('show no key that is not taken: config/%s.yml', (name) => {
    const text = readFileSync(path.join(folder, `${name}.yml`), 'utf8');
    const shown = [...text.matchAll(/^[ #]*([a-z_]+):(?= |$)/gm)].map(([, key]) => key);
    const known = new Set([
      'rate',
      'providers',
      'openai',
      'execution',
      'speech',
      'voices',
      'tokens',
      'tls',
      'journal',
      'metrics',
      'limits',
      'loops',
      'pattern',
      'why',
      'unless',
      'languages',
      ...coderRoles,
    ]);
    for (const { path: key } of listSettings(schemas[name])) known.add(String(key.split('.').at(-1)));
    expect(shown.filter((key) => !known.has(String(key)))).toEqual([]);
  });
});

describe('the schemas', () => {
  it.each(names)('describe every key of %s but the service', (name) => {
    const bare = listSettings(schemas[name]).filter(({ description }) => description === '');
    expect(bare.map(({ path: key }) => key)).toEqual(['proxy', 'coder'].includes(name) ? [] : ['service']);
  });

  it('know what every variable sets', () => {
    for (const name of serviceNames) {
      const keys = listSettings(serviceSchemas[name]).map(({ path: key }) => key);
      expect(keys).toEqual(expect.arrayContaining(Object.values(serviceVariables[name] ?? {})));
    }
  });

  it('hide keys and tokens, and only those', () => {
    const secrets = names.flatMap((name) => listSettings(schemas[name]).filter(({ secret }) => secret));
    expect(new Set(secrets.map(({ path: key }) => key))).toEqual(
      new Set(['api_key', 'token', 'tokens.a', 'tokens.b', 'execution.sidecar_token', 'metrics.token']),
    );
    const keys = names.flatMap((name) => listSettings(schemas[name]));
    // Where a key is, is no secret.
    const files = ['tls.key', 'tls_key'];
    const open = keys.filter(({ path: key, secret }) => !secret && /key|token/.test(key));
    expect(
      open.filter(({ path: key }) => !files.includes(key) && !/(?:max|context)_tokens/.test(key)),
    ).toEqual([]);
  });
});
