import { describe, expect, it } from 'vitest';
import { createBubblewrapTier } from '../../sidecar/tiers/bubblewrap.ts';
import { refusedCalls } from '../../sidecar/tiers/system-calls.ts';
import { runInside, runOutside, smallLimits } from '../support/sandboxed-python.ts';

const tier = createBubblewrapTier();
const lack = await tier.prepare();
const isRoot = process.getuid?.() === 0;
const column = process.arch === 'arm64' ? 1 : 0;
const [EPERM, ENOSYS, EPROTONOSUPPORT, EAFNOSUPPORT] = [1, 38, 93, 97];
const SIGCHLD = 17;

/** Calls that do nothing, wherever they are made: wrong arguments, or questions. */
const refused: readonly [name: keyof typeof refusedCalls, args: readonly number[], needsRoot?: 'root'][] = [
  ['ptrace', [3, 0x7fffffff, 0, 0]],
  ['process_vm_readv', [0x7fffffff, 0, 0, 0, 0, 0]],
  ['kcmp', [0x7fffffff, 0x7fffffff, 0, 0, 0]],
  ['pidfd_getfd', [-1, 0, 0]],
  ['io_uring_setup', [0, 0]],
  ['bpf', [999, 0, 0], 'root'],
  ['userfaultfd', [-1]],
  ['perf_event_open', [0, 0, -1, -1, 0]],
  ['keyctl', [0, -3, 0]],
  ['vmsplice', [-1, 0, 0, 0]],
  ['unshare', [0]],
  ['setns', [-1, 0]],
  ['mount', [0, 0, 0, 0, 0], 'root'],
  ['fsopen', [0, 0], 'root'],
  ['move_mount', [-1, 0, -1, 0, 0], 'root'],
  ['name_to_handle_at', [-1, 0, 0, 0, 0]],
  ['memfd_create', [0, -1]],
  ['shmget', [0x7a7a7a7a, 0, 0]],
  ['semget', [0x7a7a7a7a, 0, 0]],
  ['msgget', [0x7a7a7a7a, 0]],
  ['syslog', [10, 0, 0], 'root'],
  ['swapoff', [0], 'root'],
  ['quotactl', [0, 0, 0, 0]],
  ['seccomp', [999, 0, 0]],
];

describe.skipIf(lack !== undefined)(
  `system calls behind bubblewrap${lack ? ` (left out: ${lack})` : ''}`,
  () => {
    it.each(refused)('%s is refused, and was not outside', async (name, args, needsRoot) => {
      const number = refusedCalls[name][column] ?? -1;
      expect(await callInside(number, args)).toBe(EPERM);
      if (isRoot || needsRoot === undefined) expect(callOutside(number, args)).not.toBe(EPERM);
    });

    it('clone makes no user namespace, and clone3 is as if it were not there', async () => {
      const clone = [56, 220][column] ?? -1;
      const CLONE_NEWUSER = 0x10000000;
      expect(await callInside(clone, [CLONE_NEWUSER + SIGCHLD, 0, 0, 0, 0])).toBe(EPERM);
      expect(await callInside(clone, [SIGCHLD, 0, 0, 0, 0])).toBe(0);
      expect(callOutside(clone, [CLONE_NEWUSER + SIGCHLD, 0, 0, 0, 0])).toBe(0);
      expect(await callInside(435, [0, 0])).toBe(ENOSYS);
      expect(callOutside(435, [0, 0])).not.toBe(ENOSYS);
    });

    it('personality keeps the layout of memory random', async () => {
      const personality = [135, 92][column] ?? -1;
      const ADDR_NO_RANDOMIZE = 0x0040000;
      expect(await callInside(personality, [ADDR_NO_RANDOMIZE])).toBe(EPERM);
      expect(callOutside(personality, [ADDR_NO_RANDOMIZE])).toBe(0);
    });

    it.each([
      ['vsock', 40, 1, 0, EAFNOSUPPORT],
      ['netlink', 16, 3, 0, EAFNOSUPPORT],
      ['packet', 17, 3, 0, EAFNOSUPPORT],
      ['alg', 38, 5, 0, EAFNOSUPPORT],
      ['raw IP', 2, 3, 1, EPROTONOSUPPORT],
      ['SCTP', 2, 1, 132, EPROTONOSUPPORT],
    ])('there are no sockets for %s', async (name, family, type, protocol, error) => {
      const socket = [41, 198][column] ?? -1;
      expect(await callInside(socket, [family, type, protocol])).toBe(error);
      if (name === 'netlink') expect(callOutside(socket, [family, type, protocol])).toBe(0);
    });

    it.skipIf(process.arch !== 'x64')('a call by the numbers of i386 kills (needs x64)', async () => {
      // mov eax, 20 (getpid); int 0x80; ret
      const program = `import ctypes, mmap
page = mmap.mmap(-1, 4096, prot=7)
page.write(bytes([0xb8, 20, 0, 0, 0, 0xcd, 0x80, 0xc3]))
address = ctypes.addressof(ctypes.c_char.from_buffer(page))
print(ctypes.CFUNCTYPE(ctypes.c_int)(address)() > 0)`;
      const SIGSYS = 31;
      const { code, stdout } = await runInside(tier.launch(smallLimits), program);
      expect({ code, stdout }).toEqual({ code: 128 + SIGSYS, stdout: '' });
    });

    it('what ordinary programs do still works', async () => {
      const { stdout, stderr } = await runInside(tier.launch(smallLimits), ordinaryProgram);
      expect(stderr).toBe('');
      expect(stdout.trim().split('\n')).toEqual([
        'pool [0, 1, 4]',
        'futures [1, 2]',
        'thread',
        'subprocess hi',
        'asyncio 0 hello',
        'shared memory 7',
        'ctypes 5',
        "localhost ('127.0.0.1', 80)",
        'sqlite 3',
        'user colloquy',
      ]);
    });

    const numpy = runOutside('import numpy').code === 0;
    it.skipIf(!numpy)('numpy works, threads of its algebra included (needs python3-numpy)', async () => {
      const program =
        'import numpy\na = numpy.ones((300, 300))\nprint(int((a @ a)[0, 0]), numpy.linalg.svd(a)[1].shape)';
      expect(await runInside(tier.launch(smallLimits), program)).toMatchObject({
        stdout: '300 (300,)\n',
        code: 0,
      });
    });
  },
);

/** A system call by its number: 0, or the error. What it makes, such as a child, goes with the process. */
function callProgram(number: number, args: readonly number[]): string {
  return `import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = ctypes.c_long
me = os.getpid()
result = libc.syscall(*[ctypes.c_long(each) for each in (${[number, ...args].join(', ')})])
error = ctypes.get_errno()
if os.getpid() != me:
    os._exit(0)
print(0 if result >= 0 else error)`;
}

async function callInside(number: number, args: readonly number[]): Promise<number> {
  return Number((await runInside(tier.launch(smallLimits), callProgram(number, args))).stdout);
}

function callOutside(number: number, args: readonly number[]): number {
  return Number(runOutside(callProgram(number, args)).stdout);
}

const ordinaryProgram = `
import asyncio, ctypes, getpass, multiprocessing, socket, sqlite3, subprocess, threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import shared_memory
def square(x): return x * x
with multiprocessing.Pool(2) as pool: print("pool", pool.map(square, range(3)))
with ProcessPoolExecutor(2) as pool: print("futures", list(pool.map(abs, [-1, -2])))
thread = threading.Thread(target=print, args=("thread",)); thread.start(); thread.join()
print("subprocess", subprocess.run(["sh", "-c", "echo hi"], capture_output=True, text=True).stdout.strip())
async def talk():
    process = await asyncio.create_subprocess_exec("true")
    async def greet(reader, writer):
        writer.write(b"hello"); await writer.drain(); writer.close()
    server = await asyncio.start_server(greet, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    print("asyncio", await process.wait(), (await reader.read()).decode())
asyncio.run(talk())
memory = shared_memory.SharedMemory(create=True, size=8)
memory.buf[0] = 7
print("shared memory", memory.buf[0]); memory.close(); memory.unlink()
print("ctypes", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda x: x + 1)(4))
print("localhost", socket.getaddrinfo("localhost", 80, socket.AF_INET, socket.SOCK_STREAM)[0][4])
print("sqlite", sqlite3.connect("x.db").execute("select 1 + 2").fetchone()[0])
print("user", getpass.getuser())
`;
