import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { homedir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { lookUp } from '../../sidecar/project/package-index.ts';
import type { InstallOutcome } from '../../sidecar/project/project.ts';
import { makeCertificates } from '../support/certificates.ts';
import { makeSource, makeWheel, startPackageIndex } from '../support/package-index.ts';
import { openFolder, runFile, testProject } from '../support/project.ts';
import { findTiers } from '../support/tiers.ts';

const { absent } = await findTiers(['bubblewrap']);
const [lack] = absent;
const hasPip = existsSync('/usr/lib/python3/dist-packages/pip') || existsSync('/usr/share/python-wheels');
const left = lack?.why ?? (hasPip ? undefined : 'no pip: apt-get install python3-pip');
// Some of these install more than one package, and a machine may be busy.
vi.setConfig({ testTimeout: 60_000 });

const signal = new AbortController().signal;

describe.skipIf(left !== undefined)(`installing packages${left ? ` (left out: ${left})` : ''}`, () => {
  it('gives programs and blocks what they need, and not the network', async () => {
    const index = await startPackageIndex(
      await makeWheel('hello', '1.2', 'def greet(): return "good day"\n'),
    );
    const cache = await openFolder();
    const project = await testProject({ package_index: index.url }, cache);
    const heard: string[] = [];
    const onOutput = (text: string): void => void heard.push(text);
    const installed = await project.install(['Hello>=1.0', 'json', ' asyncio '], { signal, onOutput });
    expect(installed).toMatchObject({
      type: 'installed',
      packages: [{ name: 'hello', version: '1.2' }],
      standard: ['json', 'asyncio'],
    });
    expect(heard.join('')).toContain('Successfully installed Hello-1.2');
    const probe = `
import hello, os, socket
print(hello.greet(), hello.__file__)
def attempt(what):
    try:
        what()
        return "done"
    except OSError as error:
        return type(error).__name__
print(attempt(lambda: socket.create_connection(("127.0.0.1", ${index.port}), 2)))
for name in ("/packages/new", hello.__file__):
    # As root's sandbox or as that of whoever owns the file.
    print(attempt(lambda: open(name, "a")) in ("OSError", "PermissionError"))
print(os.path.exists("/run/colloquy/index"), os.environ.get("http_proxy"))
`;
    const before = index.asked.length;
    expect(await runFile(project, probe)).toMatchObject({
      type: 'exited',
      code: 0,
      output: 'good day /packages/hello.py\nConnectionRefusedError\nTrue\nTrue\nFalse None\n',
    });
    const session = await project.openSession({});
    const block = {
      kind: 'test',
      number: 1,
      language: 'python',
      code: 'import hello\nassert hello.greet()',
    } as const;
    expect(await session.run(block)).toMatchObject({ outcome: 'ok' });
    await session.close();

    const again = await testProject({ package_index: index.url }, cache);
    expect(await again.install(['hello >=1.0'], { signal })).toMatchObject({
      type: 'installed',
      packages: [{ name: 'hello', version: '1.2' }],
    });
    expect(index.asked.length).toBe(before);
    expect(readdirSync(path.join(cache, 'packages'))).toHaveLength(1);
    expect(await again.install([], { signal })).toMatchObject({ type: 'installed', packages: [] });
    expect(await runFile(again, 'import hello\n')).toMatchObject({ type: 'exited', code: 1 });
  });

  it('reaches an index over https, and trusts who this machine trusts', async () => {
    const certificates = makeCertificates();
    onTestFinished(() => certificates.remove());
    const hello = await makeWheel('hello', '1.2', '');
    const index = await startPackageIndex(hello, certificates.server);
    const project = await testProject({ package_index: index.url });
    const distrusted = await project.install(['hello'], { signal });
    expect(distrusted).toMatchObject({ type: 'failed', unknown: [] });
    expect(index.asked).toEqual([]);
    vi.stubEnv('SSL_CERT_FILE', certificates.ca.cert);
    onTestFinished(() => void vi.unstubAllEnvs());
    const installed = await project.install(['hello'], { signal });
    expect(installed).toMatchObject({ type: 'installed', packages: [{ name: 'hello', version: '1.2' }] });
    expect(index.asked).toContain('/simple/hello/');
  });

  it('says which packages the index does not have, and keeps what was there', async () => {
    const index = await startPackageIndex(await makeWheel('hello', '1.2', ''));
    const project = await testProject({ package_index: index.url });
    await project.install(['hello'], { signal });
    const unknown = await project.install(['nothing-such', 'hello', 'Nor_This'], { signal });
    expect(unknown).toMatchObject({
      type: 'failed',
      why: 'the package index has no nothing-such, nor-this',
      unknown: ['nothing-such', 'nor-this'],
    });
    const tooNew = await project.install(['hello>=2'], { signal });
    expect(tooNew).toMatchObject({
      type: 'failed',
      why: expect.stringMatching(/^pip: .*No matching distribution found for hello>=2/) as string,
      unknown: [],
    });
    expect(await runFile(project, 'import hello\n')).toMatchObject({ type: 'exited', code: 0 });
  });

  it('takes names and versions from the index, and nothing else from anywhere', async () => {
    const index = await startPackageIndex({});
    const project = await testProject({ package_index: index.url });
    for (const requirement of [
      '../here',
      '-r/etc/passwd',
      'git+https://host/x',
      'a @ file:///x',
      'a\n-e .',
    ]) {
      const outcome = await project.install([requirement], { signal });
      expect(outcome).toMatchObject({
        type: 'failed',
        why: expect.stringContaining('is not installed') as string,
      });
    }
    expect(index.asked).toEqual([]);
  });

  it('keeps what a package does while it is built within the sandbox and the index', async () => {
    let visits = 0;
    const listener = net.createServer((socket) => {
      visits++;
      socket.destroy();
    });
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    onTestFinished(() => void listener.close());
    const { port } = listener.address() as net.AddressInfo;
    const secret = path.join(homedir(), `.colloquy-test-${process.pid}`);
    writeFileSync(secret, 'secret', { mode: 0o644 });
    const cache = await openFolder();
    onTestFinished(async () => (await import('node:fs/promises')).rm(secret, { force: true }));
    const setup = `
import http.client, os, socket
found = []
def attempt(name, what):
    try:
        found.append((name, what()))
    except Exception as error:
        found.append((name, type(error).__name__))
def knock(host, port):
    socket.create_connection((host, port), 2).close()
    return "connected"
def ask(method, target):
    # Whatever listens in here is tried as a proxy; the one of pip is among them.
    answers = []
    for line in open("/proc/net/tcp").read().splitlines()[1:]:
        if line.split()[3] == "0A":
            connection = http.client.HTTPConnection("127.0.0.1", int(line.split()[1].split(":")[1], 16), timeout=5)
            connection.request(method, target)
            answers.append(connection.getresponse().status)
    return answers
attempt("direct", lambda: knock("127.0.0.1", ${port}))
attempt("name", lambda: knock("localhost", ${port}))
attempt("tunnel", lambda: ask("CONNECT", "127.0.0.1:${port}"))
attempt("tunnel by name", lambda: ask("CONNECT", "localhost:${port}"))
attempt("forward", lambda: ask("GET", "http://127.0.0.1:${port}/"))
attempt("post", lambda: ask("POST", "http://127.0.0.1:${port}/"))
attempt("index", lambda: ask("GET", "http://127.0.0.1:INDEX/simple/sly/"))
attempt("secret", lambda: open(${JSON.stringify(secret)}).read())
attempt("shadow", lambda: open("/etc/shadow").read())
attempt("cache", lambda: os.listdir(${JSON.stringify(cache)}))
attempt("environment", lambda: [name for name in os.environ if "COLLOQUY" in name or "KEY" in name])
attempt("driver", lambda: open("/run/colloquy/install.py", "a"))
open("sly.py", "w").write("found = " + repr(found))
`;
    const files: Record<string, Buffer> = {};
    const index = await startPackageIndex(files);
    Object.assign(
      files,
      await makeSource('sly', '1.0', setup.replace('INDEX', String(index.port)), ['setuptools']),
    );
    const project = await testProject({ package_index: index.url }, cache);
    const installed: InstallOutcome = await project.install(['sly'], { signal });
    expect(installed).toMatchObject({ type: 'installed', packages: [{ name: 'sly', version: '1.0' }] });
    const ran = await runFile(project, 'import sly\nfor name, what in sly.found: print(name, what)\n');
    expect((ran as { output: string }).output.trimEnd().split('\n')).toEqual([
      'direct ConnectionRefusedError',
      'name ConnectionRefusedError',
      'tunnel [403]',
      'tunnel by name [403]',
      'forward [403]',
      'post [403]',
      'index [200]',
      'secret FileNotFoundError',
      'shadow FileNotFoundError',
      'cache FileNotFoundError',
      'environment []',
      expect.stringMatching(/^driver (OSError|PermissionError)$/),
    ]);
    expect(visits).toBe(0);
    // The control: outside of the sandbox the listener is reached.
    const control = net.connect(port, '127.0.0.1');
    await once(control, 'close');
    expect(visits).toBe(1);
  });

  it('says so when the index is not there, a package is broken, or the time is over', async () => {
    const gone = await testProject({ package_index: 'http://127.0.0.1:9/simple' });
    expect(await gone.install(['hello'], { signal })).toMatchObject({
      type: 'unavailable',
      why: expect.stringMatching(
        /^the package index http:\/\/127\.0\.0\.1:9\/simple cannot be reached: .*ECONNREFUSED/,
      ) as string,
    });
    const broken = await startPackageIndex(
      await makeSource('sly', '1.0', 'raise SystemExit("cannot be built here")\n'),
    );
    const project = await testProject({ package_index: broken.url });
    const failed = await project.install(['sly'], { signal });
    expect(failed).toMatchObject({ type: 'failed', unknown: [] });
    expect((failed as { output: string }).output).toContain('cannot be built here');
    const slow = await startPackageIndex(await makeSource('sly', '1.0', 'import time\ntime.sleep(60)\n'));
    const hurried = await testProject({ package_index: slow.url, install_seconds: 3 });
    expect(await hurried.install(['sly'], { signal })).toMatchObject({
      type: 'failed',
      why: 'the installation took longer than 3 s and was ended',
    });
    const large = await startPackageIndex(await makeWheel('hello', '1', `# ${'x'.repeat(20_000_000)}`));
    const small = await testProject({ package_index: large.url, install_mb: 16 });
    expect(await small.install(['hello'], { signal })).toMatchObject({ type: 'failed', unknown: [] });
  });

  it('keeps packages only where nobody else can write and the sandbox can read', async () => {
    const cache = await openFolder();
    const index = await startPackageIndex(await makeWheel('hello', '1', ''));
    const project = await testProject({ package_index: index.url }, cache);
    await project.install(['hello'], { signal });
    const [name = ''] = readdirSync(path.join(cache, 'packages'));
    const place = path.join(cache, 'packages', name);
    expect(statSync(path.join(place, 'site', 'hello.py')).mode & 0o777).toBe(0o644);
    // Somebody could have put something there: it is made anew, not trusted.
    chmodSync(place, 0o777);
    const asked = index.asked.length;
    const again = await project.install(['hello'], { signal });
    expect(index.asked.length).toBeGreaterThan(asked);
    expect(again.type).toBe('installed');
    expect(statSync(place).mode & 0o777).toBe(0o755);
  });
});

describe('what the other tiers say', () => {
  it('is that packages cannot be installed, and standard names need not be', async () => {
    const { present } = await findTiers(['deno']);
    if (present.length === 0) return;
    const project = await testProject({ tier: 'deno' });
    expect(await project.install(['json', 'os'], { signal })).toMatchObject({
      type: 'installed',
      packages: [],
    });
    expect(await project.install(['numpy'], { signal })).toEqual({
      type: 'unavailable',
      why: expect.stringContaining('apt-get install bubblewrap python3 python3-pip') as string,
    });
    expect((await project.standardNames()).has('tomllib')).toBe(true);
  });
});

describe('looking packages up', () => {
  it('tells which of them the index has, and when nobody answers', async () => {
    const index = await startPackageIndex(await makeWheel('hello', '1', ''));
    expect(await lookUp(['Hello', 'nothing', '../etc', ''], { index: index.url })).toEqual({
      type: 'found',
      known: ['Hello'],
      unknown: ['nothing', '../etc', ''],
    });
    expect(index.asked.sort()).toEqual(['/simple/hello/', '/simple/nothing/']);
    expect(await lookUp(['hello'], { index: 'http://127.0.0.1:9/simple' })).toMatchObject({
      type: 'unreachable',
      why: expect.stringMatching(
        /http:\/\/127\.0\.0\.1:9\/simple cannot be asked: .*(bad port|ECONNREFUSED)/,
      ) as string,
    });
  });
});
