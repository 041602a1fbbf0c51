import type { ClientTls } from '../wire/tls.ts';

/** Flags of whoever takes a seat. */
export const tlsFlags = {
  tls: { type: 'boolean', describe: 'Speak TLS with the proxy; the next four say so too' },
  ca: { type: 'string', normalize: true, describe: 'Certificate of the CA that the proxy must be signed by' },
  cert: { type: 'string', normalize: true, describe: 'Certificate to show, if the proxy asks for one' },
  key: { type: 'string', normalize: true, describe: 'Private key that belongs to it' },
  'server-name': { type: 'string', describe: 'Name in the certificate of the proxy [default: the host]' },
} as const;

export interface TlsFlags {
  readonly tls?: boolean | undefined;
  readonly ca?: string | undefined;
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  readonly 'server-name'?: string | undefined;
}

export interface TlsSettings {
  readonly tls: boolean;
  readonly tls_ca?: string | undefined;
  readonly tls_cert?: string | undefined;
  readonly tls_key?: string | undefined;
  readonly tls_server_name?: string | undefined;
}

/** As `loadServiceConfig` takes them. */
export function tlsSettings(argv: TlsFlags): Record<string, unknown> {
  return {
    tls: argv.tls,
    tls_ca: argv.ca,
    tls_cert: argv.cert,
    tls_key: argv.key,
    tls_server_name: argv['server-name'],
  };
}

/** Undefined where nothing asks for TLS. Rejects with ColloquyError `bad-certificate`. */
export async function readAgentTls(settings: TlsSettings): Promise<ClientTls | undefined> {
  const { tls, tls_ca: ca, tls_cert: cert, tls_key: key, tls_server_name: serverName } = settings;
  if (!tls && [ca, cert, key, serverName].every((each) => each === undefined)) return undefined;
  const { loadClientTls } = await import('../wire/tls.ts');
  return loadClientTls({ ca, cert, key, serverName });
}
