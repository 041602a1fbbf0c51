import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isTlsAlert, loadClientTls, loadServerTls, refusedAfterHandshake } from '../../../wire/tls.ts';
import { makeCertificates, type Certificates } from '../../support/certificates.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

describe.skipIf(!hasOpenssl)('certificates that cannot be used (needs the program openssl)', () => {
  let made: Certificates;
  beforeAll(() => (made = makeCertificates()));
  afterAll(() => made?.remove());

  const file = (name: string, content: string): string => {
    const made_ = path.join(made.folder, name);
    writeFileSync(made_, content);
    return made_;
  };
  const load = (changes: object, nowMs?: number): unknown =>
    loadServerTls({ ...made.server, clientCertificates: 'none', ...changes }, nowMs);

  it('are none that are right', () => {
    expect(load({})).toMatchObject({ minVersion: 'TLSv1.2', requestCert: false });
    const strict = { clientCertificates: 'required', ca: made.ca.cert };
    expect(load(strict)).toMatchObject({ requestCert: true, rejectUnauthorized: true });
    const client = loadClientTls({ ...made.client, ca: made.ca.cert });
    expect(client.options).toMatchObject({ rejectUnauthorized: true, minVersion: 'TLSv1.2' });
    expect(loadClientTls({}).options).not.toHaveProperty('ca');
  });

  it('are told apart by what is wrong with them, and named', () => {
    const missing = path.join(made.folder, 'missing.pem');
    const text = file('text.pem', 'no certificate');
    const broken = file('broken.pem', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    const sealed = file(
      'sealed.pem',
      '-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n',
    );
    const thrown = (run: () => unknown): unknown => {
      try {
        return run();
      } catch (error) {
        return { code: (error as { code: string }).code, message: (error as Error).message };
      }
    };
    const messages: [object, string][] = [
      [{ cert: missing }, `the certificate ${missing} cannot be read: there is no such file`],
      [{ key: missing }, `the private key ${missing} cannot be read: there is no such file`],
      [{ cert: made.folder }, `the certificate ${made.folder} cannot be read: EISDIR`],
      [{ cert: text }, `${text} holds no certificate in PEM form`],
      [{ key: text }, `${text} holds no private key in PEM form`],
      [{ key: sealed }, `${sealed} is encrypted, and there is nobody to ask for its passphrase`],
      [
        { key: made.client.key },
        `the key ${made.client.key} does not belong to the certificate ${made.server.cert}`,
      ],
      [made.expired, `the certificate ${made.expired.cert} has expired: Jan  1 00:00:00 2021 GMT`],
      [{ ca: text }, `${text} holds no certificate in PEM form`],
      [
        { clientCertificates: 'required' },
        'client certificates are required, but no CA is named that signs them',
      ],
    ];
    for (const [changes, message] of messages) {
      expect(thrown(() => load(changes))).toEqual({ code: 'bad-certificate', message });
    }
    expect(() => load({ cert: broken })).toThrow(/broken\.pem holds a certificate that cannot be read: /);
    expect(() => load({}, Date.UTC(2020, 0, 1))).toThrow(/server\.pem is not valid before /);
    expect(() => load({ ca: made.ca.cert }, Date.UTC(2099, 0, 1))).toThrow(/has expired/);
    expect(() => loadClientTls({ cert: made.client.cert })).toThrow(
      'a client certificate needs its key and a key its certificate: name both or neither',
    );
  });

  it('in a chain count by the first, and of several CAs one that counts is enough', () => {
    const chain = file(
      'chain.pem',
      readFileSync(made.server.cert, 'utf8') + readFileSync(made.ca.cert, 'utf8'),
    );
    expect(() => load({ cert: chain })).not.toThrow();
    const bundle = file(
      'bundle.pem',
      readFileSync(made.expired.cert, 'utf8') + readFileSync(made.ca.cert, 'utf8'),
    );
    expect(() => load({ ca: bundle, clientCertificates: 'required' })).not.toThrow();
    expect(() => load({ ca: made.expired.cert, clientCertificates: 'required' })).toThrow(/has expired/);
  });
});

describe('a connection that ends without a word', () => {
  const proxy = { host: 'relay.example', port: 18_888 };
  const failed = (code: string): Error => Object.assign(new Error(code), { code });

  it('is explained by the alert that came, if one came', () => {
    const required = failed('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED');
    expect(refusedAfterHandshake(required, proxy, {})?.message).toBe(
      'the proxy at relay.example:18888 asks for a client certificate; name one with --cert and --key',
    );
    expect(refusedAfterHandshake(required, proxy, { cert: 'me.pem' })?.message).toBe(
      'the proxy at relay.example:18888 does not accept the client certificate me.pem',
    );
  });

  it('may be due to the certificate that was shown, and else to nothing that is known', () => {
    expect(refusedAfterHandshake(undefined, proxy, { cert: 'me.pem' })?.message).toMatch(
      /closed the connection without a word; it may not accept the client certificate me\.pem$/,
    );
    expect(refusedAfterHandshake(undefined, proxy, {})).toBeUndefined();
    expect(refusedAfterHandshake(failed('ECONNRESET'), proxy, {})).toBeUndefined();
  });

  it('tells by its first bytes that TLS was expected', () => {
    expect(isTlsAlert('\u0015\u0003\u0003\u0000\u0002\u0002F')).toBe(true);
    expect(isTlsAlert('/error: {}')).toBe(false);
  });
});
