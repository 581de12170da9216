"""Harness: runs one script inside its own process and writes down what happened.

It stands alone (standard library only) because it is started by its path in a fresh interpreter, and called after a
fork in a warm one. A script passes on the harness's word that its last statement was reached and that its checks
were executed; an exit code of 0 proves neither.
"""

import ast
import io
import json
import linecache
import os
import sys
import traceback
import types
import warnings
from collections.abc import Callable
from typing import Any

FRAME = b"\x1e"
"""First byte of a framed piece of stderr, see ``TaggedStream``."""

CHECKS = frozenset({"assert_close", "assert_allclose"})
"""Functions whose call counts as a check, as an ``assert`` does."""

DEPRECATIONS = ("DeprecationWarning", "PendingDeprecationWarning", "FutureWarning")

# No identifiers: no line of a script can name them by accident.
HOOK_CHECKED, HOOK_CHECKING, HOOK_ENDED = "kb: checked", "kb: checking", "kb: ended"

MAX_WARNINGS = 20
MAX_VALUE = 200
"""Characters of a value shown beside a failed assert."""


class TaggedStream(io.RawIOBase):
    """Standard error written into standard output's pipe, framed, so that the order of the two is kept.

    A frame is FRAME, the nonce, a colon, the length, a line feed, then the bytes; at most 4,096 bytes in all, which a
    pipe takes whole.
    """

    def __init__(self, target: int, nonce: str) -> None:
        self.target = target
        self.head = FRAME + nonce.encode() + b":"

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 2

    def write(self, data: Any) -> int:
        whole = bytes(data)
        for at in range(0, len(whole), 4000):
            piece = whole[at : at + 4000]
            try:
                os.write(self.target, self.head + str(len(piece)).encode() + b"\n" + piece)
            except OSError:
                os.write(2, piece)
        return len(whole)


class Observer:
    """What is seen of a script while it runs."""

    def __init__(self, path: str) -> None:
        self.path = path
        self.reached_end = False
        self.executed: set[int] = set()
        self.tampered = ""
        self.warnings: list[dict[str, object]] = []
        self.failure: dict[str, object] | None = None

    def checked(self, index: int, value: object) -> object:
        """Stands around the test of every assert."""
        self.executed.add(index)
        return value

    def checking(self, index: int, function: Any) -> Any:
        """Stands around the function of every ``assert_close``: only torch's own counts."""
        if getattr(function, "__module__", "").startswith("torch.testing"):
            self.executed.add(index)
        else:
            self.tampered = getattr(function, "__name__", "assert_close")
        return function

    def ended(self) -> None:
        """Called by the statement after the script's last."""
        self.reached_end = True

    def warned(self, message: Any, category: type, filename: str, lineno: int, *_: Any) -> None:
        """In place of ``warnings.showwarning``: prints as Python does, and notes it."""
        if len(self.warnings) < MAX_WARNINGS:
            where = "snippet" if filename == self.path else filename.rpartition(os.sep)[2]
            self.warnings.append(
                {
                    "category": category.__name__,
                    "message": str(message),
                    "file": where,
                    "line": lineno,
                    "deprecation": category.__name__ in DEPRECATIONS,
                }
            )
        print(warnings.formatwarning(message, category, filename, lineno), end="", file=sys.stderr)


class Instrument(ast.NodeTransformer):
    """Wraps every check outside the learner's own lines, and numbers them in the order of the file."""

    def __init__(self, own_lines: tuple[int, int] | None) -> None:
        self.own_lines = own_lines
        self.count = 0

    def _is_own(self, node: Any) -> bool:
        return self.own_lines is not None and self.own_lines[0] <= node.lineno <= self.own_lines[1]

    def _wrapped(self, node: Any, name: str) -> ast.expr:
        call = ast.Call(ast.Name(name, ast.Load()), [ast.Constant(self.count), node], [])
        self.count += 1
        return ast.fix_missing_locations(ast.copy_location(call, node))

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        self.generic_visit(node)
        if not self._is_own(node):
            node.test = self._wrapped(node.test, HOOK_CHECKED)
        return node

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in CHECKS and not self._is_own(node):
            node.func = self._wrapped(node.func, HOOK_CHECKING)
        return node


def run_script(config: dict[str, Any]) -> int:
    """Run a script as ``__main__`` and write the report.

    Args:
        config: ``path`` of the script, ``report`` the file to write, ``nonce`` and ``tagged`` (a file descriptor) for
            the framed stderr, ``device_facts`` (what to ask of torch at the end), ``own_lines`` (first and last line
            of the learner's own, or None), ``seed`` (or None), ``threads`` (or None).

    Returns:
        The exit code that Python would have ended with.
    """
    path = config["path"]
    observer = Observer(path)
    # Everything that the report hangs on is bound here, before the script can reach it.
    write_report = _reporter(observer, config["report"], config.get("rank", 0), config["device_facts"])
    if config.get("nonce"):
        raw = TaggedStream(config["tagged"], config["nonce"])
        sys.stderr = io.TextIOWrapper(
            io.BufferedWriter(raw), encoding="utf-8", errors="backslashreplace", line_buffering=True, write_through=True
        )
    warnings.showwarning = observer.warned  # type: ignore[assignment]
    status, checks = 1, 0
    try:
        _prepare(config)
        code, checks = _compile(path, config.get("own_lines"))
        _execute(code, path, observer)
        status = 0
    except SystemExit as leave:
        status = _exit_status(leave)
    except BaseException as error:
        observer.failure = _describe(error, path)
        _print_traceback(error, path)
        if isinstance(error, KeyboardInterrupt):
            status = 130  # as kb.errors has it; this file stands alone
    write_report(checks)
    return status


def _reporter(observer: Observer, report: str, rank: int, devices: list[list[str]]) -> Callable[[int], None]:
    opened, dumped, replaced, pid = open, json.dumps, os.replace, os.getpid()

    def write(checks: int) -> None:
        if os.getpid() != pid:
            return  # a child of the script that fell out of its end: not the one that is asked for
        facts = {
            "rank": rank,
            "reached_end": observer.reached_end,
            "checks": checks,
            "executed": sorted(observer.executed),
            "tampered": observer.tampered,
            "warnings": observer.warnings,
            "failure": observer.failure,
            **_torch_facts(devices),
        }
        with opened(report + ".part", "w", encoding="utf-8") as file:
            file.write(dumped(facts))
        replaced(report + ".part", report)

    return write


def _torch_facts(devices: list[list[str]]) -> dict[str, object]:
    """Which torch ran, and what it used: the texts come from the table of devices, which is not at hand here."""
    torch = sys.modules.get("torch")
    facts: dict[str, object] = {"torch": str(getattr(torch, "__version__", ""))}
    names = {"torch": torch}
    for is_used, model, peak_bytes in devices if torch is not None else ():
        try:
            if eval(is_used, names):  # noqa: S307 our own text
                facts["gpu"] = eval(model, names)  # noqa: S307
                facts["gpu_peak_mb"] = round(eval(peak_bytes, names) / 2**20, 1)  # noqa: S307
        except Exception:  # noqa: S112 a broken driver must not change the script's outcome
            continue
    return facts


def _prepare(config: dict[str, Any]) -> None:
    """Threads and seed, where they are asked for: both need torch, which the script would import anyway."""
    if config.get("threads"):
        import torch

        torch.set_num_threads(config["threads"])
    if config.get("seed") is not None:
        import torch

        shift, genuine = config["seed"], torch.manual_seed

        def manual_seed(seed: int) -> Any:
            return genuine(seed + shift)

        torch.manual_seed = torch.random.manual_seed = manual_seed


def _compile(path: str, own_lines: list[int] | None) -> tuple[types.CodeType, int]:
    with open(path, encoding="utf-8-sig") as file:
        source = file.read()
    tree = ast.parse(source, path)
    instrument = Instrument((own_lines[0], own_lines[1]) if own_lines else None)
    tree = instrument.visit(tree)
    last = tree.body[-1] if tree.body else ast.Pass(lineno=1, col_offset=0)
    end = ast.Expr(ast.Call(ast.Name(HOOK_ENDED, ast.Load()), [], []))
    tree.body.append(ast.fix_missing_locations(ast.copy_location(end, last)))
    return compile(tree, path, "exec", dont_inherit=True, optimize=0), instrument.count


def _execute(code: types.CodeType, path: str, observer: Observer) -> None:
    module = types.ModuleType("__main__")
    module.__dict__.update(
        {
            "__file__": path,
            "__builtins__": __builtins__,
            HOOK_CHECKED: observer.checked,
            HOOK_CHECKING: observer.checking,
            HOOK_ENDED: observer.ended,
        }
    )
    sys.modules["__main__"] = module
    sys.argv = [path]
    exec(code, module.__dict__)  # noqa: S102 running scripts is what this is for


def _exit_status(leave: SystemExit) -> int:
    if leave.code is None:
        return 0
    if isinstance(leave.code, int):
        return leave.code & 0xFF
    print(leave.code, file=sys.stderr)
    return 1


def _print_traceback(error: BaseException, path: str) -> None:
    """What Python would print, without the harness's own frames."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != path:
        trace = trace.tb_next
    try:
        traceback.print_exception(type(error), error, trace)
    except Exception:
        print(f"{type(error).__name__}: (its traceback cannot be printed)", file=sys.stderr)


def _describe(error: BaseException, path: str) -> dict[str, object]:
    """The failure as facts: type, message, and the innermost line of the script that took part."""
    line, frame = getattr(error, "lineno", None) or 0, None
    if not isinstance(error, SyntaxError):
        line = 0
    for inner, at in traceback.walk_tb(error.__traceback__):
        if inner.f_code.co_filename == path:
            line, frame = at, inner
    try:
        message = str(error)
    except Exception:
        message = "(its message cannot be shown)"
    values = _values(frame, path, line) if frame is not None and isinstance(error, AssertionError) else {}
    return {"type": type(error).__name__, "message": message, "line": line, "values": values}


def _values(frame: types.FrameType, path: str, line: int) -> dict[str, str]:
    """The variables named by the assert at a line, with their values."""
    lines = linecache.getlines(path)
    try:
        tree = ast.parse("".join(lines))
    except SyntaxError:
        return {}
    checks = [node for node in ast.walk(tree) if isinstance(node, ast.Assert | ast.Expr)]
    node = next((node for node in checks if node.lineno <= line <= (node.end_lineno or 0)), None)
    values = {}
    for name in ast.walk(node.test if isinstance(node, ast.Assert) else node) if node else ():
        if not isinstance(name, ast.Name) or name.id in values:
            continue
        found = frame.f_locals.get(name.id, frame.f_globals.get(name.id, frame))
        if found is frame or callable(found) or isinstance(found, types.ModuleType):
            continue
        try:
            text = " ".join(repr(found).split())
        except Exception:  # noqa: S112 a value that cannot be printed is left out
            continue
        values[name.id] = text if len(text) <= MAX_VALUE else text[: MAX_VALUE - 1] + "…"
    return values


def main() -> None:
    """Entry of a cold start: the configuration is the only argument, as JSON."""
    config = json.loads(sys.argv[1])
    if "launcher_report" in config:
        # One of torchrun's processes: each writes a report of its own, and its output is torchrun's.
        rank = int(os.environ.get("RANK", "0"))
        config |= {"rank": rank, "report": f"{config['launcher_report']}-{rank}", "nonce": ""}
    sys.exit(run_script(config))


if __name__ == "__main__":
    main()
