import { networkInterfaces } from 'node:os';
import { allTiers, attempts, literal, nativeTiers, type Probe } from './probe.ts';

type Check = NonNullable<Probe['check']>;

/** Visits of earlier probes were reported with those. */
export const noVisits: Check = async (decoys) => {
  // A packet that was let through is here by then: it never leaves this machine.
  await new Promise((resolve) => setTimeout(resolve, 50));
  if (decoys.visits === 0) return undefined;
  decoys.visits = 0;
  return 'a server of this machine was reached';
};

/** Who must not be reached. */
export const networkProbes: readonly Probe[] = [
  {
    name: 'tcp',
    group: 'network',
    description: 'connects to a server on this machine by TCP',
    tiers: allTiers,
    code: ({ tcpPort }) =>
      attempts(`
import socket
def connect(host):
    with socket.create_connection((host, ${tcpPort}), 0.5) as connection:
        connection.settimeout(0.5)
        connection.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
        return connection.recv(99) and "it answered"
for host in ${JSON.stringify(['127.0.0.1', 'localhost', '0.0.0.0', '::1', '::ffff:127.0.0.1', ...ownAddresses()])}:
    attempt(host, lambda: connect(host))`),
    check: noVisits,
    control: { how: 'plain' },
  },
  {
    name: 'udp',
    group: 'network',
    description: 'sends packets to a server on this machine by UDP',
    tiers: allTiers,
    // A packet into an empty network is gone without an error, so it is the server that tells.
    code: ({ udpPort }) =>
      `import socket
try:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for host in ${JSON.stringify(['127.0.0.1', ...ownAddresses()])}:
            try:
                sender.sendto(b"hello", (host, ${udpPort}))
            except OSError as error:
                print(error)
except OSError as error:
    print(error)
print("WALL:held if nobody was reached")`,
    check: noVisits,
    control: { how: 'plain' },
  },
  {
    name: 'unix-sockets',
    group: 'network',
    description: 'connects to local sockets of this machine, by path and by abstract name',
    tiers: nativeTiers,
    code: ({ abstractName, socketPath }) =>
      attempts(`
import socket
def connect(address):
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(1)
        connection.connect(address)
        return "connected"
attempt("abstract", lambda: connect("\\0" + ${literal(abstractName)}))
# Node fills such a name up with zero bytes.
attempt("abstract, filled up", lambda: connect(("\\0" + ${literal(abstractName)}).ljust(108, "\\0")))
attempt("path", lambda: connect(${literal(socketPath)}))
for path in ("/run/dbus/system_bus_socket", "/run/systemd/private", "/var/run/docker.sock", "/run/containerd/containerd.sock"):
    attempt(path, lambda: connect(path))`),
    check: noVisits,
    control: { how: 'plain' },
  },
  {
    name: 'vsock',
    group: 'network',
    description: 'opens a socket to the host of a virtual machine (vsock)',
    tiers: nativeTiers,
    code: () =>
      attempts(`
import socket
attempt("AF_VSOCK", lambda: socket.socket(40, socket.SOCK_STREAM).close() or "a socket")
attempt("/dev/vsock", lambda: os.close(os.open("/dev/vsock", os.O_RDONLY)) or "it can be opened")`),
    control: { how: 'plain' },
  },
  {
    name: 'netlink',
    group: 'network',
    description: 'talks to the kernel by netlink',
    tiers: ['bubblewrap'],
    code: () =>
      attempts(`
import socket
for number in (0, 4, 6, 9, 12, 15, 16):
    attempt(f"netlink {number}", lambda: socket.socket(16, socket.SOCK_RAW, number).close() or "a socket")`),
    control: { how: 'namespaces' },
  },
  {
    name: 'other-sockets',
    group: 'network',
    description: 'opens raw, packet, crypto, Bluetooth, SCTP and other sockets, where kernels have had holes',
    tiers: ['bubblewrap'],
    code: () =>
      attempts(`
import socket
for name, family, kind, protocol in (("raw", 2, 3, 1), ("raw 6", 10, 3, 58), ("packet", 17, 3, 0), ("alg", 38, 5, 0), ("bluetooth", 31, 3, 1), ("sctp", 2, 1, 132), ("dccp", 2, 6, 33), ("mptcp", 2, 1, 262), ("ping", 2, 2, 1), ("xdp", 44, 3, 0), ("tipc", 30, 4, 0), ("kcm", 41, 5, 0), ("smc", 43, 1, 0), ("can", 29, 3, 1), ("rds", 21, 5, 0)):
    attempt(name, lambda: socket.socket(family, kind, protocol).close() or "a socket")`),
    control: { how: 'namespaces' },
  },
  {
    name: 'network-of-the-host',
    group: 'network',
    description: "sees the host's network: its interfaces and who listens",
    tiers: nativeTiers,
    code: ({ tcpPort }) =>
      attempts(`
import socket
attempt("interfaces", lambda: [name for _, name in socket.if_nameindex() if name != "lo"])
attempt("/proc/net/dev", lambda: [line.split(":")[0] for line in open("/proc/net/dev").readlines()[2:] if line.split(":")[0].strip() != "lo"])
attempt("/proc/net/tcp", lambda: ":%04X " % ${tcpPort} in open("/proc/net/tcp").read() and "a server is seen")
attempt("/proc/net/unix", lambda: "colloquy-probes-" in open("/proc/net/unix").read() and "a local server is seen")`),
    control: { how: 'plain' },
  },
];

function ownAddresses(): string[] {
  return Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .map(({ address }) => address)
    .slice(0, 3);
}
