import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createBubblewrapTier } from '../../sidecar/tiers/bubblewrap.ts';
import { descendantsOf, treeMemoryKiB } from '../../sidecar/tiers/process-tree.ts';
import { runInside, runOutside, smallLimits, spawnLaunch } from '../support/sandboxed-python.ts';
import { temporaryFolder } from '../support/temporary.ts';

const tier = createBubblewrapTier();
const lack = await tier.prepare();
const isRoot = process.getuid?.() === 0;

const inside = async (program: string): Promise<unknown> => {
  const { stdout, stderr } = await runInside(tier.launch(smallLimits), program);
  expect(stderr).toBe('');
  return JSON.parse(stdout);
};
const outside = (program: string): unknown => JSON.parse(runOutside(program).stdout);

describe.skipIf(lack !== undefined)(`the bubblewrap tier${lack ? ` (left out: ${lack})` : ''}`, () => {
  it('says what it is made of', async () => {
    expect(await tier.describe()).toMatch(/^bubblewrap [\d.]+, python 3[\d.]+, (no cgroup|cgroup v[12])$/);
  });

  it('makes code a user without groups, capabilities and hope of more', async () => {
    const status = await inside(
      'import json\nprint(json.dumps(dict(line.split(":\\t") for line in open("/proc/self/status").read().splitlines() if ":\\t" in line)))',
    );
    const none = '0000000000000000';
    expect(status).toMatchObject({ CapInh: none, CapPrm: none, CapEff: none, CapBnd: none, CapAmb: none });
    expect(status).toMatchObject({ NoNewPrivs: '1', Seccomp: '2', Uid: '1000\t1000\t1000\t1000' });
    expect((status as Record<string, string>)['Groups']?.trim()).toBe('');
  });

  it.skipIf(!isRoot)('is never root to the host, and a new user each time (needs root)', () => {
    const [one, other] = [tier.launch(smallLimits), tier.launch(smallLimits)];
    expect(one.uid).toBeGreaterThan(1_000);
    expect(one.gid).toBeGreaterThan(1_000);
    expect(other.uid).not.toBe(one.uid);
  });

  it('shows code an environment of its own making, and no process but its own', async () => {
    vi.stubEnv('COLLOQUY_TEST_SECRET', 'secret');
    onTestFinished(() => void vi.unstubAllEnvs());
    const seen = await inside(`import json, os, socket
environments = [open(f"/proc/{n}/environ").read() for n in os.listdir("/proc") if n.isdigit()]
print(json.dumps({"own": dict(os.environ), "all": "".join(environments), "host": socket.gethostname(), "pid": os.getpid()}))`);
    expect(seen).toMatchObject({ own: { HOME: '/workspace', MPLBACKEND: 'Agg' }, host: 'colloquy', pid: 2 });
    expect(JSON.stringify(seen)).not.toContain('secret');
    expect(outside('import json, os; print(json.dumps(os.environ["COLLOQUY_TEST_SECRET"]))')).toBe('secret');
  });

  it('has three places to write to, each of its own size, and no other', async () => {
    const MiB = 1024 * 1024;
    const found = (await inside(`import json, os
def free(place):
    about = os.statvfs(place)
    return None if about.f_flag & os.ST_RDONLY else about.f_blocks * about.f_frsize
places = [line.split()[1] for line in open("/proc/self/mounts")]
print(json.dumps({place: free(place) for place in places if os.path.isdir(place)}))`)) as Record<
      string,
      number
    >;
    const { '/dev/pts': terminals, ...writable } = Object.fromEntries(
      Object.entries(found).filter(([, bytes]) => bytes !== null),
    );
    expect(terminals).toBe(0);
    expect(writable).toEqual({ '/workspace': 16 * MiB, '/tmp': 8 * MiB, '/dev/shm': 4 * MiB });
  });

  it('lets no file grow beyond its place, and none be made anywhere else', async () => {
    const result = await inside(`import json, os
def attempt(place):
    try:
        with open(place, "wb") as file:
            for _ in range(64):
                file.write(bytes(1024 * 1024))
        return "written"
    except OSError as error:
        return os.strerror(error.errno)
places = ["/workspace/a", "/tmp/a", "/dev/shm/a", "/a", "/etc/a", "/usr/a", "/run/a", "/run/colloquy/a", "/dev/a", "/dev/pts/a", "/proc/a",
    "/run/colloquy/driver.py", "/etc/passwd", "/proc/sys/kernel/core_pattern", "/proc/self/oom_score_adj", "/proc/sysrq-trigger"]
print(json.dumps({place: attempt(place) for place in places}))`);
    const {
      '/workspace/a': workspace,
      '/tmp/a': tmp,
      '/dev/shm/a': shm,
      ...others
    } = result as Record<string, string>;
    expect([workspace, tmp, shm]).toEqual(Array(3).fill('No space left on device'));
    for (const [place, outcome] of Object.entries(others))
      expect([place, outcome]).toEqual([
        place,
        expect.stringMatching(/Read-only|denied|not permitted|No such file/),
      ]);
  });

  it('keeps the devices that programs count on', async () => {
    const result = await inside(`import json, os, pty
open("/dev/null", "w").write("gone")
print(json.dumps([len(open("/dev/" + name, "rb").read(4)) for name in ("null", "zero", "urandom", "full")] + [len(pty.openpty())]))`);
    expect(result).toEqual([0, 4, 4, 4, 2]);
  });

  it('hides the secrets of the host, whichever way they are asked for', async () => {
    const folder = await temporaryFolder();
    const secret = path.join(folder, 'secret');
    writeFileSync(secret, 'secret', { mode: 0o644 });
    const program = `import json, os
def read(place):
    try:
        return open(place).read()
    except OSError:
        return None
secret = ${JSON.stringify(secret)}
link = os.path.join(os.environ.get("HOME") if os.getuid() == 1000 else ${JSON.stringify(folder)}, "link")
os.symlink(secret, link)
print(json.dumps([read(secret), read(link), read("/proc/self/root" + secret), read("/proc/1/root" + secret)]))`;
    expect(outside(program)).toContain('secret');
    expect(await inside(program)).toEqual([null, null, null, null]);
    const shadow = 'import json, os\nprint(json.dumps(os.path.exists("/etc/shadow")))';
    expect([await inside(shadow), outside(shadow)]).toEqual([false, true]);
  });

  it('reaches no listener of the host, and can still talk to itself', async () => {
    let visits = 0;
    const server = net.createServer((socket) => {
      visits += 1;
      socket.destroy();
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as net.AddressInfo;
    const knock = `import json, socket
try:
    socket.create_connection(("127.0.0.1", ${port}), 2).close()
    print(json.dumps("connected"))
except OSError as error:
    print(json.dumps("refused"))`;
    expect(await inside(knock)).toBe('refused');
    await sleep(50);
    expect(visits).toBe(0);
    expect(outside(knock)).toBe('connected');
    const own = await inside(`import json, socket
server = socket.create_server(("localhost", 0))
socket.create_connection(server.getsockname(), 2)
names = [line.split(":")[0].strip() for line in open("/proc/net/dev").readlines()[2:]]
print(json.dumps(["talked", *names]))`);
    // Tunnel devices that a kernel adds to every namespace lead nowhere while they are down.
    expect(own).toEqual(expect.arrayContaining(['talked', 'lo']));
    expect(own).not.toContain('eth0');
  });

  it('takes all its processes along when it ends, and tells what they hold meanwhile', async () => {
    const launch = tier.launch(smallLimits);
    const program = `import os, time
if os.fork() == 0:
    os.setsid()
    held = bytearray(100 * 1024 * 1024)
    print("holding", flush=True)
time.sleep(60)`;
    const command = launch.args.slice(0, launch.args.indexOf('--') + 1);
    const child = spawnLaunch({ ...launch, args: [...command, '/usr/bin/python3', '-I', '-c', program] });
    await once(child.stdout ?? child, 'data');
    const pid = child.pid ?? 0;
    const pids = descendantsOf(pid);
    expect(pids.length).toBe(3);
    expect(treeMemoryKiB(pid)).toBeGreaterThan(100 * 1024);
    expect(treeMemoryKiB(pid)).toBeLessThan(160 * 1024);
    child.kill('SIGKILL');
    await once(child, 'close');
    await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]), { timeout: 60_000 });
  });

  it('leaves code none of the descriptors that the sidecar was itself started with', async () => {
    const secret = path.join(await temporaryFolder(), 'secret');
    writeFileSync(secret, 'secret', { mode: 0o644 });
    const launch = tier.launch(smallLimits);
    const shell = ['-c', 'exec 77<"$0"; exec "$@"', secret, launch.file];
    const child = spawnLaunch({ ...launch, file: '/bin/bash', args: [...shell, ...launch.args] });
    const code = 'import os\nfor name in sorted(os.listdir("/proc/self/fd"), key=int): print("fd", name)';
    const request = { op: 'run', nonce: 'n', language: 'python', code, test: false, seconds: 5, name: 'x' };
    let printed = '';
    child.stderr?.on('data', (piece: Buffer) => (printed += piece.toString()));
    child.stdin?.end(`${JSON.stringify(request)}\n`);
    await once(child, 'close');
    expect(printed).toContain('fd 1\n');
    expect(printed).not.toContain('fd 77\n');
  });
});

describe('the bubblewrap tier, where something is missing', () => {
  it('names the program that is missing and how to get it', async () => {
    vi.stubEnv('PATH', '/nowhere');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(await createBubblewrapTier({ python: '/nowhere/python3' }).prepare()).toBe(
      'bubblewrap and python3 not found: apt-get install bubblewrap python3',
    );
  });
});

/** What has ended but was not yet taken note of by init is listed as Z. */
function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
