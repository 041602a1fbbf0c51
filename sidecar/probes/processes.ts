import { allTiers, attempts, nativeTiers, type Probe } from './probe.ts';

type Check = NonNullable<Probe['check']>;

const decoyLives: Check = async (decoys) => {
  await new Promise((resolve) => setTimeout(resolve, 50));
  if (decoys.isProcessAlive) return undefined;
  decoys.startProcess();
  return 'a process of this machine was killed';
};

/** Waits: what was killed is not gone at once, and on a busy machine after seconds. */
const nothingLeft: Check = async (decoys) => {
  for (let round = 0; round < 200; round++) {
    if (decoys.processesWithToken().length === 0) return undefined;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  const left = decoys.processesWithToken();
  for (const pid of left) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It went in the last moment.
    }
  }
  return left.length === 0 ? undefined : `${left.length} processes went on after the session was closed`;
};

/** Who must not be touched, and what must not stay. */
export const processProbes: readonly Probe[] = [
  {
    name: 'kill',
    group: 'processes',
    description: 'kills a process of this machine',
    tiers: allTiers,
    code: ({ pid }) =>
      attempts(`
import signal
def strike(number, how):
    try:
        os.kill(number, how)
    except PermissionError:
        return f"process {number} can be seen"
    return f"process {number} was struck"
attempt("look", lambda: sys.platform != "emscripten" and strike(${pid}, 0))
attempt("kill", lambda: sys.platform != "emscripten" and strike(${pid}, signal.SIGKILL))
if sys.platform == "emscripten":
    # There is nothing behind this call that could be seen.
    attempt("kill", lambda: os.kill(${pid}, signal.SIGKILL) and "killed")`),
    check: decoyLives,
    control: { how: 'plain' },
  },
  {
    name: 'kill-everybody',
    group: 'processes',
    description: 'kills everybody it can (-1), and its own parents',
    tiers: nativeTiers,
    ownSession: true,
    code: () =>
      `import os, signal
for target in (-1, os.getppid(), 1, 2, 3):
    try:
        os.kill(target, signal.SIGKILL) if target != os.getpid() else None
    except OSError as error:
        print(target, error)
print("WALL:held if the host lives")`,
    outcomes: ['ok', 'lost'],
    check: decoyLives,
    // There, a decoy stands beside the code.
    control: { how: 'namespaces' },
  },
  ...daemonProbes(),
  {
    name: 'limits-raised',
    group: 'processes',
    description: 'raises its limits',
    tiers: nativeTiers,
    code: () =>
      attempts(`
import resource
names = [name for name in dir(resource) if name.startswith("RLIMIT_")]
def bounded(name):
    return resource.getrlimit(getattr(resource, name))[1] == resource.RLIM_INFINITY and "it has no bound"
def raised(name):
    number = getattr(resource, name)
    soft, hard = resource.getrlimit(number)
    if hard == resource.RLIM_INFINITY:
        return None
    resource.setrlimit(number, (soft, hard + 1))
    resource.setrlimit(number, (soft, hard))
    return "it was raised"
for name in ("RLIMIT_AS", "RLIMIT_NPROC", "RLIMIT_NOFILE", "RLIMIT_FSIZE", "RLIMIT_CORE"):
    attempt(name, lambda: bounded(name))
for name in names:
    attempt(f"{name} raised", lambda: raised(name))`),
    control: { how: 'plain', needsRoot: true },
  },
  {
    name: 'precedence',
    group: 'processes',
    description: 'takes precedence over others, and hides from the OOM killer',
    // Among the processes that gVisor shows, anybody may.
    tiers: ['bubblewrap'],
    code: () =>
      attempts(`
attempt("nice", lambda: os.nice(-5) < 0 and "it takes precedence")
attempt("realtime", lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)) or "it takes precedence")
def spare_me():
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("-900")
    return "it can hide from the OOM killer"
attempt("oom_score_adj", spare_me)`),
    control: { how: 'plain', needsRoot: true },
  },
  {
    name: 'core-dump',
    group: 'processes',
    description: 'crashes to leave its memory in a core file',
    tiers: nativeTiers,
    code: () =>
      attempts(`
import resource, signal
def crash():
    before = set(os.listdir("."))
    child = os.fork()
    if child == 0:
        try:
            resource.setrlimit(resource.RLIMIT_CORE, (resource.getrlimit(resource.RLIMIT_CORE)[1],) * 2)
        except Exception:
            pass
        os.kill(os.getpid(), signal.SIGSEGV)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WCOREDUMP(status) and "a core was dumped"
attempt("core", crash)`),
    control: { how: 'plain' },
  },
];

function daemonProbes(): Probe[] {
  // Who leaves before its daemons have begun leaves nothing that could be found.
  const daemon = (numberToken: string): string => `import os, time
def become():
    os.setsid()
    if os.fork():
        os._exit(0)
    os.closerange(0, 3)
    for number in range(3):
        os.open("/dev/null", os.O_RDWR)
    os.execvp("sleep", ["sleep", "${numberToken}"])
def plain():
    os.setsid()
    os.execvp("sleep", ["sleep", "${numberToken}"])
def closed():
    os.closerange(0, 300)
    os.setpgid(0, 0)
    os.execvp("sleep", ["sleep", "${numberToken}"])
for how in (become, plain, closed):
    child = os.fork()
    if child == 0:
        try:
            how()
        finally:
            os._exit(1)
for _ in range(200):
    try:
        with open(f"/proc/{child}/comm") as file:
            if file.read() == "sleep\\n":
                break
    except OSError:
        break
    time.sleep(0.02)
print("WALL:held if they are gone afterwards")`;
  return [
    {
      name: 'daemon',
      group: 'processes',
      description: 'leaves daemons behind (setsid, double fork, closed descriptors)',
      tiers: nativeTiers,
      ownSession: true,
      code: ({ numberToken }) => daemon(numberToken),
      check: nothingLeft,
      control: { how: 'plain' },
    },
    {
      name: 'daemon-from-bash',
      group: 'processes',
      description: 'leaves daemons behind from Bash (nohup, setsid, disown)',
      tiers: nativeTiers,
      language: 'bash',
      ownSession: true,
      code: ({ numberToken }) =>
        `nohup setsid sleep ${numberToken} >/dev/null 2>&1 &
sleep ${numberToken} & disown
(trap '' HUP TERM INT; sleep ${numberToken} >/dev/null 2>&1 </dev/null &)
for round in $(seq 200); do
  [ -e /proc/$! ] && [ "$(cat /proc/$!/comm 2>/dev/null)" != sleep ] && sleep 0.02 || break
done
echo "WALL:held if they are gone afterwards"`,
      check: nothingLeft,
      control: { how: 'plain' },
    },
    {
      name: 'daemon-of-a-killed-session',
      group: 'processes',
      description: 'leaves daemons behind and does not stop when it is told to',
      tiers: nativeTiers,
      limits: { seconds: 3 },
      code: ({ numberToken }) => `${daemon(numberToken)}
sum(range(10**11))`,
      outcomes: ['lost'],
      variables: 'gone',
      check: nothingLeft,
      control: { how: 'outlives' },
    },
  ];
}
