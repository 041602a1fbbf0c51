"""Installs packages inside a sandbox whose one way out is a socket to the host's proxy, and packs what came of it.

Its one argument is JSON: the requirements, the index, and where things are. Runs with nothing but the standard
library and pip. What a package's own setup does happens in here too, so nothing of it is trusted by the host.
"""

import compileall
import glob
import importlib.util
import json
import os
import py_compile
import re
import shutil
import socket
import socketserver
import stat
import struct
import subprocess
import sys
import threading

# The host knows them: sidecar/project/install.ts.
NO_PIP = 90


def main(order):
    pip = find_pip()
    if pip is None:
        sys.exit(NO_PIP)
    target = os.path.join(order["workspace"], "packages")
    scratch = os.path.join(order["workspace"], "scratch")
    for folder in (target, scratch):
        os.mkdir(folder)
    port = forward_to(order["socket"])
    status = subprocess.call(
        [sys.executable, *pip, "install", "--target", target, "--no-compile", "--no-warn-script-location"]
        + ["--progress-bar", "off", "--", *order["requirements"]],
        stdin=subprocess.DEVNULL,
        env=environment(order, scratch, port),
    )
    if status != 0:
        sys.exit(1)
    print("Compiling what was installed")
    # For where the packages will lie. What cannot be compiled is nobody's mistake here, and the tests that some
    # packages bring along nobody runs.
    compileall.compile_dir(
        target,
        quiet=2,
        rx=re.compile("/tests?/"),
        stripdir=target,
        prependdir=order["place"],
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    shutil.rmtree(scratch, ignore_errors=True)
    pack(target, os.path.join(order["workspace"], "packages.pack"))


def find_pip():
    """What runs pip: the module, or a wheel of it that some distributions keep for ensurepip."""
    if importlib.util.find_spec("pip") is not None:
        return ["-m", "pip"]
    places = ["/usr/share/python-wheels"]
    ensurepip = importlib.util.find_spec("ensurepip")
    if ensurepip is not None and ensurepip.submodule_search_locations:
        places += [os.path.join(place, "_bundled") for place in ensurepip.submodule_search_locations]
    wheels = [wheel for place in places for wheel in sorted(glob.glob(place + "/pip-*.whl"))]
    return [os.path.join(wheels[-1], "pip")] if wheels else None


def environment(order, scratch, port):
    """Settings as variables, since pip hands these on to the pips that it starts to build a package."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))}
    given = {
        "PYTHONUTF8": "1",
        # Everything in the one place that is large enough.
        "HOME": scratch,
        "TMPDIR": scratch,
        # No settings of anybody's.
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": order["index"],
        "PIP_PROXY": "http://127.0.0.1:%d" % port,
        "PIP_RETRIES": "1",
        "PIP_TIMEOUT": "20",
        **dict.fromkeys(("PIP_NO_INPUT", "PIP_NO_CACHE_DIR", "PIP_NO_COLOR", "PIP_DISABLE_PIP_VERSION_CHECK"), "1"),
    }
    if order.get("certificates"):
        given["PIP_CERT"] = given["SSL_CERT_FILE"] = order["certificates"]
    return {**kept, **given}


def forward_to(path):
    """Listens on a port in here, for pip, and hands on to the socket."""
    places = threading.Semaphore(16)
    threading.stack_size(256 * 1024)

    class Forward(socketserver.BaseRequestHandler):
        def handle(self):
            with places, socket.socket(socket.AF_UNIX) as way_out:
                way_out.connect(path)
                other = threading.Thread(target=pump, args=(way_out, self.request), daemon=True)
                other.start()
                pump(self.request, way_out)
                other.join()

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def handle_error(self, request, client_address):
            pass

    server = Server(("127.0.0.1", 0), Forward)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_address[1]


def pump(source, target):
    try:
        while True:
            piece = source.recv(65536)
            if not piece:
                break
            target.sendall(piece)
    except OSError:
        pass
    for end, how in ((source, socket.SHUT_RD), (target, socket.SHUT_WR)):
        try:
            end.shutdown(how)
        except OSError:
            pass


def pack(folder, file):
    """One file of all, each as the length of its header, the header (JSON) and its bytes; and removes what is packed."""
    with open(file, "wb") as out:
        for place, _, names in os.walk(folder):
            for name in sorted(names):
                path = os.path.join(place, name)
                state = os.lstat(path)
                if not stat.S_ISREG(state.st_mode):
                    continue
                about = {"path": os.path.relpath(path, folder), "bytes": state.st_size}
                about["executable"] = bool(state.st_mode & 0o100)
                header = json.dumps(about).encode()
                out.write(struct.pack(">I", len(header)) + header)
                with open(path, "rb") as content:
                    shutil.copyfileobj(content, out)
                os.remove(path)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
