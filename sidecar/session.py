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
            if "unittest" in code:
                import unittest  # noqa: F401 - so that its main can be replaced
            if "matplotlib" in code:
                _prepare_figures()
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
        except _NotATest as error:
            return _failed(str(error))
        except BaseException as error:
            self._print_traceback(error, filename)
            return _failed(_describe(error, filename))
        finally:
            self._module.__dict__.pop("@left", None)
            self._module.__dict__.pop("@right", None)
            self._restore_streams()

    def _parse(self, code, filename):
        flags = ast.PyCF_ONLY_AST | self._flags
        return compile(code, filename, "exec", flags, dont_inherit=True)

    def _execute(self, tree, code, test, filename):
        main = self._replace_main()
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
            if isinstance(value, types.CoroutineType):
                value = self._run_coroutine(value)
            if test and _is_false(value):
                return _failed("the last line is False; assert it if that is what must hold")
            if test and isinstance(getattr(value, "failed", None), int) and value.failed > 0:
                return _failed("%d of the tests failed" % value.failed)
            if value is not None and not code.rstrip().endswith(";"):
                builtins._ = value
                print(repr(value))
        if main is not None and main.failure:
            return _failed(main.failure)
        if not test:
            return {"outcome": "ok"}
        return self._call_tests(tree, last, before, main is not None and main.was_called)

    def _replace_main(self):
        """Does the work only where the code knows unittest, or may be about to."""
        unittest = sys.modules.get("unittest")
        if unittest is None:
            return None
        unittest.main = _Main(self._module)
        return unittest.main

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

    def _call_tests(self, tree, last, before, ran_main):
        """Calls what looks like a test, since whoever writes for pytest or unittest leaves that to them."""
        space = self._module.__dict__
        defined = {node.name for node in tree.body if isinstance(node, _definitions)}
        calls = {node.func.id for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}
        if last is not None and isinstance(last.value, ast.Call) and isinstance(last.value.func, ast.Name):
            calls.add(last.value.func.id)
        called = 0
        cases = []
        for name in list(space):
            value = space[name]
            if name not in defined or before.get(name, before) is value or not name.lower().startswith("test"):
                if name in defined and before.get(name, before) is not value and _is_test_case(value):
                    cases.append(value)
                continue
            if _is_test_case(value):
                cases.append(value)
            elif name in calls:
                # The code calls it itself, with what it needs.
                called += 1
            elif isinstance(value, type):
                called += self._call_methods(value, name)
            elif callable(value):
                self._call_test(value, name)
                called += 1
        if cases and not ran_main:
            failure = _run_test_cases(cases)
            if failure:
                return _failed(failure)
        if last is None and all(_only_defines(node) for node in tree.body) and called == 0 and not cases:
            return _failed("this test only defines things; call them, or name functions test_…")
        return {"outcome": "ok"}

    def _call_methods(self, kind, name):
        tests = [each for each in dir(kind) if each.startswith("test") and callable(getattr(kind, each))]
        for each in tests:
            self._call_test(getattr(kind(), each), "%s.%s" % (name, each))
        return len(tests)

    def _call_test(self, function, name):
        needed = _needed_arguments(function)
        if needed:
            told = "%s needs arguments (%s); nobody gives them here, loop over the values instead"
            raise _NotATest(told % (name, ", ".join(needed)))
        value = function()
        if isinstance(value, types.CoroutineType):
            self._run_coroutine(value)
        elif isinstance(value, types.GeneratorType):
            for _ in value:
                pass

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
        if self._stdout.closed:
            self._stdout = _reopen(1)
        if self._stderr.closed:
            self._stderr = _reopen(2)
        sys.stdout, sys.stderr = self._stdout, self._stderr


class Workspace:
    """The folder of a session, watched for what changes in it."""

    most_files = 200
    most_entries = 10_000

    def __init__(self, root):
        self._root = root
        self._seen = {}
        self._deleted = []

    def changes(self):
        """Regular files that are new or changed since the last call; what is too much comes with the next."""
        found = {}
        self._scan(self._root, "", found)
        changed = [path for path, state in found.items() if self._seen.get(path) != state][: self.most_files]
        self._deleted = [path for path in self._seen if path not in found][: self.most_files]
        self._seen = {path: state for path, state in self._seen.items() if path in found}
        self._seen.update((path, found[path]) for path in changed)
        return [{"path": path, "bytes": found[path][0]} for path in changed]

    def deleted(self):
        """Files that the last call of `changes` did not find any more."""
        return self._deleted

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
        unfinished = target + ".unfinished"
        try:
            with open(unfinished, "wb") as file:
                file.write(content)
            os.replace(unfinished, target)
        except OSError:
            if os.path.exists(unfinished):
                os.remove(unfinished)
            raise
        state = os.stat(target)
        self._seen[path] = (state.st_size, state.st_mtime_ns, state.st_ctime_ns, state.st_ino)

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


def save_figures(folder):
    """Saves what was drawn with matplotlib and not saved, as a notebook would show it."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return
    try:
        for number in pyplot.get_fignums():
            figure = pyplot.figure(number)
            if not getattr(figure, "_colloquy_saved", False):
                figure.savefig(_free_name(folder))
        pyplot.close("all")
    except BaseException as error:
        print("a figure could not be saved: %r" % error, file=sys.stderr)


def watch_figures():
    """Has figures remember that they were saved, as soon as there are any."""
    module = sys.modules.get("matplotlib.figure")
    if module is None or hasattr(module.Figure, "_colloquy_saved"):
        return
    save = module.Figure.savefig

    def savefig(self, *given, **options):
        self._colloquy_saved = True
        return save(self, *given, **options)

    module.Figure._colloquy_saved = False
    module.Figure.savefig = savefig


def _prepare_figures():
    """Before the first figure is drawn, or the first would not know that it was saved."""
    try:
        import matplotlib.figure  # noqa: F401

        watch_figures()
    except BaseException:
        pass


def _free_name(folder):
    number = 1
    while os.path.exists(os.path.join(folder, "figure-%d.png" % number)):
        number += 1
    return os.path.join(folder, "figure-%d.png" % number)


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


def _is_false(value):
    """False, or numpy's own."""
    return value is False or (type(value).__name__ in ("bool", "bool_") and not value)


def _is_empty(tree):
    return all(
        isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))
        for node in tree.body
    )


_definitions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class _NotATest(Exception):
    """A test that cannot be called here. Its text is all there is to say."""


def _only_defines(node):
    """Whether a statement does nothing that could fail: it names things, and calls none."""
    if isinstance(node, _definitions + (ast.Import, ast.ImportFrom, ast.Pass)):
        return True
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        return not any(isinstance(each, (ast.Call, ast.Await)) for each in ast.walk(node))
    return False


def _needed_arguments(function):
    import inspect

    kinds = inspect.Parameter
    optional = (kinds.VAR_POSITIONAL, kinds.VAR_KEYWORD)
    try:
        given = inspect.signature(function, follow_wrapped=False).parameters.values()
    except (TypeError, ValueError):
        return []
    return [each.name for each in given if each.default is kinds.empty and each.kind not in optional]


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
    return _judge(result)


def _judge(result):
    if result.testsRun == 0 or len(result.skipped) == result.testsRun:
        return "no unittest test was run"
    if not result.wasSuccessful():
        bad = len(result.failures) + len(result.errors) + len(result.unexpectedSuccesses)
        return "%d of %d unittest tests failed" % (bad, result.testsRun)
    return None


class _Main:
    """Stands in for unittest.main, which would end the interpreter when it is done."""

    def __init__(self, module):
        self._module = module
        self.failure = None
        self.was_called = False

    def __call__(self, *_given, **_options):
        self.was_called = True
        cases = [value for value in list(self._module.__dict__.values()) if _is_test_case(value)]
        self.failure = _run_test_cases(cases) or self.failure


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


def _reopen(descriptor):
    return open(descriptor, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)


def _failed(detail):
    return {"outcome": "failed", "detail": detail}
