import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A certificate and its key, as files. */
export interface Identity {
  readonly cert: string;
  readonly key: string;
}

/** What a proxy and its agents need, and what they must not fall for. */
export interface Certificates {
  readonly folder: string;
  readonly ca: Identity;
  /** For localhost, 127.0.0.1 and ::1. */
  readonly server: Identity;
  readonly client: Identity;
  /** Another CA, unknown to the others, and what it signed. */
  readonly otherCa: Identity;
  readonly otherServer: Identity;
  readonly otherClient: Identity;
  /** Signed by the right CA, but over since 2021. */
  readonly expired: Identity;
  /** Signed by the right CA, for another name. */
  readonly elsewhere: Identity;
  remove(): void;
}

/** Made by the `openssl` program, in a folder of their own. */
export function makeCertificates(): Certificates {
  const folder = mkdtempSync(path.join(tmpdir(), 'colloquy-certificates-'));
  const openssl = (...args: string[]): void => {
    execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  };
  const filesOf = (name: string): Identity => ({
    cert: path.join(folder, `${name}.pem`),
    key: path.join(folder, `${name}-key.pem`),
  });
  const request = (name: string): void =>
    openssl('req', '-new', ...newKey, '-nodes', '-subj', `/CN=${name}`, '-keyout', `${name}-key.pem`, '-out', `${name}.csr`); // prettier-ignore
  const authority = (name: string): Identity => {
    openssl('req', '-x509', ...newKey, '-nodes', '-subj', `/CN=${name}`, '-days', '30', '-keyout', `${name}-key.pem`, '-out', `${name}.pem`); // prettier-ignore
    return filesOf(name);
  };
  const sign = (name: string, by: string, extensions: string): Identity => {
    request(name);
    writeFileSync(path.join(folder, `${name}.ext`), extensions);
    openssl('x509', '-req', '-in', `${name}.csr`, '-CA', `${by}.pem`, '-CAkey', `${by}-key.pem`, '-CAcreateserial', '-days', '30', '-extfile', `${name}.ext`, '-out', `${name}.pem`); // prettier-ignore
    return filesOf(name);
  };
  /** Only `openssl ca` takes dates of one's own. */
  const signExpired = (name: string, by: string, extensions: string): Identity => {
    request(name);
    writeFileSync(path.join(folder, 'index.txt'), '');
    writeFileSync(path.join(folder, 'serial'), '01\n');
    writeFileSync(path.join(folder, 'ca.cnf'), `${signingSettings}\n[extensions]\n${extensions}\n`);
    openssl('ca', '-batch', '-config', 'ca.cnf', '-cert', `${by}.pem`, '-keyfile', `${by}-key.pem`, '-in', `${name}.csr`, '-out', `${name}.pem`, '-startdate', '20200101000000Z', '-enddate', '20210101000000Z', '-extensions', 'extensions', '-notext'); // prettier-ignore
    return filesOf(name);
  };
  return {
    folder,
    ca: authority('ca'),
    otherCa: authority('other-ca'),
    server: sign('server', 'ca', thisMachine),
    client: sign('client', 'ca', 'extendedKeyUsage=clientAuth'),
    otherServer: sign('other-server', 'other-ca', thisMachine),
    otherClient: sign('other-client', 'other-ca', 'extendedKeyUsage=clientAuth'),
    expired: signExpired('expired', 'ca', thisMachine),
    elsewhere: sign('elsewhere', 'ca', 'subjectAltName=DNS:elsewhere.example'),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1'];

const thisMachine = 'subjectAltName=DNS:localhost,IP:127.0.0.1,IP:0:0:0:0:0:0:0:1';

const signingSettings = `
[ca]
default_ca=this
[this]
database=index.txt
serial=serial
new_certs_dir=.
default_md=sha256
policy=any
[any]
commonName=supplied`;
