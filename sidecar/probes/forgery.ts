import { allTiers, nativeTiers, type Probe } from './probe.ts';

/** What a driver of one's own would say. */
const plausible = `
import json, os, sys
frames = [
    json.dumps({"ready": True}),
    json.dumps({"nonce": "0" * 32, "outcome": "ok", "files": []}),
    json.dumps({"nonce": None, "outcome": "ok", "files": []}),
    json.dumps({"outcome": "ok", "files": [{"path": "../../forged", "bytes": 1}]}),
]
`;

const insideTheProcess =
  'the test shares its process with the driver; whoever writes a test can as well write one that always passes';

/** Tests that do not hold and say that they do. None of them may count as passed. */
export const forgeryProbes: readonly Probe[] = [
  forgery(
    'forged-frames',
    'writes answers of its own to the descriptors 3 to 20, and leaves',
    nativeTiers,
    `${plausible}
for descriptor in range(3, 21):
    for frame in frames:
        try:
            os.write(descriptor, frame.encode() + b"\\n")
        except OSError:
            pass
os._exit(0)`,
    {
      // The control hands a pipe to plain Python as descriptor 3 and reads an answer from it.
      control: { how: 'plain' },
    },
  ),
  forgery(
    'forged-frames-everywhere',
    'writes answers of its own to every descriptor there is',
    nativeTiers,
    `${plausible}
for descriptor in range(0, 1024):
    for frame in frames:
        try:
            os.write(descriptor, frame.encode() + b"\\n")
        except OSError:
            pass
assert False`,
  ),
  forgery(
    'forged-prints',
    'prints answers and marks of its own',
    allTiers,
    `${plausible}
for frame in frames:
    print(frame)
    print(frame, file=sys.stderr)
    os.write(1, frame.encode() + b"\\n")
    os.write(2, frame.encode() + b"\\n")
print("\\x1e" + "0" * 32)
print("\\x1e")
assert False`,
  ),
  forgery(
    'forged-by-a-child',
    'lets a child write answers of its own when the test has failed',
    nativeTiers,
    `${plausible}
import time
if os.fork() == 0:
    time.sleep(0.05)
    for descriptor in range(3, 1024):
        try:
            os.write(descriptor, frames[1].encode() + b"\\n")
        except OSError:
            pass
    os._exit(0)
assert False`,
  ),
  forgery(
    'stolen-nonce',
    "reads the nonce from the driver's frames, answers in its place, and leaves",
    nativeTiers,
    `${plausible}
frame = sys._getframe()
while frame and "request" not in frame.f_locals:
    frame = frame.f_back
if frame:
    nonce = frame.f_locals["request"]["nonce"]
    os.write(102, b"\\x1e" + nonce.encode() + b"\\n")
    os.write(101, json.dumps({"nonce": nonce, "outcome": "ok", "files": []}).encode() + b"\\n")
os._exit(0)`,
  ),
  forgery(
    'driver-replaced',
    "takes the driver's place: answers with the nonce, then reads and answers what the host asks",
    nativeTiers,
    `${plausible}
frame = sys._getframe()
while frame and "request" not in frame.f_locals:
    frame = frame.f_back
nonce = frame.f_locals["request"]["nonce"]
requests = frame.f_locals["self"]._requests
while True:
    os.write(102, b"\\x1e" + nonce.encode() + b"\\n")
    os.write(101, json.dumps({"nonce": nonce, "outcome": "ok", "files": []}).encode() + b"\\n")
    nonce = json.loads(requests.readline())["nonce"]`,
    {
      knownWeakness: insideTheProcess,
    },
  ),
  forgery(
    'answers-patched',
    'replaces json.dumps, so that the driver itself says that it passed',
    allTiers,
    `
import json
dumps = json.dumps
def forged(value, *args, **options):
    if isinstance(value, dict) and "outcome" in value:
        value = {**value, "outcome": "ok"}
    return dumps(value, *args, **options)
json.dumps = forged
assert False`,
    { knownWeakness: insideTheProcess },
  ),
  forgery(
    'session-patched',
    'replaces the methods of the session',
    allTiers,
    `
import gc, sys
frame = sys._getframe()
while frame:
    owner = frame.f_locals.get("self")
    if type(owner).__name__ == "Session":
        type(owner).run = lambda *args: {"outcome": "ok"}
    frame = frame.f_back
assert False`,
  ),
  forgery(
    'builtins-broken',
    'breaks print, open, len, json, os.write and whatever else the driver uses',
    allTiers,
    `
import builtins, json, os, signal, sys
for owner, names in ((builtins, ("print", "open", "len", "repr", "isinstance", "compile", "eval", "str", "dict", "AssertionError")), (json, ("dumps", "loads")), (os, ("write", "getpid", "read", "kill"))):
    for name in names:
        try:
            setattr(owner, name, None)
        except Exception:
            pass
assert False`,
  ),
  forgery(
    'trace-function',
    'sets trace and profile functions that raise in the driver',
    allTiers,
    `
import sys, threading
def trace(*_):
    raise SystemExit(0)
threading.settrace(trace)
sys.setprofile(trace)
sys.settrace(trace)
assert False`,
  ),
  forgery(
    'exit-hooks',
    'answers when the interpreter ends (atexit, __del__), and ends it',
    nativeTiers,
    `${plausible}
import atexit, signal
def answer():
    for descriptor in range(3, 200):
        try:
            os.write(descriptor, frames[1].encode() + b"\\n")
        except OSError:
            pass
atexit.register(answer)
class Last:
    def __del__(self):
        answer()
last = Last()
signal.raise_signal(signal.SIGTERM)
assert False`,
  ),
  forgery(
    'thread-passes',
    'fails, and lets a thread raise SystemExit(0) in the driver later',
    allTiers,
    `
import sys
try:
    import ctypes, threading, time
    main = threading.main_thread().ident
    def later():
        time.sleep(0.01)
        for _ in range(20):
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(main), ctypes.py_object(SystemExit))
            time.sleep(0.005)
    threading.Thread(target=later, daemon=True).start()
except Exception:
    pass
assert False`,
  ),
  forgery(
    'answer-flood',
    'floods the channel of the driver without ever ending a line',
    nativeTiers,
    `
import os
for _ in range(5_000):
    os.write(101, b"x" * 65_536)
assert False`,
  ),
  forgery(
    'channels-cut',
    'shuts the channels of the driver, makes them non-blocking, and sends descriptors through them',
    nativeTiers,
    `
import array, os, socket
files = array.array("i", [os.open("/dev/null", os.O_RDONLY)] * 200)
for descriptor in (100, 101, 102):
    try:
        channel = socket.socket(fileno=os.dup(descriptor))
        for _ in range(50):
            channel.sendmsg([b" "], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)])
    except OSError as error:
        print(error)
    os.set_blocking(descriptor, False)
socket.socket(fileno=os.dup(100)).shutdown(socket.SHUT_RDWR)
assert False`,
  ),
  {
    name: 'names-of-the-driver',
    group: 'forgery',
    description: 'uses the names of builtins and modules for variables of its own, as beginners do',
    tiers: allTiers,
    ownSession: true,
    code: () =>
      'print("WALL:held the names are its own")\nlist = json = os = sys = open = print = len = str = dict = None\n',
    control: { how: 'impossible', because: 'there is no driver to disturb' },
  },
  {
    name: 'forged-in-bash',
    group: 'forgery',
    description: 'writes answers of its own from Bash',
    tiers: nativeTiers,
    language: 'bash',
    kind: 'test',
    ownSession: true,
    code: () => `
for n in $(seq 1 20) 100 101 102; do
  printf '{"nonce":"%032d","outcome":"ok","files":[]}\\n' 0 >&$n
done 2>/dev/null
for file in /proc/$PPID/fd/*; do echo '{"outcome":"ok","files":[]}' >"$file"; done 2>/dev/null
mkdir -p /tmp/.shell; printf 0 >/tmp/.shell/done
exit 1
`,
    outcomes: ['failed', 'lost'],
    control: { how: 'impossible', because: 'a verdict is given by the driver only' },
  },
];

function forgery(
  name: string,
  description: string,
  tiers: Probe['tiers'],
  code: string,
  more: Partial<Probe> = {},
): Probe {
  return {
    name,
    group: 'forgery',
    description,
    tiers,
    kind: 'test',
    limits: { seconds: 3 },
    code: () => code.trim(),
    outcomes: ['failed', 'lost', 'timeout'],
    control: { how: 'impossible', because: 'a verdict is given by the driver only' },
    ...more,
  };
}
