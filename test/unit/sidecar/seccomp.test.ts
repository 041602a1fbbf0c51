import { describe, expect, it } from 'vitest';
import { buildSeccompFilter, type Architecture } from '../../../sidecar/tiers/seccomp.ts';
import { refusedCalls } from '../../../sidecar/tiers/system-calls.ts';

const auditNames = { x64: 0xc000003e, arm64: 0xc00000b7 };
const auditNameOfI386 = 0x40000003;
const [EPERM, ENOSYS, ENOPROTOOPT, EPROTONOSUPPORT, EAFNOSUPPORT] = [1, 38, 92, 93, 97];

/** Numbers on x64 and arm64, taken from the kernel's tables apart from those of the source. */
const numbers = {
  read: [0, 63],
  openat: [257, 56],
  mmap: [9, 222],
  execve: [59, 221],
  futex: [202, 98],
  kill: [62, 129],
  connect: [42, 203],
  prlimit64: [302, 261],
  pidfd_open: [434, 434],
  close_range: [436, 436],
  clone: [56, 220],
  clone3: [435, 435],
  personality: [135, 92],
  ioctl: [16, 29],
  socket: [41, 198],
  socketpair: [53, 199],
  setsockopt: [54, 208],
} as const;

describe.each(['x64', 'arm64'] as const)('the seccomp filter on %s', (architecture) => {
  const ask = (name: keyof typeof numbers, ...args: number[]): string =>
    verdict(architecture, numbers[name][architecture === 'x64' ? 0 : 1], args);

  it.each([
    'read',
    'openat',
    'mmap',
    'execve',
    'futex',
    'kill',
    'connect',
    'prlimit64',
    'pidfd_open',
  ] as const)('lets %s pass', (name) => expect(ask(name)).toBe('allow'));

  it.each(Object.keys(refusedCalls) as (keyof typeof refusedCalls)[])('refuses %s', (name) => {
    const number = refusedCalls[name][architecture === 'x64' ? 0 : 1];
    if (number !== undefined) expect(verdict(architecture, number, [])).toBe(`error ${EPERM}`);
    else expect(architecture).toBe('arm64');
  });

  it('gives no call two numbers and no number two calls', () => {
    const all = Object.values(refusedCalls).map((call) => call[architecture === 'x64' ? 0 : 1]);
    const present = all.filter((number) => number !== undefined);
    expect(new Set(present).size).toBe(present.length);
  });

  it('kills a process that calls by the numbers of another architecture', () => {
    const other = architecture === 'x64' ? auditNames.arm64 : auditNames.x64;
    for (const name of [other, auditNameOfI386, 0]) {
      expect(run(architecture, { number: numbers.read[0], name, args: [] })).toBe('kill');
    }
  });

  it('answers calls that are newer than its list as an older kernel would', () => {
    expect(verdict(architecture, 456, [])).toBe('allow');
    for (const number of [457, 458, 467, 511, 5_000]) {
      expect(verdict(architecture, number, [])).toBe(`error ${ENOSYS}`);
    }
  });

  it('refuses calls by the numbers of x32, or knows none of them', () => {
    for (const number of [0x40000000, 0x40000000 + 41, 0x40000000 + 520, 0xffffffff]) {
      expect(verdict(architecture, number, [])).toBe(`error ${architecture === 'x64' ? EPERM : ENOSYS}`);
    }
  });

  it('lets processes and threads be made, but no namespaces', () => {
    const SIGCHLD = 17;
    const threadFlags = 0x3d0f00;
    expect(ask('clone', SIGCHLD)).toBe('allow');
    expect(ask('clone', threadFlags)).toBe('allow');
    expect(ask('clone', 0x4100 | SIGCHLD)).toBe('allow');
    const namespaces = [0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000];
    for (const flag of namespaces) expect(ask('clone', flag + SIGCHLD)).toBe(`error ${EPERM}`);
    expect(ask('clone3')).toBe(`error ${ENOSYS}`);
  });

  it('lets the personality be asked for and left as it is', () => {
    expect(ask('personality', 0)).toBe('allow');
    expect(ask('personality', 0xffffffff)).toBe('allow');
    expect(ask('personality', 0x0040000)).toBe(`error ${EPERM}`);
    expect(ask('personality', 0x0400000)).toBe(`error ${EPERM}`);
  });

  it('lets no one type into a terminal', () => {
    const [TCGETS, FIONREAD, TIOCSTI, TIOCLINUX] = [0x5401, 0x541b, 0x5412, 0x541c];
    expect(ask('ioctl', 0, TCGETS)).toBe('allow');
    expect(ask('ioctl', 0, FIONREAD)).toBe('allow');
    expect(ask('ioctl', 0, TIOCSTI)).toBe(`error ${EPERM}`);
    expect(ask('ioctl', 0, TIOCLINUX)).toBe(`error ${EPERM}`);
    // The kernel reads the lower half alone, so nothing may hide behind the upper one.
    expect(ask('ioctl', 0, 0x1_0000_0000 + TIOCSTI)).toBe(`error ${EPERM}`);
  });

  it.each([
    ['a local stream', [1, 1, 0], 'allow'],
    ['a local datagram socket', [1, 2, 0], 'allow'],
    ['TCP', [2, 1, 0], 'allow'],
    ['TCP by name, not blocking, closed on exec', [2, 0o2004001, 6], 'allow'],
    ['TCP over IPv6', [10, 1, 6], 'allow'],
    ['UDP', [2, 2, 17], 'allow'],
    ['UDP over IPv6', [10, 2, 0], 'allow'],
    ['netlink', [16, 3, 0], `error ${EAFNOSUPPORT}`],
    ['packets', [17, 3, 0], `error ${EAFNOSUPPORT}`],
    ['alg', [38, 5, 0], `error ${EAFNOSUPPORT}`],
    ['vsock', [40, 1, 0], `error ${EAFNOSUPPORT}`],
    ['bluetooth', [31, 3, 0], `error ${EAFNOSUPPORT}`],
    ['xdp', [44, 3, 0], `error ${EAFNOSUPPORT}`],
    ['netlink behind an upper half', [0x1_0000_0000 + 16, 3, 0], `error ${EAFNOSUPPORT}`],
    ['raw IP', [2, 3, 1], `error ${EPROTONOSUPPORT}`],
    ['SCTP', [2, 1, 132], `error ${EPROTONOSUPPORT}`],
    ['MPTCP', [2, 1, 262], `error ${EPROTONOSUPPORT}`],
    ['DCCP', [2, 6, 33], `error ${EPROTONOSUPPORT}`],
    ['ping', [2, 2, 1], `error ${EPROTONOSUPPORT}`],
    ['UDP-Lite', [10, 2, 136], `error ${EPROTONOSUPPORT}`],
  ] as const)('decides on a socket for %s', (_, args, expected) => {
    expect(ask('socket', ...args)).toBe(expected);
  });

  it('pairs local sockets only, and lets no protocol be put on top of TCP', () => {
    expect(ask('socketpair', 1, 1, 0)).toBe('allow');
    expect(ask('socketpair', 2, 1, 0)).toBe(`error ${EAFNOSUPPORT}`);
    const [SOL_SOCKET, SO_REUSEADDR, TCP_NODELAY, TCP_ULP] = [1, 2, 1, 31];
    expect(ask('setsockopt', 3, SOL_SOCKET, SO_REUSEADDR)).toBe('allow');
    expect(ask('setsockopt', 3, 6, TCP_NODELAY)).toBe('allow');
    expect(ask('setsockopt', 3, SOL_SOCKET, TCP_ULP)).toBe('allow');
    expect(ask('setsockopt', 3, 6, TCP_ULP)).toBe(`error ${ENOPROTOOPT}`);
  });

  it('is a program that the kernel takes: every jump lands inside, and the end is a verdict', () => {
    const program = buildSeccompFilter(architecture);
    const count = program.length / 8;
    expect(count).toBeLessThan(4096);
    for (let at = 0; at < count; at += 1) {
      const [ifTrue = 0, ifFalse = 0] = program.subarray(at * 8 + 2, at * 8 + 4);
      expect(at + 1 + Math.max(ifTrue, ifFalse)).toBeLessThanOrEqual(count - (isReturn(program, at) ? 0 : 1));
    }
    expect(isReturn(program, count - 1)).toBe(true);
  });
});

function verdict(architecture: Architecture, number: number, args: readonly number[]): string {
  return run(architecture, { number, name: auditNames[architecture], args });
}

function isReturn(program: Buffer, at: number): boolean {
  return program.readUInt16LE(at * 8) === 0x06;
}

/** Runs the program as linux/filter.h has it, over a `struct seccomp_data`. */
function run(
  architecture: Architecture,
  call: { number: number; name: number; args: readonly number[] },
): string {
  const data = Buffer.alloc(64);
  data.writeUInt32LE(call.number, 0);
  data.writeUInt32LE(call.name, 4);
  call.args.forEach((value, index) => data.writeBigUInt64LE(BigInt(value), 16 + 8 * index));
  const program = buildSeccompFilter(architecture);
  let accumulator = 0;
  for (let at = 0; at < program.length / 8; at += 1) {
    const code = program.readUInt16LE(at * 8);
    const [ifTrue = 0, ifFalse = 0] = program.subarray(at * 8 + 2, at * 8 + 4);
    const operand = program.readUInt32LE(at * 8 + 4);
    const jump = (isTrue: boolean): number => (at += isTrue ? ifTrue : ifFalse);
    if (code === 0x20) accumulator = data.readUInt32LE(operand);
    else if (code === 0x54) accumulator = (accumulator & operand) >>> 0;
    else if (code === 0x15) jump(accumulator === operand);
    else if (code === 0x35) jump(accumulator >= operand);
    else if (code === 0x45) jump((accumulator & operand) !== 0);
    else if (code === 0x06) return describeReturn(operand);
    else throw new Error(`unknown instruction 0x${code.toString(16)}`);
  }
  throw new Error('the program ran past its end');
}

function describeReturn(value: number): string {
  if (value === 0x7fff0000) return 'allow';
  if (value === 0x80000000) return 'kill';
  if (value >>> 16 === 0x0005) return `error ${value & 0xffff}`;
  throw new Error(`unknown verdict 0x${value.toString(16)}`);
}
