import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificates, type Certificates } from '../support/certificates.ts';
import { colloquy, type Program } from '../support/program.ts';
import { RawClient } from '../support/relay.ts';
import { temporaryFolder } from '../support/temporary.ts';

const hasOpenssl = spawnSync('openssl', ['version']).status === 0;

async function portsOf(proxy: Program): Promise<{ a: number; b: number }> {
  const [, a, b] = await proxy.until(/port (\d+) for seat a and port (\d+) for seat b/, 'stderr');
  return { a: Number(a), b: Number(b) };
}

const freePorts = ['--port-a=0', '--port-b=0'];

describe('colloquy proxy', () => {
  it('does not listen where others can reach it while anybody may sit down', async () => {
    const cwd = await temporaryFolder();
    const proxy = colloquy(cwd, 'proxy', '--host=0.0.0.0', ...freePorts);
    expect((await proxy.ended).code).toBe(2);
    expect(proxy.stderr).toBe(
      'colloquy: --host must be 127.0.0.1, and not "0.0.0.0", as long as whoever reaches it can sit down: set token, or tokens for both seats, or require client certificates (docs/security.md)\n',
    );
  });

  it('does not start with a certificate that is missing', async () => {
    const cwd = await temporaryFolder();
    writeFileSync(path.join(cwd, 'proxy.yml'), 'tls: {cert: none.pem, key: none-key.pem}\n');
    const proxy = colloquy(cwd, 'proxy', '-c', 'proxy.yml', ...freePorts);
    expect((await proxy.ended).code).toBe(2);
    expect(proxy.stderr).toBe('colloquy: the certificate none.pem cannot be read: there is no such file\n');
  });
});

describe('colloquy meet', () => {
  const meet = async (settings: string): Promise<Program> => {
    const cwd = await temporaryFolder();
    writeFileSync(path.join(cwd, 'proxy.yml'), settings);
    const args = ['-a', 'eliza', '-b', 'parry', '-M', '4', '-c', 'proxy.yml', '--typing-speed=0'];
    return colloquy(cwd, 'meet', ...args);
  };

  it('brings the tokens that its proxy asks for', async () => {
    const program = await meet('tokens: {a: one, b: two}\n');
    expect((await program.ended).code).toBe(0);
    expect(program.stderr).toBe('');
  });

  it('says that it speaks no TLS', async () => {
    const program = await meet('tls: {cert: a.pem, key: b.pem}\n');
    expect((await program.ended).code).toBe(2);
    expect(program.stderr).toContain('proxy.yml: tls is for a proxy that agents come to from elsewhere');
  });
});

describe.skipIf(!hasOpenssl)('colloquy over TLS (needs the program openssl)', () => {
  let made: Certificates;
  beforeAll(() => (made = makeCertificates()));
  afterAll(() => made?.remove());

  it('holds a meeting of agents that show certificates, with a token for each seat', async () => {
    const cwd = await temporaryFolder();
    const { server, client, ca } = made;
    writeFileSync(
      path.join(cwd, 'proxy.yml'),
      `tls: {cert: ${server.cert}, key: ${server.key}, ca: ${ca.cert}, client_certificates: required}\ntokens: {a: one, b: two}\nmax_messages: 4\n`,
    );
    const proxy = colloquy(cwd, 'proxy', '-c', 'proxy.yml', '--once', ...freePorts);
    const ports = await portsOf(proxy);
    const identity = [`--ca=${ca.cert}`, `--cert=${client.cert}`, `--key=${client.key}`];
    const agent = (service: string, port: number, ...flags: string[]): Program =>
      colloquy(cwd, 'agent', '-s', service, `--port=${port}`, ...flags);
    const wrongSeat = agent('eliza', ports.b, ...identity, '--token=one');
    expect((await wrongSeat.ended).code).toBe(1);
    expect(wrongSeat.stderr).toContain('(bad-token)');
    const wrongCa = agent('eliza', ports.a, `--ca=${made.otherCa.cert}`, '--token=one');
    expect((await wrongCa.ended).code).toBe(2);
    expect(wrongCa.stderr).toContain(`is not signed by the CA in ${made.otherCa.cert}`);
    const clear = agent('eliza', ports.a, '--token=one');
    await clear.ended;
    expect(clear.stderr).toContain('this proxy speaks TLS');
    const agents = [
      agent('eliza', ports.a, ...identity, '--token=one'),
      agent('parry', ports.b, ...identity, '--token=two'),
    ];
    for (const { ended } of [...agents, proxy]) expect((await ended).code).toBe(0);
    expect(agents[0]?.stderr).toContain('the meeting is over: max-messages');
  });
});

describe('colloquy resume', () => {
  it('runs no program that somebody who connected put into the journal', async () => {
    const cwd = await temporaryFolder();
    const proxy = colloquy(cwd, 'proxy', '--first=a', ...freePorts);
    const ports = await portsOf(proxy);
    const mark = path.join(cwd, 'it-was-run');
    const features = ['history'];
    const eve = await RawClient.greet(ports.a, {
      name: 'Eve',
      meeting: 'trap',
      features,
      provider: 'command',
      parameters: { command: `touch ${mark}` },
    });
    const bob = await RawClient.greet(ports.b, { name: 'Bob', meeting: 'trap', features, provider: 'eliza' });
    await eve.until('/start\n');
    await bob.until('\n');
    eve.send('Hello.\n');
    await bob.until('Hello.\n');
    proxy.child.kill('SIGKILL');
    await proxy.ended;
    const resumed = colloquy(cwd, 'resume', 'trap');
    const over = await Promise.race([
      resumed.ended.then(({ code }) => code),
      new Promise((resolve) => setTimeout(() => resolve('still going'), 40_000)),
    ]);
    expect(existsSync(mark)).toBe(false);
    expect(over).not.toBe(0);
    expect(resumed.stderr).toContain('command');
  });
});
