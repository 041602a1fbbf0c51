import { allTiers, attempts, literal, nativeTiers, type Probe } from './probe.ts';

/** What must not be read. */
export const secretProbes: readonly Probe[] = [
  {
    name: 'environment',
    group: 'secrets',
    description: 'looks for a secret in its environment',
    tiers: allTiers,
    code: ({ variable }) =>
      attempts(
        `attempt("os.environ", lambda: os.environ.get(${literal(variable)}) and "the variable is there")`,
      ),
    control: { how: 'plain' },
  },
  {
    name: 'proc-environ',
    group: 'secrets',
    description: 'reads the environment of every process in /proc',
    tiers: allTiers,
    code: ({ variable, pid }) =>
      attempts(`
def look(pid):
    with open(f"/proc/{pid}/environ", "rb") as file:
        return ${literal(variable)}.encode() in file.read() and f"the environment of process {pid}"
for pid in {*(name for name in os.listdir("/proc") if name.isdigit()), "${pid}", "1", str(os.getppid())} - {str(os.getpid())}:
    attempt(pid, lambda: look(pid))`),
    control: { how: 'plain' },
  },
  {
    name: 'etc-shadow',
    group: 'secrets',
    description: 'reads /etc/shadow',
    tiers: allTiers,
    code: () =>
      attempts(`
for file in ("/etc/shadow", "/etc/gshadow", "/etc/shadow-"):
    attempt(file, lambda: f"{len(open(file).read())} characters")`),
    control: { how: 'plain', needsRoot: true },
  },
  {
    name: 'secret-file',
    group: 'secrets',
    description: 'reads a file of this machine by its path',
    tiers: allTiers,
    code: ({ secretFile }) =>
      attempts(`
secret = ${literal(secretFile)}
attempt("open", lambda: len(open(secret).read()))
attempt("os.open", lambda: os.read(os.open(secret, os.O_RDONLY), 99) and "read")
attempt("stat", lambda: os.stat(secret).st_size)
attempt("..", lambda: len(open("../" * 20 + secret).read()))
attempt("listdir", lambda: "secret.txt" in os.listdir(os.path.dirname(secret)))`),
    control: { how: 'plain' },
  },
  {
    name: 'secret-file-from-bash',
    group: 'secrets',
    description: 'reads a file of this machine from Bash',
    tiers: nativeTiers,
    language: 'bash',
    code: ({ secretFile }) =>
      `if cat ${literal(secretFile)} 2>&1 | grep -q secret-; then echo WALL:broken it was read; else echo WALL:held no such file; fi`,
    control: { how: 'plain' },
  },
  {
    name: 'secret-file-by-symlink',
    group: 'secrets',
    description:
      'reads a file of this machine through a symbolic link, a hard link and a name in the workspace',
    tiers: allTiers,
    code: ({ secretFile, openFolder }) =>
      attempts(`
secret = ${literal(secretFile)}
for name in ("symlink", "link"):
    def attack():
        make = getattr(os, name)
        link = f"probe-{name}"
        try:
            os.unlink(link)
        except OSError:
            pass
        make(secret, link)
        try:
            return len(open(link).read())
        finally:
            os.unlink(link)
    attempt(name, attack)
def through_folder():
    os.symlink(${literal(openFolder)}, "probe-folder")
    try:
        return len(open("probe-folder/../secret.txt").read())
    finally:
        os.unlink("probe-folder")
attempt("folder", through_folder)`),
    control: { how: 'plain' },
  },
  {
    name: 'secret-file-by-proc-root',
    group: 'secrets',
    description: 'reads a file of this machine through /proc/1/root and its like',
    tiers: allTiers,
    code: ({ secretFile, pid }) =>
      attempts(`
secret = ${literal(secretFile)}
for process in ("1", "self", "${pid}", str(os.getppid())):
    for door in ("root", "cwd/../../../../../..", "fd/3/../../../../../.."):
        attempt(f"{process}/{door}", lambda: len(open(f"/proc/{process}/{door}{secret}").read()))`),
    control: { how: 'plain' },
  },
  {
    name: 'places-of-the-host',
    group: 'secrets',
    description: 'lists the homes, the temporary files and the services of this machine',
    tiers: allTiers,
    code: ({ folder }) =>
      attempts(`
def listing(place):
    names = os.listdir(place)
    return names and f"{len(names)} entries"
for place in ("/root", "/home", "/var", "/srv", "/boot", "/run/systemd", "/var/run/docker.sock"):
    # Pyodide makes homes of its own.
    attempt(place, lambda: not (sys.platform == "emscripten" and place == "/home") and listing(place))
attempt("temporary", lambda: os.path.exists(${literal(folder)}))
attempt("docker", lambda: os.path.exists("/run/docker.sock"))`),
    control: { how: 'plain' },
  },
  {
    name: 'process-memory',
    group: 'secrets',
    description: "reads another process's memory in /proc and by process_vm_readv",
    tiers: nativeTiers,
    code: ({ variable, pid }) =>
      attempts(`
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
def stack(pid):
    for line in open(f"/proc/{pid}/maps"):
        if "[stack]" in line:
            start, end = (int(part, 16) for part in line.split()[0].split("-"))
            return start, end - start
def read(pid):
    start, length = stack(pid)
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        memory.seek(start)
        return ${literal(variable)}.encode() in memory.read(length) and "its stack was read"
def readv(pid):
    class Part(ctypes.Structure):
        _fields_ = [("start", ctypes.c_void_p), ("length", ctypes.c_size_t)]
    start, length = stack(pid)
    buffer = ctypes.create_string_buffer(length)
    if libc.process_vm_readv(pid, ctypes.byref(Part(ctypes.addressof(buffer), length)), 1, ctypes.byref(Part(start, length)), 1, 0) < 0:
        raise OSError(ctypes.get_errno(), "process_vm_readv")
    return ${literal(variable)}.encode() in buffer.raw and "its stack was read"
for pid in (${pid}, 1, os.getppid()):
    attempt(f"/proc/{pid}/mem", lambda: read(pid))
    attempt(f"process_vm_readv {pid}", lambda: readv(pid))
# The first process in there must not be written to either.
if os.getpid() != 1 and os.getuid() != 0:
    attempt("write /proc/1/mem", lambda: open("/proc/1/mem", "r+b", 0) and "it can be opened for writing")`),
    control: { how: 'plain' },
  },
  {
    name: 'processes-of-the-host',
    group: 'secrets',
    description: 'looks at the other processes of this machine',
    tiers: nativeTiers,
    code: ({ pid }) =>
      attempts(`
attempt("decoy", lambda: os.path.exists("/proc/${pid}/stat") and b"sleep" in open("/proc/${pid}/stat", "rb").read() and "it is there")
attempt("count", lambda: (count := sum(name.isdigit() for name in os.listdir("/proc"))) > 8 and f"{count} processes")`),
    control: { how: 'plain' },
  },
  {
    name: 'secrets-of-the-kernel',
    group: 'secrets',
    description: "reads the kernel's memory, addresses, keys and messages",
    // gVisor invents all of these.
    tiers: ['bubblewrap'],
    code: () =>
      attempts(`
import ctypes
def addresses():
    return any(int(line.split()[0], 16) for line in open("/proc/kallsyms")) and "addresses of the kernel"
attempt("kallsyms", addresses)
for file in ("/proc/kcore", "/dev/mem", "/dev/kmem", "/dev/port", "/proc/keys", "/dev/kmsg", "/proc/kmsg", "/proc/cmdline", "/proc/timer_list"):
    attempt(file, lambda: os.close(os.open(file, os.O_RDONLY | os.O_NONBLOCK)) or "it can be opened")
def messages():
    buffer = ctypes.create_string_buffer(4096)
    return ctypes.CDLL(None).klogctl(3, buffer, 4096) > 0 and "messages of the kernel"
attempt("dmesg", messages)
attempt("/sys", lambda: (names := os.listdir("/sys")) and f"{len(names)} entries")`),
    control: { how: 'plain' },
  },
  {
    name: 'devices',
    group: 'secrets',
    description: 'opens the disks and other devices of this machine, and makes a device file of its own',
    // gVisor invents all of these.
    tiers: ['bubblewrap'],
    code: () =>
      attempts(`
import stat
harmless = {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "console"}
for folder in ("/dev", "/dev/mapper", "/dev/net", "/dev/vfio"):
    for name in os.listdir(folder) if os.path.isdir(folder) else ():
        file = f"{folder}/{name}"
        mode = os.lstat(file).st_mode
        if (stat.S_ISBLK(mode) or stat.S_ISCHR(mode)) and name not in harmless and not name.startswith("tty"):
            attempt(file, lambda: os.close(os.open(file, os.O_RDONLY | os.O_NONBLOCK)) or "it can be opened")
def device():
    os.mknod("probe-device", stat.S_IFBLK | 0o600, os.makedev(7, 0))
    os.unlink("probe-device")
    return "a device file was made"
attempt("mknod", device)`),
    control: { how: 'plain', needsRoot: true },
  },
  {
    name: 'inherited-descriptors',
    group: 'secrets',
    description: 'uses descriptors that came along from the program that started it',
    tiers: nativeTiers,
    code: () =>
      attempts(`
def look(number):
    target = os.readlink(f"/proc/self/fd/{number}")
    # The three that the driver has set apart are sockets, since that is what Node talks through.
    if target.startswith(("socket:", "host:")) and number in ("0", "1", "2", "100", "101", "102"):
        return None
    return not target.startswith(("pipe:", "/dev/null", "/proc/")) and f"{number} is {target}"
for number in os.listdir("/proc/self/fd"):
    attempt(number, lambda: look(number))`),
    // The control gets a pipe as descriptor 3.
    control: { how: 'plain' },
  },
];
