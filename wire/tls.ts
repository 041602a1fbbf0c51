import { constants, createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import tls from 'node:tls';
import { ColloquyError, messageOf } from './errors.ts';

/** Paths of PEM files. `cert` may hold a chain, its own certificate first. */
export interface ServerTlsFiles {
  readonly cert: string;
  readonly key: string;
  /** Who signs the certificates of agents. Needed where those are required. */
  readonly ca?: string | undefined;
  readonly clientCertificates: 'none' | 'required';
}

export interface ClientTlsFiles {
  /** Who signs the certificate of the proxy; undefined: the roots that Node knows. */
  readonly ca?: string | undefined;
  /** What this agent shows, if the proxy asks. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** The name that must stand in the certificate; undefined: the host. */
  readonly serverName?: string | undefined;
}

/** What `dialTls` needs, read and checked. */
export interface ClientTls {
  readonly files: ClientTlsFiles;
  readonly options: tls.ConnectionOptions;
}

/**
 * For `tls.createServer`. Throws ColloquyError `bad-certificate`, which names the file: it is missing, no PEM,
 * expired, or the key belongs to another certificate.
 */
export function loadServerTls(files: ServerTlsFiles, nowMs = Date.now()): tls.TlsOptions {
  const isRequired = files.clientCertificates === 'required';
  if (isRequired && files.ca === undefined) {
    throw badCertificate('client certificates are required, but no CA is named that signs them');
  }
  return {
    ...readIdentity(files.cert, files.key, nowMs),
    ...(files.ca === undefined ? {} : { ca: readAuthorities(files.ca, nowMs) }),
    requestCert: isRequired,
    rejectUnauthorized: isRequired,
    minVersion: 'TLSv1.2',
    // Every handshake is a whole one: what was refused once cannot be resumed.
    secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION,
  };
}

/** For `dialTls`. Throws ColloquyError `bad-certificate`. */
export function loadClientTls(files: ClientTlsFiles, nowMs = Date.now()): ClientTls {
  const { ca, cert, key } = files;
  if ((cert === undefined) !== (key === undefined)) {
    throw badCertificate(
      'a client certificate needs its key and a key its certificate: name both or neither',
    );
  }
  return {
    files,
    options: {
      ...(cert === undefined || key === undefined ? {} : readIdentity(cert, key, nowMs)),
      ...(ca === undefined ? {} : { ca: readAuthorities(ca, nowMs) }),
      minVersion: 'TLSv1.2',
      // Said outright, NODE_TLS_REJECT_UNAUTHORIZED cannot turn it off.
      rejectUnauthorized: true,
    },
  };
}

interface Address {
  readonly host: string;
  readonly port: number;
}

/** A proxy that speaks no TLS may wait for a greeting in the meantime. */
const handshakeTimeoutMs = 15_000;

/**
 * Resolves once the proxy has proved who it is. Rejects with ColloquyError `tls-failed`, or with the system's
 * error where nothing is reached, or the signal's reason.
 */
export function dialTls(
  { host, port }: Address,
  { files, options }: ClientTls,
  signal: AbortSignal,
): Promise<tls.TLSSocket> {
  const name = files.serverName ?? host;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const socket = tls.connect({
      ...options,
      host,
      port,
      // An IP address is no server name (RFC 6066, section 3), but a certificate may hold it.
      ...(isIP(name) ? {} : { servername: name }),
      checkServerIdentity: (_, certificate) => tls.checkServerIdentity(name, certificate),
    });
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      socket.off('error', fail);
    };
    const fail = (error: Error): void => {
      settle();
      // An error more may follow, of a socket that nobody has any more.
      socket.on('error', () => {});
      socket.destroy();
      reject(error);
    };
    const abort = (): void => fail(signal.reason as Error);
    const timer = setTimeout(
      () =>
        fail(tlsFailed(`the proxy at ${host}:${port} does not answer the TLS handshake`, undefined, true)),
      handshakeTimeoutMs,
    );
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', fail);
    socket.once('secureConnect', () => {
      settle();
      resolve(socket);
    });
  }).catch((error: unknown) => {
    const problem = describeTlsProblem(error, { host, port }, files);
    throw problem === undefined ? error : tlsFailed(problem, error);
  }) as Promise<tls.TLSSocket>;
}

/**
 * What a connection that ended before the proxy said a word was refused for, as far as one can tell: with
 * TLS 1.3 the answer to a client certificate comes when the handshake is over for the client.
 */
export function refusedAfterHandshake(
  error: unknown,
  address: Address,
  files: ClientTlsFiles,
): ColloquyError | undefined {
  const problem = describeTlsProblem(error, address, files);
  if (problem !== undefined) return tlsFailed(problem, error);
  if (files.cert === undefined) return undefined;
  return tlsFailed(
    `the proxy at ${address.host}:${address.port} closed the connection without a word; it may not accept the client certificate ${files.cert}`,
    error,
  );
}

/** Whether what came is the alert of a server that expected TLS (RFC 8446, section 5.1). */
export function isTlsAlert(text: string): boolean {
  return text.startsWith('\u0015\u0003');
}

/** One sentence, or undefined for what has nothing to do with TLS. */
function describeTlsProblem(
  error: unknown,
  { host, port }: Address,
  { ca, cert, serverName }: ClientTlsFiles,
): string | undefined {
  const { code = '' } = (error ?? {}) as NodeJS.ErrnoException;
  const proxy = `the proxy at ${host}:${port}`;
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const names = (error as { cert?: { subjectaltname?: string } }).cert?.subjectaltname;
    return `the certificate of ${proxy} is not for ${serverName ?? host}, but for ${names === undefined ? 'no name at all' : JSON.stringify(names)}; name one of those with --server-name`;
  }
  if (untrusted.has(code)) {
    return ca === undefined
      ? `the certificate of ${proxy} is signed by nobody whom this machine trusts (${code}); name its CA with --ca`
      : `the certificate of ${proxy} is not signed by the CA in ${ca} (${code})`;
  }
  if (code === 'CERT_HAS_EXPIRED') return `the certificate of ${proxy} has expired`;
  if (code === 'CERT_NOT_YET_VALID') return `the certificate of ${proxy} is not valid yet`;
  if (noTls.has(code)) return `${proxy} speaks no TLS; leave --tls out, or have it speak TLS`;
  if (/_PROTOCOL_VERSION$|_UNSUPPORTED_PROTOCOL$/.test(code)) return `${proxy} speaks no TLS from 1.2 on`;
  if (code === 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' || code === handshakeFailure) {
    return cert === undefined
      ? `${proxy} asks for a client certificate; name one with --cert and --key`
      : `${proxy} does not accept the client certificate ${cert}`;
  }
  if (/^ERR_(?:SSL|TLS)_|^CERT_/.test(code)) return `TLS with ${proxy} fails: ${messageOf(error)}`;
  return undefined;
}

/** What TLS 1.2 says where TLS 1.3 says that a certificate is required. */
const handshakeFailure = 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE';

const untrusted: ReadonlySet<string> = new Set([
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

const noTls: ReadonlySet<string> = new Set([
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_PACKET_LENGTH_TOO_LONG',
  'ERR_SSL_HTTP_REQUEST',
]);

function readIdentity(certFile: string, keyFile: string, nowMs: number): { cert: string; key: string } {
  const cert = readPem(certFile, 'certificate');
  const [own] = certificatesIn(cert, certFile);
  refuseOutdated(own, certFile, nowMs);
  const key = readPem(keyFile, 'private key');
  if (!own.checkPrivateKey(parseKey(key, keyFile))) {
    throw badCertificate(`the key ${keyFile} does not belong to the certificate ${certFile}`);
  }
  return { cert, key };
}

/** Of several, one that still counts is enough. */
function readAuthorities(file: string, nowMs: number): string {
  const pem = readPem(file, 'certificate');
  const authorities = certificatesIn(pem, file);
  if (!authorities.some((each) => nowMs <= Date.parse(each.validTo))) {
    refuseOutdated(authorities[0], file, nowMs);
  }
  return pem;
}

function readPem(file: string, what: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'there is no such file' : String(code);
    throw badCertificate(`the ${what} ${file} cannot be read: ${why}`, error);
  }
}

function certificatesIn(pem: string, file: string): [X509Certificate, ...X509Certificate[]] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? [];
  try {
    const [own, ...others] = blocks.map((block) => new X509Certificate(block));
    if (own) return [own, ...others];
  } catch (error) {
    throw badCertificate(`${file} holds a certificate that cannot be read: ${messageOf(error)}`, error);
  }
  throw badCertificate(`${file} holds no certificate in PEM form`);
}

function parseKey(pem: string, file: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (error) {
    const isEncrypted = /ENCRYPTED/.test(pem);
    const why = isEncrypted
      ? 'is encrypted, and there is nobody to ask for its passphrase'
      : 'holds no private key in PEM form';
    throw badCertificate(`${file} ${why}`, error);
  }
}

function refuseOutdated(certificate: X509Certificate, file: string, nowMs: number): void {
  if (nowMs > Date.parse(certificate.validTo)) {
    throw badCertificate(`the certificate ${file} has expired: ${certificate.validTo}`);
  }
  if (nowMs < Date.parse(certificate.validFrom)) {
    throw badCertificate(`the certificate ${file} is not valid before ${certificate.validFrom}`);
  }
}

function badCertificate(message: string, cause?: unknown): ColloquyError {
  return new ColloquyError(message, { code: 'bad-certificate', cause });
}

function tlsFailed(message: string, cause?: unknown, retryable = false): ColloquyError {
  return new ColloquyError(message, { code: 'tls-failed', cause, retryable });
}
