"""What the embedded tier's Python worker calls: the session of sidecar/session.py inside Pyodide."""

import asyncio
import base64
import os
import random
import signal
import sys
from json import dumps as _dumps

from pyodide.ffi import run_sync as _run_sync

from _colloquy_session import Session, Stopped, Workspace

WORKSPACE = "/workspace"


def start():
    """Called once in each new interpreter, after the snapshot is loaded."""
    # The snapshot holds one state of it for all.
    random.seed()
    for name in ("stdout", "stderr"):
        stream = open(1, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
        setattr(sys, name, stream)
        setattr(sys, "__%s__" % name, stream)
    sys.argv = [""]
    sys.path[:] = [WORKSPACE, *(path for path in sys.path if path)]
    os.makedirs(WORKSPACE, exist_ok=True)
    os.chdir(WORKSPACE)
    return Driver()


class Driver:
    def __init__(self):
        import pyodide.webloop as webloop

        loop = asyncio.get_event_loop()
        # Without these, sys.exit() in a task of the code would end more than the task.
        loop._keyboard_interrupt_handler = loop._system_exit_handler = lambda *_: None
        # asyncio.run and time.sleep wait by this too.
        webloop.run_sync = self._wait
        self._session = Session(run_coroutine=self._wait, hidden=(__file__, webloop.__file__))
        self._workspace = Workspace(WORKSPACE)
        self._is_running = False
        self._is_stopping = False
        self._tasks_before = ()

    def run(self, code, test, name, seconds):
        signal.signal(signal.SIGINT, self._interrupt)
        self._tasks_before = _all_tasks()
        self._is_stopping = False
        try:
            self._is_running = True
            answer = self._session.run(code, test, name)
        except Stopped:
            answer = {"outcome": "timeout"}
        finally:
            self._is_running = False
        was_cancelled = answer.get("detail", "").startswith("CancelledError")
        if answer["outcome"] == "timeout" or (self._is_stopping and was_cancelled):
            detail = "took longer than %g s and was stopped; the session's variables are kept" % seconds
            answer = {"outcome": "timeout", "detail": detail}
        answer["files"] = self._workspace.changes()
        answer["deleted"] = self._workspace.deleted()
        return _dumps(answer)

    def stop(self):
        """Ends what a block waits for; what computes is interrupted by a signal."""
        if not self._is_running:
            return
        self._is_stopping = True
        for task in _all_tasks():
            if task not in self._tasks_before:
                task.cancel()

    def put(self, path, content):
        try:
            self._workspace.write(path, base64.b64decode(content))
            return _dumps({})
        except (OSError, ValueError) as error:
            return _dumps({"error": str(error)})

    def get(self, path, offset, length):
        try:
            content = self._workspace.read(path, offset, length)
            return _dumps({"base64": base64.b64encode(content).decode()})
        except (OSError, ValueError) as error:
            return _dumps({"error": str(error)})

    def _interrupt(self, number, frame):
        if self._is_running:
            raise Stopped()

    def _wait(self, awaitable):
        async def run():
            # Out of a task some exceptions would come out elsewhere, and the others with frames of ours.
            try:
                return await awaitable, None
            except BaseException as error:
                return None, error

        value, error = _run_sync(run())
        if error is None:
            return value
        if self._is_stopping and isinstance(error, asyncio.CancelledError):
            raise Stopped().with_traceback(error.__traceback__)
        raise error


def _all_tasks():
    return asyncio.all_tasks(asyncio.get_event_loop())
