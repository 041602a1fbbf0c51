"""One session of Python: what blocks of a meeting share, whatever the tier that keeps them apart.

Nothing here knows of processes or descriptors, so that it runs in CPython and in Pyodide alike.
"""

import __future__
import ast
import builtins
import linecache
import os
import stat
import sys
import traceback
import types

# inspect.CO_COROUTINE. What takes long to import, such as inspect and asyncio, is imported where it is
# needed: most sessions never need it.
CO_COROUTINE = 0x80

_future_flags = 0
for _name in __future__.all_feature_names:
    _future_flags |= getattr(__future__, _name).compiler_flag

# What the code prints to may be replaced by it, and what it prints may be anything.
_longest_detail = 500


class Stopped(BaseException):
    """The block has taken too long. No `except Exception` is meant to catch this."""


class Session:
    """A namespace that lives on from block to block.

    `interrupts` are the exceptions that mean "too long"; `run_coroutine` runs a coroutine to its end;
    `hidden` are source files whose frames no traceback shows.
    """

    def __init__(self, interrupts=(Stopped,), run_coroutine=None, hidden=()):
        self._module = types.ModuleType("__main__")
        self._module.__builtins__ = builtins
        sys.modules["__main__"] = self._module
        self._flags = 0
        self._hidden = {__file__, *hidden}
        self._interrupts = interrupts
        self._run_coroutine = run_coroutine or self._run_in_loop
        self._loop = None
        self._stdout, self._stderr = sys.stdout, sys.stderr

    def run(self, code, test, name):
        """Runs a block; returns its outcome, and one sentence where that is not `ok`."""
        filename = "<%s>" % name
        linecache.cache[filename] = (len(code), None, (code + "\n").splitlines(True), filename)
        try:
            tree = self._parse(code, filename)
            if test and _is_empty(tree):
                return _failed("there is nothing in this test")
            return self._execute(tree, code, test, filename)
        except self._interrupts as error:
            self._print_traceback(error, filename)
            return {"outcome": "timeout"}
        except SystemExit as error:
            kind = "a test" if test else "code"
            given = "" if error.code is None else repr(error.code)
            return _failed("SystemExit: the code called sys.exit(%s); %s must run to its end" % (given, kind))
        except BaseException as error:
            self._print_traceback(error, filename)
            return _failed(_describe(error, filename))
        finally:
            self._restore_streams()

    def _parse(self, code, filename):
        flags = ast.PyCF_ONLY_AST | self._flags
        return compile(code, filename, "exec", flags, dont_inherit=True)

    def _execute(self, tree, code, test, filename):
        last = None
        if tree.body and isinstance(tree.body[-1], ast.Expr):
            last = tree.body.pop()
        if test:
            tree = ast.fix_missing_locations(_ExplainAsserts().visit(tree))
        space = self._module.__dict__
        before = dict(space) if test else None
        self._evaluate(self._compile(tree, filename, "exec"))
        if last is not None:
            value = self._evaluate(self._compile(ast.Expression(last.value), filename, "eval"))
            if test and value is False:
                return _failed("the last line is False; assert it if that is what must hold")
            if value is not None and not code.rstrip().endswith(";"):
                builtins._ = value
                print(repr(value))
        if not test:
            return {"outcome": "ok"}
        space.pop("@left", None)
        space.pop("@right", None)
        return self._call_tests(tree, last, before, filename)

    def _compile(self, tree, filename, mode):
        compiled = compile(tree, filename, mode, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT | self._flags, dont_inherit=True)
        self._flags |= compiled.co_flags & _future_flags
        return compiled

    def _evaluate(self, compiled):
        value = eval(compiled, self._module.__dict__)
        if compiled.co_flags & CO_COROUTINE:
            return self._run_coroutine(value)
        return value

    def _run_in_loop(self, coroutine):
        import asyncio

        if self._loop is None or self._loop.is_closed():
            self._loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self._loop)
        return self._loop.run_until_complete(coroutine)

    def _call_tests(self, tree, last, before, filename):
        """Calls what looks like a test, since whoever writes for pytest or unittest leaves that to them."""
        fresh = {
            name: value
            for name, value in list(self._module.__dict__.items())
            if before.get(name, before) is not value
        }
        called = 0
        for name, function in fresh.items():
            if name.startswith("test") and _is_test_function(function, filename):
                value = function()
                if isinstance(value, types.CoroutineType):
                    self._run_coroutine(value)
                called += 1
        cases = [value for value in fresh.values() if _is_test_case(value)]
        if cases:
            failure = _run_test_cases(cases)
            if failure:
                return _failed(failure)
        definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
        only_defines = last is None and all(isinstance(each, definitions) for each in tree.body)
        if only_defines and called == 0 and not cases:
            return _failed("this test only defines things; call them, or name functions test_…")
        return {"outcome": "ok"}

    def _print_traceback(self, error, filename):
        self._restore_streams()
        try:
            account = traceback.TracebackException(type(error), error, _own_frames(error.__traceback__, filename))
            account.stack[:] = [frame for frame in account.stack if frame.filename not in self._hidden]
            lines = list(account.format())
            # What an interrupt is called is nothing to the author.
            sys.stderr.write("".join(lines[:-1] if isinstance(error, self._interrupts) else lines))
        except BaseException:
            sys.stderr.write("%s, and its traceback cannot be shown\n" % type(error).__name__)

    def _restore_streams(self):
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except BaseException:
                pass
        sys.stdout, sys.stderr = self._stdout, self._stderr


class Workspace:
    """The folder of a session, watched for what changes in it."""

    most_files = 200
    most_entries = 10_000

    def __init__(self, root):
        self._root = root
        self._seen = {}

    def changes(self):
        """Regular files that are new or changed since the last call."""
        found = {}
        self._scan(self._root, "", found)
        changed = [
            {"path": path, "bytes": state[0]} for path, state in found.items() if self._seen.get(path) != state
        ]
        self._seen = found
        return changed[: self.most_files]

    def read(self, path, offset, length):
        # What was a file a moment ago may be a pipe now, which would keep us waiting for ever.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
        descriptor = os.open(self._inside(path), flags)
        with open(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise ValueError("not a file")
            file.seek(offset)
            return file.read(length)

    def write(self, path, content):
        target = self._inside(path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(content)
        self.changes()

    def _scan(self, folder, prefix, found):
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    if len(found) >= self.most_entries:
                        return
                    self._add(entry, prefix, found)
        except OSError:
            pass

    def _add(self, entry, prefix, found):
        state = entry.stat(follow_symlinks=False)
        path = prefix + entry.name
        if stat.S_ISDIR(state.st_mode):
            if path.count("/") < 20 and entry.name not in ("__pycache__", ".cache"):
                self._scan(entry.path, path + "/", found)
        elif stat.S_ISREG(state.st_mode) and _is_text(path):
            found[path] = (state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino)

    def _inside(self, path):
        target = os.path.realpath(os.path.join(self._root, path))
        if not target.startswith(self._root + "/"):
            raise ValueError("not in the workspace")
        return target


def save_figures(taken):
    """Saves what was drawn with matplotlib and not saved, as a notebook would show it."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return
    try:
        for number in pyplot.get_fignums():
            if taken == 0:
                pyplot.figure(number).savefig(_free_name())
        pyplot.close("all")
    except BaseException as error:
        print("a figure could not be saved: %r" % error, file=sys.stderr)


def _free_name():
    number = 1
    while os.path.exists("figure-%d.png" % number):
        number += 1
    return "figure-%d.png" % number


class _ExplainAsserts(ast.NodeTransformer):
    """`assert a == b` tells, when it fails, what the two were."""

    def visit_Assert(self, node):
        test = node.test
        if node.msg is not None or not isinstance(test, ast.Compare) or len(test.ops) != 1:
            return node
        left, right = ast.Name("@left", ast.Load()), ast.Name("@right", ast.Load())
        test.left = ast.NamedExpr(ast.Name("@left", ast.Store()), test.left)
        test.comparators = [ast.NamedExpr(ast.Name("@right", ast.Store()), test.comparators[0])]
        explain = ast.Constant(_explain_compare(_operators.get(type(test.ops[0]), "?")))
        node.msg = ast.Call(ast.Attribute(explain, "format", ast.Load()), [left, right], [])
        return ast.copy_location(node, node)

    def visit_ClassDef(self, node):
        # In a class body the two names would become attributes.
        return node


_operators = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}


def _explain_compare(operator):
    return "{!r:.200} %s {!r:.200}" % operator


def _is_empty(tree):
    return all(
        isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in tree.body
    )


def _is_test_function(value, filename):
    if not isinstance(value, types.FunctionType):
        return False
    import inspect

    if inspect.unwrap(value).__code__.co_filename != filename:
        return False
    kinds = inspect.Parameter
    return all(
        each.default is not kinds.empty or each.kind in (kinds.VAR_POSITIONAL, kinds.VAR_KEYWORD)
        for each in inspect.signature(value).parameters.values()
    )


def _is_test_case(value):
    unittest = sys.modules.get("unittest")
    return unittest is not None and isinstance(value, type) and issubclass(value, unittest.TestCase) and (
        value is not unittest.TestCase
    )


def _run_test_cases(cases):
    import unittest

    load = unittest.defaultTestLoader.loadTestsFromTestCase
    suite = unittest.TestSuite(load(case) for case in cases)
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=1).run(suite)
    if result.testsRun == 0:
        return "these unittest classes have no test methods"
    if not result.wasSuccessful():
        bad = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
        return "%d of %d unittest tests failed" % (bad, result.testsRun)
    return None


def _own_frames(frames, filename):
    """A traceback from the first frame that the author wrote."""
    first = frames
    while first is not None and first.tb_frame.f_code.co_filename != filename:
        first = first.tb_next
    return first


def _describe(error, filename):
    """`ZeroDivisionError: division by zero`, and the line of a bare assert."""
    name = type(error).__name__
    try:
        text = str(error)
    except BaseException:
        text = "(its text cannot be had)"
    text = text.strip().partition("\n")[0]
    if isinstance(error, AssertionError):
        line = _line_of(error, filename)
        if line:
            text = "%s (%s)" % (line, text) if text else line
    return ("%s: %s" % (name, text) if text else name)[:_longest_detail]


def _line_of(error, filename):
    frames = _own_frames(error.__traceback__, filename)
    line = ""
    while frames is not None:
        if frames.tb_frame.f_code.co_filename.startswith("<"):
            line = linecache.getline(frames.tb_frame.f_code.co_filename, frames.tb_lineno).strip() or line
        frames = frames.tb_next
    return line[:200]


def _is_text(path):
    try:
        path.encode("utf-8")
        return True
    except UnicodeEncodeError:
        return False


def _failed(detail):
    return {"outcome": "failed", "detail": detail}
