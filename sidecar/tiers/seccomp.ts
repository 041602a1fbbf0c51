import {
  and,
  assemble,
  ifArgument,
  ifAtLeast,
  ifEquals,
  ifHasBits,
  load,
  offsets,
  returns,
  type Instruction,
} from './bpf.ts';
import { refusedCalls, type SystemCall } from './system-calls.ts';

export type Architecture = 'x64' | 'arm64';

/** AUDIT_ARCH_* of linux/audit.h: what the kernel says the number of a call is to be read as. */
const auditNames = { x64: 0xc000003e, arm64: 0xc00000b7 } as const;

const EPERM = 1;
const ENOSYS = 38;
const EPROTONOSUPPORT = 93;
const EAFNOSUPPORT = 97;
const ENOPROTOOPT = 92;

/** The first number of the x32 interface on x64, __X32_SYSCALL_BIT: the same calls under other numbers. */
const firstX32Call = 0x40000000;

/** futex_requeue of Linux 6.7: what came later was not looked at and is answered as by an older kernel. */
const newestKnownCall = 456;

/** CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET of clone(2). */
const newNamespaceFlags = 0x7e020000;

const AF_UNIX = 1;
const AF_INET = 2;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const socketTypeMask = 0xf;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
const TCP_ULP = 31;
const TIOCSTI = 0x5412;
const TIOCLINUX = 0x541c;
const PER_LINUX = 0;
const personalityQuery = 0xffffffff;

/** Numbers on x64 and on arm64, of asm/unistd_64.h and asm-generic/unistd.h. */
const calls = {
  clone: [56, 220],
  clone3: [435, 435],
  ioctl: [16, 29],
  personality: [135, 92],
  socket: [41, 198],
  socketpair: [53, 199],
  setsockopt: [54, 208],
} as const satisfies Record<string, SystemCall>;

/**
 * The program for seccomp(2): what code in the sandbox may not even ask of the kernel. A list of what
 * is refused, since Python's libraries use nearly all of what is harmless; newer calls than the list
 * are answered with ENOSYS, so it does not get weaker with a newer kernel.
 *
 * Refusing is an error code that programs know how to take. Only calls of another architecture kill,
 * because no number of theirs means what it says here.
 *
 * Bytes are `struct sock_filter`s in little endian, as both architectures are, for bwrap's `--seccomp`.
 * See the kernel's Documentation/userspace-api/seccomp_filter.rst, "Pitfalls", for the first two checks.
 */
export function buildSeccompFilter(architecture: Architecture): Buffer {
  const numberOf = (call: SystemCall): number | undefined => call[architecture === 'x64' ? 0 : 1];
  const on = (call: SystemCall, then: readonly Instruction[]): Instruction[] => {
    const number = numberOf(call);
    return number === undefined ? [] : ifEquals(number, then);
  };
  return assemble([
    load(offsets.architecture),
    ...ifEquals(auditNames[architecture], [], [returns.kill]),
    load(offsets.number),
    ...(architecture === 'x64' ? ifAtLeast(firstX32Call, [returns.error(EPERM)]) : []),
    ...ifAtLeast(newestKnownCall + 1, [returns.error(ENOSYS)]),
    ...Object.values(refusedCalls).flatMap((call) => on(call, [returns.error(EPERM)])),

    // Its flags lie in memory, where a filter cannot look; libraries fall back to clone.
    ...on(calls.clone3, [returns.error(ENOSYS)]),
    ...on(calls.clone, [
      load(offsets.argument(0)),
      ...ifHasBits(newNamespaceFlags, [returns.error(EPERM)]),
      returns.allow,
    ]),
    ...on(calls.personality, [
      ...ifArgument(0, [PER_LINUX, personalityQuery], [returns.allow]),
      returns.error(EPERM),
    ]),
    // They type into the terminal that they are called on.
    ...on(calls.ioctl, [...ifArgument(1, [TIOCSTI, TIOCLINUX], [returns.error(EPERM)]), returns.allow]),
    ...on(calls.socket, socketRules()),
    ...on(calls.socketpair, [...ifArgument(0, [AF_UNIX], [returns.allow]), returns.error(EAFNOSUPPORT)]),
    // Loads kernel modules (TLS, espintcp, MPTCP) that have been a way out of sandboxes.
    ...on(calls.setsockopt, [
      ...ifArgument(1, [IPPROTO_TCP], ifArgument(2, [TCP_ULP], [returns.error(ENOPROTOOPT)])),
      returns.allow,
    ]),
    returns.allow,
  ]);
}

/**
 * Local sockets, TCP and UDP. Every other family and protocol (vsock reaches the host from a virtual
 * machine; netlink, packet, alg and bluetooth, SCTP and DCCP are code of the kernel's that strangers
 * need not have) is as if the kernel were built without it.
 */
function socketRules(): Instruction[] {
  const internet: Instruction[] = [
    load(offsets.argument(1)),
    and(socketTypeMask),
    ...ifEquals(SOCK_STREAM, ifArgument(2, [0, IPPROTO_TCP], [returns.allow])),
    load(offsets.argument(1)),
    and(socketTypeMask),
    ...ifEquals(SOCK_DGRAM, ifArgument(2, [0, IPPROTO_UDP], [returns.allow])),
    returns.error(EPROTONOSUPPORT),
  ];
  return [
    load(offsets.argument(0)),
    ...ifEquals(AF_UNIX, [returns.allow]),
    ...ifEquals(AF_INET, internet),
    ...ifEquals(AF_INET6, internet),
    returns.error(EAFNOSUPPORT),
  ];
}
