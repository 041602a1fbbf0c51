import { nativeTiers, type Probe } from './probe.ts';

/** More of something than anybody needs. */
export const crowdProbes: readonly Probe[] = [
  {
    name: 'fork-bomb',
    group: 'crowds',
    description: 'starts 500 processes',
    tiers: nativeTiers,
    ownSession: true,
    code: () => `
import os, signal, time
children = []
try:
    for _ in range(500):
        child = os.fork()
        if child == 0:
            try:
                time.sleep(20)
            finally:
                os._exit(0)
        children.append(child)
    print("WALL:broken 500 processes")
except OSError as error:
    print("WALL:held after", len(children), error)
for child in children:
    os.kill(child, signal.SIGKILL)
for child in children:
    os.waitpid(child, 0)
`,
    outcomes: ['ok', 'failed', 'lost'],
    control: { how: 'namespaces' },
  },
  {
    name: 'fork-bomb-in-bash',
    group: 'crowds',
    description: 'starts 500 processes from Bash',
    tiers: nativeTiers,
    language: 'bash',
    // Bash waits longer and longer before it tries again.
    limits: { seconds: 3 },
    code: () => `
for i in $(seq 500); do sleep 20 & done 2>/dev/null
n=$(jobs -p | wc -l)
if [ "$n" -ge 500 ]; then echo WALL:broken $n processes; else echo WALL:held after $n; fi
kill $(jobs -p) 2>/dev/null
true
`,
    outcomes: ['ok', 'failed', 'timeout', 'lost'],
    control: { how: 'namespaces' },
  },
  {
    name: 'threads',
    group: 'crowds',
    description: 'starts 2,000 threads',
    tiers: nativeTiers,
    ownSession: true,
    code: () => `
import threading
threading.stack_size(65_536)
end, threads = threading.Event(), []
try:
    for _ in range(2_000):
        thread = threading.Thread(target=end.wait, args=(20,), daemon=True)
        thread.start()
        threads.append(thread)
    print("WALL:broken 2,000 threads")
except RuntimeError as error:
    print("WALL:held after", len(threads), error)
end.set()
for thread in threads:
    thread.join()
`,
    outcomes: ['ok', 'failed', 'lost'],
    control: { how: 'namespaces' },
  },
  {
    name: 'descriptors',
    group: 'crowds',
    description: 'opens 5,000 files',
    tiers: nativeTiers,
    ownSession: true,
    code: () => `
import os, resource
try:
    resource.setrlimit(resource.RLIMIT_NOFILE, (6_000, max(6_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1])))
except (OSError, ValueError):
    pass
files = []
try:
    for _ in range(5_000):
        files.append(os.open("/dev/null", os.O_RDONLY))
    print("WALL:broken 5,000 descriptors")
except OSError as error:
    print("WALL:held after", len(files), error)
for file in files:
    os.close(file)
`,
    outcomes: ['ok', 'failed', 'lost'],
    control: { how: 'namespaces' },
  },
];
