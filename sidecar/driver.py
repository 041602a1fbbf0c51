"""The interpreter of a session on a tier with a real python3: reads requests, runs code, answers.

sidecar/tiers/tier.ts tells what goes over which descriptor. The code it runs lives in the same process,
so nothing here keeps it apart from anything: that is the tier's work.
"""

import base64
import json
import os
import resource
import signal
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from session import Session, Stopped, Workspace, save_figures

sys.path.pop(0)

# Bound here, where the code cannot replace them by accident: it shares the modules.
dumps, loads, write, dup2, getpid = json.dumps, json.loads, os.write, os.dup2, os.getpid
MiB = 1024 * 1024
WORKSPACE = os.environ.get("HOME", "/workspace")
# High numbers, so that code that closes or forges the first few hits nothing of ours by accident.
REQUESTS, ANSWERS, OUTPUT = 100, 101, 102
# Code that swallows the first interrupt gets another, until the host loses patience.
AGAIN_SECONDS = 0.5


class Driver:
    def __init__(self, limits):
        self._limits = limits
        self._pid = os.getpid()
        self._group = os.getsid(0)
        self._running = False
        self._signal = None
        self._last_pid = b""
        # The copies that the code makes of this process have no driver to be interrupted for.
        os.register_at_fork(after_in_child=lambda: signal.signal(signal.SIGXCPU, signal.SIG_DFL))
        move_descriptors()
        set_limits(limits)
        os.chdir(WORKSPACE)
        # Python itself was told to look at no variable.
        sys.path[0:0] = [WORKSPACE, *filter(None, os.environ.get("PYTHONPATH", "").split(":"))]
        sys.argv = [""]
        self._requests = os.fdopen(REQUESTS, "rb", 65536)
        self._session = Session(hidden=(os.path.abspath(__file__),))
        self._workspace = Workspace(WORKSPACE)
        self._shell = Shell(WORKSPACE)
        # Never where the processes of others can be seen: the sweep would end them. In a namespace of
        # its own the driver is one of the first.
        self._owns_processes = limits.get("ownProcesses") is True and self._pid < 10

    def serve(self):
        self._sweep()
        self._answer({"ready": True})
        for line in self._requests:
            request = loads(line)
            operation = {"run": self._run, "program": self._run, "put": self._put, "get": self._get, "ping": lambda _: {}}[request["op"]]
            answer = operation(request)
            if getpid() != self._pid:
                # A fork of the code that ran on into the driver.
                os._exit(0)
            answer["nonce"] = request["nonce"]
            write_all(OUTPUT, b"\x1e%s\n" % request["nonce"].encode())
            self._answer(answer)

    def _run(self, request):
        seconds = request["seconds"]
        signal.signal(signal.SIGALRM, self._interrupt)
        signal.signal(signal.SIGXCPU, self._interrupt)
        used = resource.getrusage(resource.RUSAGE_SELF)
        processor = int(used.ru_utime + used.ru_stime) + self._limits["cpuSeconds"] + 1
        resource.setrlimit(resource.RLIMIT_CPU, (processor, resource.RLIM_INFINITY))
        try:
            self._running = True
            signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_SECONDS)
            if request["op"] == "program":
                answer = run_program(request["args"])
            elif request["language"] == "bash":
                answer = self._shell.run(request["code"], request["test"])
            else:
                answer = self._session.run(request["code"], request["test"], request["name"])
        except Stopped:
            answer = {"outcome": "timeout"}
        finally:
            self._running = False
            signal.setitimer(signal.ITIMER_REAL, 0)
        if getpid() != self._pid:
            return answer
        if answer["outcome"] == "timeout":
            answer["detail"] = self._describe_timeout(seconds, request.get("language"))
        self._restore_descriptors()
        files = self._workspace.changes()
        if "matplotlib.pyplot" in sys.modules:
            deleted = self._workspace.deleted()
            save_figures(WORKSPACE)
            files += self._workspace.changes()
            deleted = deleted + self._workspace.deleted()
        else:
            deleted = self._workspace.deleted()
        self._sweep()
        answer["files"] = files
        if deleted:
            answer["deleted"] = deleted
        return answer

    def _interrupt(self, number, frame):
        self._signal = number
        if self._running and getpid() == self._pid:
            raise Stopped()

    def _describe_timeout(self, seconds, language):
        what = "took longer than %g s" % seconds
        if self._signal == signal.SIGXCPU:
            what = "used more than %d s of processor time" % self._limits["cpuSeconds"]
        if language is None:
            return what + " and was ended"
        if language == "bash":
            return what + " and was stopped; the session's variables are kept as they were before the block"
        return what + " and was stopped; the session's variables are kept"

    def _put(self, request):
        try:
            self._workspace.write(request["path"], base64.b64decode(request["base64"]))
            return {}
        except (OSError, ValueError) as error:
            return {"error": str(error)}

    def _get(self, request):
        try:
            content = self._workspace.read(request["path"], request["offset"], request["length"])
            return {"base64": base64.b64encode(content).decode()}
        except (OSError, ValueError) as error:
            return {"error": str(error)}

    def _answer(self, answer):
        write_all(ANSWERS, dumps(answer).encode() + b"\n")

    def _restore_descriptors(self):
        for descriptor in (1, 2):
            dup2(OUTPUT, descriptor)

    def _sweep(self):
        """Ends processes that have left the session: a daemon does not outlive its block."""
        if not self._owns_processes:
            return
        with open("/proc/loadavg", "rb") as file:
            last_pid = file.read().split()[-1]
        # The last process id given out in this namespace: nothing was started since, nothing to look for.
        if last_pid == self._last_pid:
            return
        self._last_pid = last_pid
        for _ in range(10):
            strays = [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if self._is_stray(pid)]
            for pid in strays:
                try:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                except OSError:
                    pass
            if not strays:
                return

    def _is_stray(self, pid):
        if pid in (1, self._pid):
            return False
        try:
            with open("/proc/%d/stat" % pid, "rb") as file:
                state, parent, _, session = file.read().rpartition(b")")[2].split()[:4]
        except OSError:
            return False
        return state not in b"ZX" and (int(parent) == 1 or int(session) != self._group)


class Shell:
    """Bash, anew for each block, with what the block before left behind: it survives being killed."""

    def __init__(self, workspace):
        self._folder = "/tmp/.shell"
        self._state = self._folder + "/state"
        self._workspace = workspace

    def run(self, code, test):
        os.makedirs(self._folder, exist_ok=True)
        block = self._folder + "/block"
        done = self._folder + "/done"
        with open(block, "w") as file:
            # The mark is the last thing the block does: whoever leaves early, by return too, does not get there.
            file.write("%s\nprintf '%%s' \"$?\" >%s\n" % (code, done))
        if os.path.exists(done):
            os.remove(done)
        if test and not any(line.strip() and not line.strip().startswith("#") for line in code.splitlines()):
            return {"outcome": "failed", "detail": "there is nothing in this test"}
        script = (
            "[ -e {state} ] && . {state} 2>/dev/null\n"
            "__keep() {{ {{ declare -p; declare -f; printf 'cd %q\\n' \"$PWD\"; }} >{state} 2>/dev/null; }}\n"
            "trap __keep EXIT\n"
            "{strict}. {block}\n"
            # Code may have set a trap of its own.
            "__keep\n"
        ).format(state=self._state, block=block, strict="set -eo pipefail\n" if test else "")
        import subprocess

        process = subprocess.Popen(
            ["bash", "--noprofile", "--norc", "-c", script],
            stdin=subprocess.DEVNULL,
            cwd=self._workspace,
            process_group=0,
        )
        try:
            status = process.wait()
        except BaseException:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            raise
        return self._judge(status, done, test)

    def _judge(self, status, done, test):
        if os.path.exists(done):
            with open(done) as file:
                status = int(file.read() or 1)
            if status == 0:
                return {"outcome": "ok"}
            return {"outcome": "failed", "detail": "the last command left with status %d" % status}
        if status < 0:
            return {"outcome": "failed", "detail": "bash was killed by %s" % signal.Signals(-status).name}
        if status != 0:
            return {"outcome": "failed", "detail": "bash left with status %d before the end of the block" % status}
        kind = "a test" if test else "code"
        return {"outcome": "failed", "detail": "the code called exit %d; %s must run to its end" % (status, kind)}


def run_program(args):
    """Runs it to its end, with the interpreter that this is, and nothing to read."""
    import subprocess

    process = subprocess.Popen([sys.executable, *args], stdin=subprocess.DEVNULL, cwd=WORKSPACE, process_group=0)
    try:
        status = process.wait()
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        raise
    return {"outcome": "ok" if status == 0 else "failed", "exit": status}


def move_descriptors():
    """What the host talks through goes out of the way; the code gets an empty stdin and one output."""
    os.dup2(0, REQUESTS, inheritable=False)
    os.dup2(1, ANSWERS, inheritable=False)
    os.dup2(2, OUTPUT, inheritable=False)
    nothing = os.open("/dev/null", os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    os.close(nothing)
    sys.stdin = open(0, "r", closefd=False)
    # Line by line, as on a terminal: what was printed before a crash is not lost.
    sys.stdout = open(1, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
    sys.stderr = open(2, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr


def set_limits(limits):
    def limit(name, value):
        # Lowered, never raised: a host may allow less already. gVisor does for those it lets nobody set.
        number = getattr(resource, name)
        now = resource.getrlimit(number)
        lower = tuple(value if one == resource.RLIM_INFINITY else min(value, one) for one in now)
        if lower != now:
            resource.setrlimit(number, lower)

    # Shared mappings count only in the address space. An interpreter with its libraries needs some of it.
    limit("RLIMIT_AS", (limits["memoryMiB"] + 256) * MiB)
    if "processes" in limits:
        limit("RLIMIT_NPROC", limits["processes"])
    limit("RLIMIT_NOFILE", limits["openFiles"])
    limit("RLIMIT_FSIZE", limits["diskMiB"] * MiB)
    limit("RLIMIT_CORE", 0)
    # Timers count for the user on the whole machine.
    limit("RLIMIT_SIGPENDING", 1024)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)


def write_all(descriptor, content):
    while content:
        content = content[write(descriptor, content) :]


if __name__ == "__main__":
    Driver(json.loads(sys.argv[1])).serve()
