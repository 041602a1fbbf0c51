import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { startAgent, type Agent } from '../../agents/agent.ts';
import type { Provider } from '../../agents/provider.ts';
import { loadClientTls, loadServerTls, type ClientTlsFiles, type ServerTlsFiles } from '../../wire/tls.ts';
import { makeCertificates, type Certificates } from '../support/certificates.ts';
import { RawClient, startRelay, type TestRelay } from '../support/relay.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

let made: Certificates;
beforeAll(() => {
  if (hasOpenssl) made = makeCertificates();
});
afterAll(() => made?.remove());

function startSecureRelay(changes: Partial<ServerTlsFiles> = {}, greetingMs = 20_000): Promise<TestRelay> {
  const files = { ...made.server, clientCertificates: 'none' as const, ...changes };
  return startRelay({ tls: loadServerTls(files), greetingMs, resumeMs: 60_000 });
}

/** Says its words and then `/end`. */
function speaker(...words: string[]): Provider {
  return {
    name: 'scripted',
    model: 'test',
    async *reply() {
      yield { type: 'text', text: words.shift() ?? 'Enough. /end' };
      yield { type: 'end', finish: 'stop' };
    },
  };
}

function sit(port: number, files: ClientTlsFiles | undefined, host = '127.0.0.1'): Agent {
  const provider = speaker('Good evening.');
  return startAgent({
    proxy: { host, port, tls: files && loadClientTls(files) },
    greeting: { name: 'Agent', meeting: 'secure' },
    system: '',
    provider,
    patience: { maxRetries: 0, maxWaitMs: 0, idleMs: 1_000, firstPieceMs: 1_000 },
    signal: AbortSignal.timeout(15_000),
  });
}

/** The sentence with which an agent gives up. */
async function failureOf(agent: Agent): Promise<string> {
  return agent.finished.then(
    (reason) => `it ended well: ${reason}`,
    (error: Error & { code?: string }) => `${error.code}: ${error.message}`,
  );
}

/** `openssl s_client` with a person at it. */
async function connectByHand(
  port: number,
  ...flags: string[]
): Promise<{ said: string; code: number | null }> {
  const client = spawn('openssl', ['s_client', '-connect', `127.0.0.1:${port}`, '-quiet', ...flags]);
  onTestFinished(() => void client.kill('SIGKILL'));
  client.stdin.on('error', () => {});
  let said = '';
  client.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (said.includes('\nGood evening.\n')) client.stdin.write('And to you. /end\n');
  });
  client.stdin.write('/iam: {"name":"Olga","meeting":"secure"}\n');
  const code = await new Promise<number | null>((resolve) => client.once('close', resolve));
  return { said, code };
}

describe.skipIf(!hasOpenssl)('a proxy that speaks TLS (needs the program openssl)', () => {
  it('holds a meeting of an agent and of somebody with openssl s_client, who sees its certificate', async () => {
    const { ports, journal, relay } = await startSecureRelay();
    const agent = sit(ports.a, { ca: made.ca.cert });
    const { said } = await connectByHand(ports.b, '-CAfile', made.ca.cert, '-verify_return_error');
    expect(said).toContain('"partner":"Agent"');
    expect(said).toContain('\nGood evening.\n');
    expect(said).toMatch(/\/stop: end\n$/);
    expect(await agent.finished).toBe('end');
    expect(journal('secure').map(({ type }) => type)).toContain('stop');
    await relay.finish();
  });

  it.each(['-tls1', '-tls1_1'])('does not go below TLS 1.2: %s', async (version) => {
    const { ports } = await startSecureRelay();
    const { said, code } = await connectByHand(ports.b, version, '-cipher', 'ALL@SECLEVEL=0');
    expect([said, code]).toEqual(['', 1]);
  });

  it('is recognised by the name that the certificate holds', async () => {
    const { ports } = await startSecureRelay(made.elsewhere);
    const port = ports.a;
    expect(await failureOf(sit(port, { ca: made.ca.cert }))).toBe(
      `tls-failed: the certificate of the proxy at 127.0.0.1:${port} is not for 127.0.0.1, but for "DNS:elsewhere.example"; name one of those with --server-name`,
    );
    const files = { ca: made.ca.cert, serverName: 'elsewhere.example' };
    const [first, second] = [sit(port, files), sit(ports.b, files)];
    expect(await Promise.all([first.finished, second.finished])).toEqual(['end', 'end']);
  });

  it('is recognised as localhost, too', async () => {
    const { ports } = await startSecureRelay();
    const [first, second] = [
      sit(ports.a, { ca: made.ca.cert }, 'localhost'),
      sit(ports.b, { ca: made.ca.cert, serverName: '127.0.0.1' }),
    ];
    expect(await Promise.all([first.finished, second.finished])).toEqual(['end', 'end']);
  });

  it('is not believed when another CA, or none that is known, has signed for it', async () => {
    const { ports } = await startSecureRelay(made.otherServer);
    const proxy = `the certificate of the proxy at 127.0.0.1:${ports.a}`;
    expect(await failureOf(sit(ports.a, { ca: made.ca.cert }))).toBe(
      `tls-failed: ${proxy} is not signed by the CA in ${made.ca.cert} (UNABLE_TO_VERIFY_LEAF_SIGNATURE)`,
    );
    expect(await failureOf(sit(ports.a, {}))).toBe(
      `tls-failed: ${proxy} is signed by nobody whom this machine trusts (UNABLE_TO_VERIFY_LEAF_SIGNATURE); name its CA with --ca`,
    );
  });

  it('is not believed either where the environment says not to look', async () => {
    const { ports } = await startSecureRelay(made.otherServer);
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    onTestFinished(() => void delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']);
    expect(await failureOf(sit(ports.a, { ca: made.ca.cert }))).toContain('is not signed by the CA in');
  });

  it('is not believed with a certificate that has expired', async () => {
    // The proxy itself would not start with it.
    const expired = { cert: readFileSync(made.expired.cert), key: readFileSync(made.expired.key) };
    const { ports } = await startRelay({ tls: expired });
    expect(await failureOf(sit(ports.a, { ca: made.ca.cert }))).toBe(
      `tls-failed: the certificate of the proxy at 127.0.0.1:${ports.a} has expired`,
    );
  });

  it('tells an agent that speaks in the clear what is missing, and hears nothing of it', async () => {
    const { ports, relay } = await startSecureRelay();
    expect(await failureOf(sit(ports.a, undefined))).toBe(
      'tls-required: the proxy refused: this proxy speaks TLS: say --tls, and --ca FILE (tls-required)',
    );
    const client = await RawClient.greet(ports.a, { name: 'Eve' });
    expect(await client.closed()).not.toContain('/welcome');
    expect(relay.meetings).toBe(0);
  });

  it('waits for a handshake no longer than for a greeting, and for nobody when it closes', async () => {
    const { ports } = await startSecureRelay({}, 150);
    const silent = await RawClient.connect(ports.a);
    expect(await silent.closed()).not.toContain('{');
    const other = await startSecureRelay({}, 60_000);
    const client = await RawClient.connect(other.ports.a);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const startedAt = performance.now();
    await other.relay.close();
    await client.closed();
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });
});

describe.skipIf(!hasOpenssl)('a proxy in the clear (needs the program openssl)', () => {
  it('is found out by an agent that wants TLS', async () => {
    const { ports } = await startRelay();
    expect(await failureOf(sit(ports.a, { ca: made.ca.cert }))).toBe(
      `tls-failed: the proxy at 127.0.0.1:${ports.a} speaks no TLS; leave --tls out, or have it speak TLS`,
    );
  });
});

describe.skipIf(!hasOpenssl)('a proxy that asks for client certificates (needs the program openssl)', () => {
  const strict = (): Promise<TestRelay> =>
    startSecureRelay({ clientCertificates: 'required', ca: made.ca.cert });

  it('hears those who have one of its CA', async () => {
    const { ports } = await strict();
    const files = { ca: made.ca.cert, ...made.client };
    const [first, second] = [sit(ports.a, files), sit(ports.b, files)];
    expect(await Promise.all([first.finished, second.finished])).toEqual(['end', 'end']);
  });

  it('hears nobody who has none, in TLS 1.3 and in TLS 1.2, and an agent is told', async () => {
    const { ports, relay } = await strict();
    expect(await failureOf(sit(ports.a, { ca: made.ca.cert }))).toBe(
      `tls-failed: the proxy at 127.0.0.1:${ports.a} asks for a client certificate; name one with --cert and --key`,
    );
    for (const version of ['-tls1_3', '-tls1_2']) {
      expect((await connectByHand(ports.b, version)).said).toBe('');
    }
    expect(relay.meetings).toBe(0);
  });

  it('hears nobody who has one of another CA, and an agent is told', async () => {
    const { ports } = await strict();
    expect(await failureOf(sit(ports.a, { ca: made.ca.cert, ...made.otherClient }))).toBe(
      `tls-failed: the proxy at 127.0.0.1:${ports.a} closed the connection without a word; it may not accept the client certificate ${made.otherClient.cert}`,
    );
    const { cert, key } = made.otherClient;
    for (const version of ['-tls1_3', '-tls1_2']) {
      expect((await connectByHand(ports.b, version, '-cert', cert, '-key', key)).said).toBe('');
    }
  });

  it('hears nobody who resumes the session of a handshake that was refused', async () => {
    const { ports } = await strict();
    const file = path.join(made.folder, 'session.pem');
    const { cert, key } = made.otherClient;
    for (const version of ['-tls1_3', '-tls1_2']) {
      await connectByHand(ports.b, version, '-sess_out', file, '-cert', cert, '-key', key);
      if (existsSync(file)) expect((await connectByHand(ports.b, version, '-sess_in', file)).said).toBe('');
    }
  });

  it('gives nobody who is accepted a session to resume without the certificate', async () => {
    const { ports } = await strict();
    const sessions: Buffer[] = [];
    const { ca } = made;
    const options = { ca: readFileSync(ca.cert), host: '127.0.0.1', port: ports.a };
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const own = { cert: readFileSync(made.client.cert), key: readFileSync(made.client.key) };
      const socket = tls.connect({ ...options, ...own, minVersion: version, maxVersion: version });
      socket.on('session', (session: Buffer) => sessions.push(session));
      await new Promise((resolve) => socket.once('secureConnect', resolve));
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(socket.isSessionReused()).toBe(false);
      socket.destroy();
    }
    for (const session of sessions) {
      const socket = tls.connect({ ...options, session });
      socket.write('/iam: {"name":"Eve"}\n');
      const answer: Buffer[] = [];
      socket.on('data', (piece: Buffer) => answer.push(piece));
      socket.on('error', () => {});
      let isReused = false;
      socket.on('secureConnect', () => (isReused = socket.isSessionReused()));
      await new Promise((resolve) => socket.once('close', resolve));
      expect(isReused).toBe(false);
      expect(answer).toEqual([]);
    }
  });
});

describe.skipIf(!hasOpenssl)('an agent that has a seat (needs the program openssl)', () => {
  it('comes back over TLS when its connection is cut in the middle of the handshake, or right behind it', async () => {
    const { ports } = await startSecureRelay({ clientCertificates: 'required', ca: made.ca.cert });
    const cuts: ('handshake' | 'greeting' | 'never')[] = ['never', 'handshake', 'greeting', 'never'];
    const links: net.Socket[] = [];
    const between = net.createServer((socket) => {
      const cut = cuts.shift() ?? 'never';
      const onward = net.connect(ports.a, '127.0.0.1');
      links.push(socket, onward);
      for (const each of [socket, onward]) each.on('error', () => {});
      socket.pipe(onward);
      onward.pipe(socket);
      if (cut === 'handshake') socket.once('data', () => [socket, onward].forEach((each) => each.destroy()));
      // The second flight of TLS 1.3 ends the handshake for the client.
      if (cut === 'greeting') onward.once('data', () => setImmediate(() => [socket.end(), onward.destroy()]));
    });
    await new Promise<void>((resolve) => between.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => {
      links.forEach((link) => link.destroy());
      between.close();
    });
    const files = { ca: made.ca.cert, ...made.client };
    const agent = sit((between.address() as net.AddressInfo).port, files);
    const partner = tls.connect({
      port: ports.b,
      host: '127.0.0.1',
      ca: readFileSync(made.ca.cert),
      cert: readFileSync(made.client.cert),
      key: readFileSync(made.client.key),
    });
    onTestFinished(() => void partner.destroy());
    let said = '';
    partner.setEncoding('utf8').on('data', (text: string) => (said += text));
    partner.write('/iam: {"name":"Olga","meeting":"secure"}\n');
    await expect.poll(() => said, { timeout: 60_000 }).toContain('\nGood evening.\n');
    links.splice(0).forEach((link) => link.destroy());
    await expect.poll(() => cuts.length, { timeout: 60_000 }).toBe(0);
    partner.write('Still there?\n');
    await expect.poll(() => said, { timeout: 60_000 }).toContain('Enough.');
    expect(await agent.finished).toBe('end');
  });
});

describe.skipIf(!hasOpenssl)('noise on the port of TLS (needs the program openssl)', () => {
  it('costs nobody else anything', async () => {
    const { ports, relay } = await startSecureRelay();
    const files = { ca: made.ca.cert };
    for (const bytes of ['', '\n'.repeat(1_000), '\u0016\u0003\u0001\uffff', 'GET / HTTP/1.1\r\n\r\n']) {
      const socket = net.connect(ports.a, '127.0.0.1');
      socket.on('error', () => {});
      socket.end(bytes);
    }
    const reset = net.connect(ports.a, '127.0.0.1');
    await new Promise((resolve) => reset.once('connect', resolve));
    reset.resetAndDestroy();
    const [first, second] = [sit(ports.a, files), sit(ports.b, files)];
    expect(await Promise.all([first.finished, second.finished])).toEqual(['end', 'end']);
    expect(relay.meetings).toBe(0);
  });
});
