import { allTiers, nativeTiers, type Probe } from './probe.ts';

const short = { seconds: 1 } as const;
const both = ['timeout', 'lost'] as const;

/** What takes too long. */
export const timeProbes: readonly Probe[] = [
  {
    name: 'endless-loop',
    group: 'time',
    description: 'runs `while True` (stopped, and the variables are kept)',
    tiers: allTiers,
    limits: short,
    code: () => 'while True:\n    pass\n',
    outcomes: ['timeout'],
    variables: 'kept',
    control: { how: 'outlives' },
  },
  {
    name: 'endless-sleep',
    group: 'time',
    description: 'sleeps for a day (stopped, and the variables are kept)',
    tiers: nativeTiers,
    limits: short,
    code: () => 'import time\ntime.sleep(86_400)\n',
    outcomes: ['timeout'],
    variables: 'kept',
    control: { how: 'outlives' },
  },
  {
    name: 'endless-loop-in-bash',
    group: 'time',
    description: 'runs an endless loop in Bash that ignores signals',
    tiers: nativeTiers,
    language: 'bash',
    limits: short,
    code: () => "trap '' INT TERM HUP ALRM XCPU QUIT\nwhile :; do :; done\n",
    outcomes: ['timeout'],
    variables: 'kept',
    control: { how: 'outlives' },
  },
  {
    name: 'swallowed-interrupts',
    group: 'time',
    description: 'runs `while True` and swallows BaseException (killed)',
    tiers: allTiers,
    limits: short,
    code: () => `
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
`,
    outcomes: ['lost'],
    variables: 'gone',
    control: { how: 'outlives' },
  },
  {
    name: 'loop-in-c',
    group: 'time',
    description: 'runs `sum(range(10**11))`, which no interrupt reaches (killed)',
    tiers: allTiers,
    limits: short,
    code: () => 'sum(range(10**11))\n',
    outcomes: ['lost'],
    variables: 'gone',
    control: { how: 'outlives' },
  },
  {
    name: 'regex-bomb',
    group: 'time',
    description: 'matches a regular expression that never ends',
    tiers: allTiers,
    limits: short,
    code: () => 'import re\nre.match(r"(a+)+$", "a" * 60 + "b")\n',
    outcomes: both,
    control: { how: 'outlives' },
  },
  {
    name: 'dodged-timer',
    group: 'time',
    description: 'switches off the timer and the signals that would stop it (killed)',
    tiers: nativeTiers,
    limits: short,
    code: () => `
import signal
for number in range(1, 65):
    try:
        signal.signal(number, signal.SIG_IGN)
    except (OSError, ValueError):
        pass
signal.setitimer(signal.ITIMER_REAL, 0)
signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
while True:
    pass
`,
    outcomes: ['lost'],
    variables: 'gone',
    control: { how: 'outlives' },
  },
  {
    name: 'stopped-itself',
    group: 'time',
    description: 'stops its own process (SIGSTOP), so that nothing answers',
    tiers: nativeTiers,
    limits: short,
    code: () => 'import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)\n',
    outcomes: ['lost'],
    variables: 'gone',
    control: { how: 'outlives' },
  },
  {
    name: 'left-threads',
    group: 'time',
    description: 'leaves threads behind that compute and print for ever',
    tiers: nativeTiers,
    ownSession: true,
    code: () => `
import threading
def forever():
    while True:
        print("still here", sum(range(10_000)))
for _ in range(4):
    threading.Thread(target=forever, daemon=True).start()
print("WALL:held if they end with the session")
`,
    outcomes: ['ok', 'lost'],
    control: { how: 'impossible', because: 'the threads of a program end with it, here as there' },
  },
  {
    name: 'waits-for-input',
    group: 'time',
    description: 'reads what the host tells the driver, or waits for input that never comes',
    tiers: allTiers,
    limits: short,
    code: () => `
import os, sys
print(repr(sys.stdin.read()), os.read(0, 100))
try:
    input()
except EOFError:
    print("WALL:held there is no input")
`,
    outcomes: ['ok', 'failed', 'timeout'],
    variables: 'kept',
    control: { how: 'impossible', because: 'input is the same with and without a wall' },
  },
];
