import { refusedCalls } from '../tiers/system-calls.ts';
import { attempts, type Probe } from './probe.ts';

type CallName = keyof typeof refusedCalls;

/** Only where the host's own kernel is asked: gVisor answers with a kernel of its own. */
const tiers = ['bubblewrap'] as const;
const column = process.arch === 'arm64' ? 1 : 0;

/** Those that do something even if every argument is wrong, or were left out of kernels long ago. */
const notForTheRoundTrip: readonly CallName[] = [
  'vhangup',
  'mq_open',
  'msgget',
  'shmget',
  'semget',
  'sysfs',
  'uselib',
  'pivot_root',
];

/** What must not be asked of the kernel. `call` raises unless the kernel has taken the call. */
export const kernelProbes: readonly Probe[] = [
  {
    name: 'mount',
    group: 'kernel',
    description: 'mounts, unmounts and moves file systems, and changes its root',
    tiers,
    code: () =>
      calls(`
os.makedirs("probe-mount", exist_ok=True)
attempt("mount", lambda: call("mount", b"none", b"probe-mount", b"tmpfs", 0, None) or call("umount2", b"probe-mount", 0) or "a tmpfs")
attempt("remount", lambda: call("mount", b"none", b"/", None, 32 | 4096, None) or "the root, writable")
attempt("fsopen", lambda: call("fsopen", b"tmpfs", 0) and "a file system")
attempt("open_tree", lambda: call("open_tree", -100, b"/", 1) and "a tree")
attempt("chroot", lambda: call("chroot", b".") or "a root of its own")`),
    control: { how: 'namespaces' },
  },
  {
    name: 'user-namespaces',
    group: 'kernel',
    description: 'makes namespaces in which it is root (unshare, clone, clone3, setns)',
    tiers,
    code: () =>
      calls(`
def in_child(attack):
    child = os.fork()
    if child == 0:
        try:
            attack()
            os._exit(7)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7 and "a namespace"
for name, flag in (("user", 0x10000000), ("mount", 0x20000), ("pid", 0x20000000), ("net", 0x40000000), ("user and net", 0x50000000)):
    attempt(f"unshare {name}", lambda: in_child(lambda: call("unshare", flag)))
def clone(number, *args):
    child = checked(libc.syscall(*[ctypes.c_long(each) if isinstance(each, int) else each for each in (number, *args)]))
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return "a namespace"
attempt("clone", lambda: clone(${[56, 220][column]}, 0x10000000 | 17, 0, 0, 0, 0))
attempt("clone3", lambda: clone(435, (ctypes.c_uint64 * 8)(0x10000000, 0, 0, 0, 17, 0, 0, 0), 64))
attempt("setns", lambda: call("setns", os.open("/proc/self/ns/uts", os.O_RDONLY), 0) or "a namespace")`),
    control: { how: 'namespaces' },
  },
  simple(
    'io-uring',
    'sets up io_uring',
    `attempt("io_uring_setup", lambda: call("io_uring_setup", 4, (ctypes.c_uint32 * 30)()) and "a ring")`,
  ),
  {
    name: 'ptrace',
    group: 'kernel',
    description: 'traces a process (ptrace), and looks into it (kcmp, pidfd_getfd, process_vm_readv)',
    tiers,
    code: ({ pid }) =>
      calls(`
def traced():
    child = os.fork()
    if child == 0:
        try:
            call("ptrace", 0, 0, 0, 0)
            os._exit(7)
        finally:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7 and "it is traced"
attempt("traceme", traced)
for target in (${pid}, os.getppid()):
    attempt(f"seize {target}", lambda: call("ptrace", 0x4206, target, 0, 0) or call("ptrace", 17, target, 0, 0) or "seized")
attempt("kcmp", lambda: call("kcmp", os.getpid(), os.getpid(), 1, 0, 0) or "compared")
here = ctypes.create_string_buffer(b"mine", 16)
there = ctypes.create_string_buffer(16)
def part(buffer):
    return (ctypes.c_uint64 * 2)(ctypes.addressof(buffer), 16)
attempt("readv", lambda: call("process_vm_readv", os.getpid(), part(there), 1, part(here), 1, 0) and "read")
attempt("writev", lambda: call("process_vm_writev", os.getpid(), part(here), 1, part(there), 1, 0) and "written")`),
    control: { how: 'namespaces' },
  },
  {
    name: 'bpf',
    group: 'kernel',
    description: 'loads a BPF map, opens a perf event and a userfaultfd',
    tiers,
    code: () =>
      calls(`
attempt("bpf", lambda: call("bpf", 0, (ctypes.c_uint32 * 18)(2, 4, 4, 1), 72) and "a map")
attempt("perf", lambda: call("perf_event_open", (ctypes.c_uint64 * 16)(1 | 128 << 32, 0), 0, -1, -1, 0) and "an event")
attempt("userfaultfd", lambda: call("userfaultfd", 1) and "a descriptor")`),
    control: { how: 'namespaces', needsRoot: true },
  },
  simple(
    'keyctl',
    "uses the kernel's keys",
    `attempt("keyctl", lambda: call("keyctl", 0, -3, 1) and "a keyring")
attempt("add_key", lambda: call("add_key", b"user", b"colloquy-probe", b"x", 1, -1) and "a key")
attempt("request_key", lambda: call("request_key", b"user", b"colloquy-probe", None, 0) and "a key")`,
  ),
  simple(
    'shared-memory-of-system-v',
    'makes shared memory, queues and semaphores of System V',
    `attempt("shmget", lambda: call("shmctl", call("shmget", 0, 1 << 20, 0o1600), 0, 0) or "a segment")
attempt("msgget", lambda: call("msgctl", call("msgget", 0, 0o1600), 0, 0) or "a queue")
attempt("semget", lambda: call("semctl", call("semget", 0, 1, 0o1600), 0, 0, 0) or "a semaphore")`,
  ),
  simple(
    'typing-into-terminals',
    'types into a terminal (TIOCSTI)',
    `import fcntl
def type_into():
    ours, theirs = os.openpty()
    try:
        fcntl.ioctl(theirs, 0x5412, b" ")
        return "typed"
    finally:
        os.close(ours)
        os.close(theirs)
attempt("TIOCSTI", type_into)
attempt("TIOCSTI, high half", lambda: checked(libc.ioctl(ctypes.c_int(os.openpty()[1]), ctypes.c_ulong(0x5412 | 1 << 32), b" ")) == 0 and "typed")`,
    true,
  ),
  {
    name: 'other-architectures',
    group: 'kernel',
    description: 'calls the kernel by the numbers of another architecture (int 0x80, x32)',
    tiers,
    code: () =>
      calls(`
import mmap, platform
def run(machine_code):
    child = os.fork()
    if child == 0:
        try:
            page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
            page.write(machine_code)
            function = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(page)))
            os._exit(7 if function() == os.getpid() else 1)
        finally:
            os._exit(1)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    if code == 7:
        return "it was answered"
    raise OSError(f"ended with {code}")
if platform.machine() == "x86_64":
    # mov eax, 20 (getpid of i386); int 0x80; ret
    attempt("int 0x80", lambda: run(bytes.fromhex("b814000000cd80c3")))
    # mov eax, 0x40000027 (getpid of x32); syscall; ret
    attempt("x32", lambda: run(bytes.fromhex("b8270000400f05c3")))
    attempt("x32 unshare", lambda: checked(libc.syscall(ctypes.c_long(0x40000000 + 272), ctypes.c_long(0x10000000))) or "a namespace")
    attempt("high half", lambda: checked(libc.syscall(ctypes.c_long(0x100000000 + 272), ctypes.c_long(0x10000000))) or "a namespace")
attempt("personality", lambda: libc.personality(0x0400000) != -1 and libc.personality(0xffffffff) & 0x0400000 and "made its memory executable")`),
    control: { how: 'namespaces' },
  },
  {
    name: 'every-refused-call',
    group: 'kernel',
    description:
      'makes every system call that is to be refused, to see whether the kernel looks at its arguments',
    tiers,
    // EPERM is also what the kernel itself says to the unprivileged; any other error is an answer of its own.
    code: () =>
      calls(`
import errno
for name in ${JSON.stringify(callNames().filter((name) => !notForTheRoundTrip.includes(name)))}:
    def knock():
        try:
            call(name, -1, -1, -1, -1, -1)
        except OSError as error:
            if error.errno in (errno.EPERM, errno.ENOSYS, errno.EACCES):
                raise
            return errno.errorcode.get(error.errno, "?")
        return "done"
    attempt(name, knock)
if len(gains) < 3:
    refusals[:] = [f"{len(refusals)} calls"]`),
    control: { how: 'namespaces' },
  },
];

function simple(name: string, description: string, code: string, needsRoot = false): Probe {
  return {
    name,
    group: 'kernel',
    description,
    tiers,
    code: () => calls(code),
    control: { how: 'namespaces', ...(needsRoot ? { needsRoot } : {}) },
  };
}

function callNames(): CallName[] {
  return (Object.keys(refusedCalls) as CallName[]).filter((name) => refusedCalls[name][column] !== undefined);
}

/** Raw system calls, whatever the C library would make of them. */
function calls(code: string): string {
  const numbers = Object.fromEntries(callNames().map((name) => [name, refusedCalls[name][column]]));
  return attempts(`
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
numbers = ${JSON.stringify(numbers)}
def checked(result):
    if result == -1:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result
def call(name, *args):
    return checked(libc.syscall(ctypes.c_long(numbers[name]), *[ctypes.c_long(each) if isinstance(each, int) else each for each in args]))
${code.trim()}`);
}
