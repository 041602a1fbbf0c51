import { allTiers, nativeTiers, type Probe } from './probe.ts';

/** Small enough for the attacks to be quick, and for 1.5 GB and 2.5 GB to be far outside. */
const small = { seconds: 20, memoryMiB: 512, diskMiB: 128 } as const;
const anyEnd = ['ok', 'failed', 'timeout', 'lost'] as const;

/** Memory and disk. What counts is that the attack never gets all that it asks for. */
export const memoryProbes: readonly Probe[] = [
  takes(
    'memory',
    'takes 2.5 GB of memory',
    allTiers,
    `
kept = []
for _ in range(25):
    kept.append(bytearray(b"x") * 100_000_000)
print("WALL:broken 2.5 GB of memory")`,
  ),
  takes(
    'one-large-object',
    'asks for 2.5 GB in one piece',
    allTiers,
    `
kept = bytearray(2_500_000_000)
for start in range(0, len(kept), 4096):
    kept[start] = 1
print("WALL:broken 2.5 GB of memory")`,
  ),
  takes(
    'memory-mapped',
    'maps 2.5 GB of shared memory',
    nativeTiers,
    `
import mmap
kept = []
for _ in range(25):
    part = mmap.mmap(-1, 100_000_000, flags=mmap.MAP_SHARED | mmap.MAP_ANONYMOUS)
    part.write(b"x" * 100_000_000)
    kept.append(part)
print("WALL:broken 2.5 GB of memory")`,
  ),
  takes(
    'memory-of-children',
    'takes 2.5 GB of memory in eight children',
    nativeTiers,
    `
import mmap, os, signal, time
meter = mmap.mmap(-1, 8)
children = []
for number in range(8):
    child = os.fork()
    if child == 0:
        try:
            kept = bytearray(b"x") * 312_500_000
            meter[number] = 1
            signal.pause()
        finally:
            os._exit(0)
    children.append(child)
# However long a busy machine takes: a wall ends one of them, or the time is up.
alive = 8
while alive == 8 and sum(meter[:8]) < 8:
    time.sleep(0.1)
    alive = sum(os.waitpid(child, os.WNOHANG)[0] == 0 for child in children)
for child in children:
    try:
        os.kill(child, 9)
        os.waitpid(child, 0)
    except (ProcessLookupError, ChildProcessError):
        pass
if sum(meter[:8]) == 8 and alive == 8:
    print("WALL:broken 2.5 GB of memory")`,
  ),
  takes(
    'memory-without-a-name',
    'takes 2.5 GB of memory in files without a name (memfd)',
    nativeTiers,
    `
import os
files = []
for _ in range(25):
    file = os.memfd_create("probe")
    left = 100_000_000
    while left > 0:
        left -= os.write(file, b"x" * min(left, 1_000_000))
    files.append(file)
print("WALL:broken 2.5 GB of memory")`,
  ),
  takes(
    'memory-in-dev-shm',
    'takes 2.5 GB of memory in /dev/shm',
    nativeTiers,
    `
import os
names = [f"/dev/shm/colloquy-probe-{os.getpid()}-{number}" for number in range(25)]
try:
    for name in names:
        with open(name, "wb", 0) as file:
            for _ in range(100):
                if file.write(b"x" * 1_000_000) != 1_000_000:
                    raise OSError("short")
    print("WALL:broken 2.5 GB of memory")
finally:
    for name in names:
        if os.path.exists(name):
            os.unlink(name)`,
  ),
  takes(
    'memory-in-pipes',
    'takes memory in pipes and sockets that nobody reads',
    nativeTiers,
    `
import fcntl, os, resource, socket
for wanted in (4_096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]):
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
        break
    except (OSError, ValueError):
        pass
held, total = [], 0
try:
    for number in range(1_500):
        out, into = os.pipe()
        held += [out, into]
        try:
            fcntl.fcntl(into, 1031, 1 << 20)
        except OSError:
            pass
        os.set_blocking(into, False)
        try:
            while True:
                total += os.write(into, b"x" * 65_536)
        except BlockingIOError:
            pass
        if total > 768 << 20:
            print("WALL:broken", total >> 20, "MiB in pipes")
            break
except OSError as error:
    print(error)
for descriptor in held:
    os.close(descriptor)`,
  ),
  takes('disk', 'fills every place that can be written with 1.5 GB in one file', allTiers, fill(1)),
  takes(
    'disk-in-many-files',
    'fills every place that can be written with 1.5 GB in many files',
    allTiers,
    fill(30),
  ),
  {
    name: 'huge-sparse-file',
    group: 'memory and disk',
    description: 'makes a file of 1.5 TB that takes no space',
    tiers: nativeTiers,
    ownSession: true,
    code: () => `
import os
with open("sparse", "wb") as file:
    try:
        file.truncate(1_500_000_000_000)
        print("WALL:broken a file of", os.stat("sparse").st_size)
    except OSError as error:
        print("WALL:held", error)
os.unlink("sparse")
`,
    control: { how: 'plain' },
  },
  {
    name: 'endless-print',
    group: 'memory and disk',
    description: 'prints 200 MB (shown: its head and its tail)',
    tiers: allTiers,
    limits: { seconds: 15 },
    code: () =>
      'for _ in range(2_000):\n    print("x" * 99_999)\nprint("WALL:held if little of it is shown")\n',
    outcomes: ['ok', 'timeout'],
    variables: 'kept',
    check: (_, { output }) => (output.length > 80_000 ? `${output.length} characters are shown` : undefined),
    control: { how: 'plain' },
  },
  {
    name: 'huge-exception',
    group: 'memory and disk',
    description: 'raises an exception with a message of 20 MB',
    tiers: allTiers,
    ownSession: true,
    code: () => 'raise ValueError("x" * 20_000_000)\n',
    outcomes: ['failed'],
    check: (_, { output, detail }) =>
      output.length > 80_000 || (detail ?? '').length > 1_000 ? 'all of it is shown' : undefined,
    control: { how: 'plain' },
  },
  {
    name: 'huge-number',
    group: 'memory and disk',
    description: 'computes numbers and texts that have no room, and goes on (MemoryError)',
    tiers: allTiers,
    ownSession: true,
    code: () => `
try:
    "x" * 10**11
    print("WALL:broken a text of 100 GB")
except (MemoryError, OverflowError) as error:
    print("WALL:held", type(error).__name__)
`,
    control: { how: 'impossible', because: 'no machine that runs this test has 100 GB to spare' },
  },
  {
    name: 'endless-recursion',
    group: 'memory and disk',
    description: 'recurses until its stack is full',
    tiers: allTiers,
    limits: { seconds: 5 },
    code: () => `
import sys
sys.setrecursionlimit(10**8)
def down(f, n):
    return f(f, n + 1) + 1
down(down, 0)
`,
    outcomes: ['failed', 'lost', 'timeout'],
    control: { how: 'impossible', because: 'plain Python ends of it as well: it is the host that must not' },
  },
];

function takes(name: string, description: string, tiers: Probe['tiers'], code: string): Probe {
  return {
    name,
    group: 'memory and disk',
    description,
    tiers,
    code: () => `
try:
${code.trim().replace(/^(?=.)/gm, '    ')}
    print("WALL:held it got less")
except (MemoryError, OSError, AttributeError) as error:
    print("WALL:held", type(error).__name__, str(error)[:100])
`,
    outcomes: anyEnd,
    limits: small,
    control: { how: 'plain' },
  };
}

function fill(parts: number): string {
  return `
import os
def fill(folder):
    total, names = 0, [f"{folder}/colloquy-probe-{os.getpid()}-{number}" for number in range(${parts})]
    try:
        for name in names:
            with open(name, "wb", 0) as file:
                for _ in range(${1_500 / parts}):
                    total += file.write(b"x" * 1_000_000)
    finally:
        for name in names:
            if os.path.exists(name):
                os.unlink(name)
    return total
for folder in dict.fromkeys((os.getcwd(), os.environ.get("HOME", "/"), "/tmp", "/var/tmp", "/dev/shm", "/", "/run", "/home", "/dev", "/dev/mqueue", "/run/lock", "/proc/self")):
    try:
        total = fill(folder)
        if total >= 1_500_000_000:
            print("WALL:broken 1.5 GB in", folder)
            break
    except OSError as error:
        print(folder, error)`;
}
