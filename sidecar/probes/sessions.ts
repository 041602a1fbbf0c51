import { allTiers, attempts, nativeTiers, type Probe } from './probe.ts';

/** What two sessions must not have in common. */
export const sessionProbes: readonly Probe[] = [
  {
    name: 'random-numbers',
    group: 'other sessions',
    description: 'draws random numbers that another session has drawn as well',
    tiers: allTiers,
    ownSession: true,
    code: drawNumbers,
    codeOfOther: drawNumbers,
    check: (_, run, other) => {
      const lines = (each: ProbeOutput): string[] => each?.output.match(/^draw .*$/gm) ?? [];
      const [first, second] = [lines(run), lines(other)];
      if (first.length < 4) return 'no numbers were drawn';
      return (
        first.find((line) => second.includes(line)) &&
        `both drew the same: ${first.find((line) => second.includes(line))}`
      );
    },
    // Of a run and itself.
    control: { how: 'plain' },
  },
  {
    name: 'files-of-another-session',
    group: 'other sessions',
    description: 'reads files and shared memory of another session',
    tiers: allTiers,
    ownSession: true,
    code: ({ token }) => `
import os
for folder in (".", "/tmp", "/dev/shm", "/var/tmp"):
    try:
        with open(f"{folder}/other-${token}", "w") as file:
            file.write("mine")
    except OSError as error:
        print(folder, error)
print("WALL:held if nobody else sees it")
`,
    codeOfOther: ({ token }) =>
      attempts(`
def look(file):
    content = open(file).read()
    os.unlink(file)
    return content
for folder in (".", "/tmp", "/dev/shm", "/var/tmp", os.environ.get("HOME", "/")):
    attempt(folder, lambda: look(f"{folder}/other-${token}"))`),
    control: { how: 'plain' },
  },
  {
    name: 'listening-for-another-session',
    group: 'other sessions',
    description: 'meets another session by a TCP port or an abstract socket',
    tiers: nativeTiers,
    ownSession: true,
    code: ({ token }) => `
import os, socket, time
ready, told = os.pipe()
if os.fork() == 0:
    try:
        server = socket.socket(socket.AF_UNIX)
        server.bind("\\0other-${token}")
        server.listen()
        os.write(told, b"x")
        time.sleep(20)
    finally:
        os._exit(0)
os.close(told)
os.read(ready, 1)
print("WALL:held if nobody else sees it")
`,
    codeOfOther: ({ token }) =>
      attempts(`
import socket
attempt("abstract", lambda: socket.socket(socket.AF_UNIX).connect("\\0other-${token}") or "connected")`),
    control: { how: 'plain' },
  },
];

type ProbeOutput = { readonly output: string } | undefined;

function drawNumbers(): string {
  return `
import os, random, secrets, sys, uuid
print("draw", random.random(), random.getrandbits(64))
print("draw", random.Random().random())
print("draw", os.urandom(16).hex())
print("draw", uuid.uuid4())
if sys.platform == "emscripten":
    import js
    print("draw", js.Math.random())
    print("draw", js.crypto.randomUUID())
print("WALL:held if they differ")
`;
}
