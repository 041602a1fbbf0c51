import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadProxyConfig } from '../../../config/load.ts';
import { tokenOf } from '../../../config/schema.ts';
import { temporaryFolder } from '../../support/temporary.ts';

async function load(yaml: string, flags: Record<string, unknown> = {}) {
  const cwd = await temporaryFolder();
  writeFileSync(path.join(cwd, 'proxy.yml'), yaml);
  return loadProxyConfig({ file: 'proxy.yml', env: {}, cwd, flags }).value;
}

const certificates = 'tls: {cert: c, key: k, ca: a, client_certificates: required}';

describe('a host that others can reach', () => {
  it.each(['0.0.0.0', '::', '192.168.1.5', 'relay.example', '127.0.0.1.example.com'])(
    'is refused while anybody may sit down: %s',
    async (host) => {
      const message = `proxy.yml:1:7 host must be 127.0.0.1, and not ${JSON.stringify(host)}, as long as whoever reaches it can sit down: set token, or tokens for both seats, or require client certificates (docs/security.md)`;
      await expect(load(`host: "${host}"`)).rejects.toThrow(message);
      await expect(load('', { host })).rejects.toThrow(/^--host must be 127\.0\.0\.1, and not "/);
    },
  );

  it('is refused with a token for one seat only', async () => {
    await expect(load('host: 0.0.0.0\ntokens: {a: secret}')).rejects.toThrow(/tokens for both seats/);
    await expect(load('host: 0.0.0.0\ntls: {cert: c, key: k}')).rejects.toThrow(/host must be/);
  });

  it.each(['token: secret', 'tokens: {a: one, b: two}', 'token: secret\ntokens: {a: one}', certificates])(
    'is fine with %j',
    async (yaml) => {
      expect((await load(`host: 0.0.0.0\n${yaml}`)).host).toBe('0.0.0.0');
    },
  );

  it.each(['127.0.0.1', 'localhost', '::1', '127.0.0.2'])(
    'is none that only this machine reaches: %s',
    async (host) => {
      expect((await load(`host: "${host}"`)).host).toBe(host);
    },
  );
});

describe('settings of TLS', () => {
  it.each([
    ['tls: {cert: c}', 'proxy.yml:1:13 tls.cert needs tls.key beside it'],
    ['tls: {key: k}', 'proxy.yml:1:12 tls.key needs tls.cert beside it'],
    [
      'tls: {cert: c, key: k, client_certificates: required}',
      'proxy.yml:1:45 tls.client_certificates cannot be required without tls.cert, tls.key and tls.ca',
    ],
    [
      'tls: {cert: c, key: k, ca: a}',
      'proxy.yml:1:28 tls.ca checks nobody unless tls.client_certificates is required',
    ],
  ])('that mean nothing are refused: %s', async (yaml, message) => {
    await expect(load(yaml)).rejects.toThrow(message);
  });
});

describe('the token of a seat', () => {
  it('is its own, or else the one of both', () => {
    expect(tokenOf({ token: 'both', tokens: { a: 'own' } }, 'a')).toBe('own');
    expect(tokenOf({ token: 'both', tokens: { a: 'own' } }, 'b')).toBe('both');
    expect(tokenOf({ token: '', tokens: { a: 'own' } }, 'b')).toBe('');
  });
});
