import { existsSync, rmSync } from 'node:fs';
import { allTiers, attempts, literal, nativeTiers, type Probe } from './probe.ts';

/** What must not be written, and what must not fool whoever looks at the workspace. */
export const fileProbes: readonly Probe[] = [
  {
    name: 'write-outside',
    group: 'files',
    description: 'writes files outside its workspace',
    tiers: allTiers,
    // It may write to places of its own that bear the same name; what counts is what is found here.
    code: ({ openFolder }) =>
      `import os
target = ${literal(`${openFolder}/written`)}
def write(file):
    try:
        with open(file, "w") as opened:
            opened.write("written")
    except OSError as error:
        return error
for file in (target, "../" * 20 + target[1:], "/proc/1/root" + target, "/proc/self/root" + target):
    print(write(file))
try:
    os.makedirs(os.path.dirname(target), exist_ok=True)
    print(write(target))
except OSError as error:
    print(error)
print("WALL:held if nothing is found on the host")`,
    check: (decoys) => (decoys.wasWritten('written') ? 'a file of this machine was written' : undefined),
    control: { how: 'plain' },
  },
  {
    name: 'write-to-usr',
    group: 'files',
    description: 'writes to /usr and to the files of its own driver',
    tiers: allTiers,
    code: ({ token }) =>
      attempts(`
def write(file):
    existed = os.path.exists(file)
    with open(file, "ab"):
        pass
    if not existed:
        os.unlink(file)
    return "it can be written"
folders = [] if sys.platform == "emscripten" else ["/usr", "/usr/bin", "/usr/lib", "/usr/local/lib", "/etc", "/bin", "/proc"]
for folder in folders:
    attempt(folder, lambda: write(f"{folder}/probe-${token}"))
for file in ("/run/colloquy/driver.py", "/run/colloquy/session.py", "/etc/passwd", "/etc/ld.so.cache"):
    attempt(file, lambda: os.path.exists(file) and write(file))
if sys.platform != "emscripten":
    attempt("chmod", lambda: os.chmod("/usr/bin/env", os.stat("/usr/bin/env").st_mode) or "it could")
    attempt("replace", lambda: os.rename("/usr/lib/os-release", "/usr/lib/probe-${token}") or os.rename("/usr/lib/probe-${token}", "/usr/lib/os-release") or "it could")`),
    check: ({ token }) => {
      const file = `/usr/bin/probe-${token}`;
      if (!existsSync(file)) return undefined;
      rmSync(file);
      return `${file} was written`;
    },
    control: { how: 'plain', needsRoot: true },
  },
  {
    name: 'core-pattern',
    group: 'files',
    description: 'writes to settings of the kernel: core_pattern, sysrq-trigger and others',
    tiers: nativeTiers,
    // What is written is what was there; sysrq-trigger is only opened.
    code: () =>
      attempts(`
def write_back(file):
    value = open(file, "rb").read()
    with open(file, "r+b", 0) as opened:
        opened.write(value)
    return "it can be written"
for name in ("kernel/core_pattern", "kernel/hostname", "vm/overcommit_memory", "net/ipv4/ip_forward", "kernel/modprobe", "fs/file-max"):
    attempt(name, lambda: write_back(f"/proc/sys/{name}"))
attempt("sysrq-trigger", lambda: os.close(os.open("/proc/sysrq-trigger", os.O_WRONLY)) or "it can be opened")`),
    control: { how: 'plain', needsRoot: true },
  },
  {
    name: 'setuid-programs',
    group: 'files',
    description: 'becomes root through sudo, su, mount and other setuid programs',
    tiers: nativeTiers,
    code: () =>
      attempts(`
import subprocess
status = dict(line.split(":\\t", 1) for line in open("/proc/self/status") if ":\\t" in line)
attempt("no_new_privs", lambda: status["NoNewPrivs"].strip() != "1" and "programs may gain privileges")
attempt("capabilities", lambda: int(status["CapEff"], 16) | int(status["CapPrm"], 16) | int(status["CapInh"], 16) or int(status["CapBnd"], 16))
def run(*command):
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=3, text=True)
    return "uid=0" in done.stdout and done.stdout
for command in (("sudo", "-n", "id"), ("su", "-c", "id"), ("pkexec", "id"), ("newgrp",)):
    attempt(command[0], lambda: run(*command))
attempt("setuid", lambda: os.setuid(0) or f"uid {os.getuid()}")
def own():
    open("probe-setuid", "w").close()
    try:
        os.chown("probe-setuid", 0, 0)
        return "it can give files to root"
    finally:
        os.unlink("probe-setuid")
attempt("chown", own)`),
    control: { how: 'plain' },
  },
  {
    name: 'hostile-names',
    group: 'files',
    description:
      'fills the workspace with links, pipes, sparse files and names that are meant to fool a listing',
    tiers: allTiers,
    ownSession: true,
    code: ({ secretFile }) =>
      `import os
def make(name, how):
    try:
        how(name)
    except (OSError, ValueError, AttributeError) as error:
        print(ascii(name), type(error).__name__)
def touch(name):
    with open(name, "wb") as file:
        file.write(b"x")
make("to-the-secret", lambda name: os.symlink(${literal(secretFile)}, name))
make("to-everything", lambda name: os.symlink("/", name))
make("to-itself", lambda name: os.symlink(name, name))
make("pipe", lambda name: os.mkfifo(name))
make("huge", lambda name: (touch(name), os.truncate(name, 200 << 20)))
for name in ("new\\nline", "escape\\x1b]0;title\\x07\\x1b[2J", "..\\\\..\\\\up", "...", " ", "-rf", "quote\\"'<script>alert(1)</script>", "\\u202etxt.exe", "n" * 255, "CON", "a\\rb"):
    make(name, touch)
make(b"\\xff\\xfe not utf-8", touch)
def deep(name):
    here = os.getcwd()
    try:
        for _ in range(60):
            os.mkdir("deep")
            os.chdir("deep")
        touch("bottom")
    finally:
        os.chdir(here)
make("deep", deep)
print("WALL:held if nothing of it is listed as what it is not")`,
    check: (_, { files }) => {
      const listed = files.map((file) => file.path);
      const bad = listed.find(
        (name) => /^(to-|pipe$)/.test(name) || name.startsWith('/') || name.split('/').includes('..'),
      );
      if (bad !== undefined) return `the host is told of ${JSON.stringify(bad)}`;
      return undefined;
    },
    control: {
      how: 'impossible',
      because: 'only the driver lists files; what it is asked for is read inside of the wall as well',
    },
  },
  {
    name: 'many-files',
    group: 'files',
    description: 'makes 30,000 files for the host to list',
    tiers: allTiers,
    ownSession: true,
    limits: { seconds: 10 },
    code: () =>
      `import os
os.mkdir("many")
made = 0
try:
    for number in range(30_000):
        os.close(os.open(f"many/{number}", os.O_CREAT | os.O_WRONLY))
        made += 1
except OSError as error:
    print(error)
print("WALL:held", made, "files")`,
    outcomes: ['ok', 'failed', 'timeout', 'lost'],
    check: (_, { files }) => (files.length > 200 ? `${files.length} files are listed` : undefined),
    control: { how: 'impossible', because: 'the listing is bounded by the driver, not by the wall' },
  },
];
